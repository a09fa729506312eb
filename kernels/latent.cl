// Latent layers: samples, their densities, and the gradient back through them.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is a sample.

#include "descriptor.cl"
#include "numerics.cl"
#include "noise.cl"

#define PRIOR_CONDITIONAL 0
#define PRIOR_STANDARD_NORMAL 1
#define PRIOR_CLOSED_FORM 2
#define PURPOSE_LATENT 16u
#define NOISE_GIVEN (-1)

// One chunk of sample = mean + sigma noise; padding stays zero.
static inline void reparameterize_chunk(
    const context *c, const descriptor *d, int row, int chunk, real noise) {
  real mean = load(c, d->operands[0], row / d->group, chunk);
  real sigma = exp_real(load(c, d->operands[1], row / d->group, chunk));
  store(c, d->operands[4], row, chunk, fma(sigma, noise, mean));
}

// operands: 0 mean, 1 log-sigma, 2 image indices, 3 noise, 4 sample, 5 which sample of its image
// each row is, unless they follow one another. group: samples of a row of the mean. samples: samples of an image. mode: the layer, or NOISE_GIVEN.
static void run_reparameterize(const context *c, const descriptor *d, int begin, int end) {
  for (int row = begin; row < end; row++) {
    if (d->mode == NOISE_GIVEN) {
      FOR_CHUNKS(chunk, d->columns)
        reparameterize_chunk(c, d, row, chunk, load(c, d->operands[3], row, chunk));
      continue;
    }
    uint image = as_uint(load_value(c, d->operands[2], row / d->samples));
    uint position = is_present(d->operands[5])
        ? as_uint(load_value(c, d->operands[5], row)) : (uint)(row % d->samples);
    uint sample = c->control->sample_offset + position;
    FOR_CALLS(call, d->columns) {
      real noise[4];
      normals(philox(PURPOSE_LATENT + (uint)d->mode, CALL_INDEX(call), sample, image,
                     c->control->step, c->control->seed_low, c->control->seed_high), noise);
      UNROLL for (int w = 0; w < 4; w++) {
        int chunk = CALL_CHUNK(call, w);
        if (chunk < CHUNKS(d->columns)) {
          real value = IS_COLUMN(chunk, d->columns) ? noise[w] : (real)(0.0f);
          store(c, d->operands[3], row, chunk, value);
          reparameterize_chunk(c, d, row, chunk, value);
        }
      }
    }
  }
}

// operands: 0 mean, 1 log-sigma, 2 noise, 3 sample, 4 term. group: samples of a row of the mean.
// mode: prior. constants: 0 what does not depend on the sample.
static void run_latent_term(const context *c, const descriptor *d, int begin, int end) {
  for (int row = begin; row < end; row++) {
    real total = (real)(0.0f);
    FOR_CHUNKS(chunk, d->columns) {
      real log_sigma = load(c, d->operands[1], row / d->group, chunk);
      if (d->mode == PRIOR_CLOSED_FORM) {
        real mean = load(c, d->operands[0], row / d->group, chunk);
        real variance = exp_real((real)(2.0f) * log_sigma);
        total += log_sigma + (real)(0.5f) * (((real)(1.0f) - variance) - mean * mean);
      } else {
        real noise = load(c, d->operands[2], row, chunk);
        total += fma((real)(0.5f) * noise, noise, log_sigma);
        if (d->mode == PRIOR_STANDARD_NORMAL) {
          real sample = load(c, d->operands[3], row, chunk);
          total -= (real)(0.5f) * sample * sample;
        }
      }
    }
    float sum = group_sum(total, c->scratch);
    store_value(c, d->operands[4], row, sum + d->constants[0]);
  }
}

// operands: 0 decoder gradient, 1 mean, 2 log-sigma, 3 noise, 4 sample, 5 path, 6 score,
// 7 flow mean, 8 flow log-sigma, 9 own mean, 10 own log-sigma. group: samples of a row of the mean.
// mode: prior.
static void run_latent_gradient(const context *c, const descriptor *d, int begin, int end) {
  real annealing = (real)(c->control->kl_weight);
  for (int row = begin; row < end; row++) {
    float path = is_present(d->operands[5]) ? load_value(c, d->operands[5], row) : 0.0f;
    // Exactly zero where the score's coefficient is minus the path's, as it mostly is.
    float both = is_present(d->operands[6]) ? path + load_value(c, d->operands[6], row) : 0.0f;
    FOR_CHUNKS(chunk, d->columns) {
      whole is_column = IS_COLUMN(chunk, d->columns) ? (whole)(-1) : (whole)(0);
      real g = load(c, d->operands[0], row, chunk);
      real noise = load(c, d->operands[3], row, chunk);
      real sigma = exp_real(load(c, d->operands[2], row / d->group, chunk));
      real entropy = annealing;
      if (d->mode == PRIOR_STANDARD_NORMAL) {
        g -= annealing * load(c, d->operands[4], row, chunk);
      }
      real to_mean = g;
      if (d->mode == PRIOR_CLOSED_FORM) {
        to_mean = fma(-annealing, load(c, d->operands[1], row / d->group, chunk), g);
        entropy = annealing * ((real)(1.0f) - sigma * sigma);
      }
      real to_log_sigma = fma(g, sigma * noise, entropy);
      to_log_sigma = is_column ? to_log_sigma : (real)(0.0f);
      if (is_present(d->operands[7])) {
        store(c, d->operands[7], row, chunk, to_mean);
        store(c, d->operands[8], row, chunk, to_log_sigma);
      }
      if (is_present(d->operands[9])) {
        real own_mean = (real)(path) * to_mean;
        real own_log_sigma = (real)(path) * to_log_sigma;
        if (both != 0.0f) {
          real score = (real)(both) * annealing;
          own_mean = fma(score, noise / sigma, own_mean);
          real density = fma(noise, noise, (real)(-1.0f));
          own_log_sigma = fma(score, is_column ? density : (real)(0.0f), own_log_sigma);
        }
        store(c, d->operands[9], row, chunk, own_mean);
        store(c, d->operands[10], row, chunk, own_log_sigma);
      }
    }
  }
}

// operands: 0 input, 1 output, 2 decay. group: rows of the input in a row of the output.
// mode: whether to add to the output. constants: 0 scale.
static void run_sum_samples(const context *c, const descriptor *d, int begin, int end) {
  for (int row = begin; row < end; row++) {
    float decay = is_present(d->operands[2]) ? load_value(c, d->operands[2], row) : 1.0f;
    FOR_CHUNKS(chunk, d->columns) {
      real total = (real)(0.0f);
      for (int i = 0; i < d->group; i++)
        total += load(c, d->operands[0], row * d->group + i, chunk);
      total *= (real)(d->constants[0]);
      if (d->mode && decay != 0.0f)
        total = fma((real)(decay), load(c, d->operands[1], row, chunk), total);
      store(c, d->operands[1], row, chunk, total);
    }
  }
}
