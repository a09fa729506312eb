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

// The first row after `row` that does not share its mean.
static inline int end_of_mean(const descriptor *d, int row, int end) {
  return min(end, (row / d->group + 1) * d->group);
}

// operands: 0 mean, 1 log-sigma, 2 image indices, 3 noise, 4 sample, 5 which sample of its image
// each row is, unless they follow one another. group: samples of a row of the mean. samples: samples
// of an image. mode: the layer, or NOISE_GIVEN.
static void run_reparameterize(const context *c, const descriptor *d, int begin, int end) {
  for (int first = begin; first < end; first = end_of_mean(d, first, end)) {
    int last = end_of_mean(d, first, end);
    int mean_row = first / d->group;
    if (d->mode == NOISE_GIVEN) {
      FOR_CHUNKS(chunk, d->columns) {
        real mean = load(c, d->operands[0], mean_row, chunk);
        real sigma = exp_real(load(c, d->operands[1], mean_row, chunk));
        for (int row = first; row < last; row++) {
          real noise = load(c, d->operands[3], row, chunk);
          store(c, d->operands[4], row, chunk, fma(sigma, noise, mean));
        }
      }
      continue;
    }
    // An image's rows may have means of their own, but rows of one mean are of one image.
    uint image = as_uint(load_value(c, d->operands[2], first / d->samples));
    FOR_CALLS(call, d->columns) {
      real means[4], sigmas[4];
      UNROLL for (int w = 0; w < 4; w++) {
        int chunk = CALL_CHUNK(call, w);
        if (chunk < CHUNKS(d->columns)) {
          means[w] = load(c, d->operands[0], mean_row, chunk);
          sigmas[w] = exp_real(load(c, d->operands[1], mean_row, chunk));
        }
      }
      for (int row = first; row < last; row++) {
        uint position = is_present(d->operands[5])
            ? as_uint(load_value(c, d->operands[5], row)) : (uint)(row % d->samples);
        real noise[4];
        normals(philox(PURPOSE_LATENT + (uint)d->mode, CALL_INDEX(call),
                       c->control->sample_offset + position, image, c->control->step,
                       c->control->seed_low, c->control->seed_high), noise);
        UNROLL for (int w = 0; w < 4; w++) {
          int chunk = CALL_CHUNK(call, w);
          if (chunk < CHUNKS(d->columns)) {
            real value = with_padding(noise[w], chunk, d->columns, 0.0f);
            store(c, d->operands[3], row, chunk, value);
            store(c, d->operands[4], row, chunk, fma(sigmas[w], value, means[w]));
          }
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
  for (int first = begin; first < end; first = end_of_mean(d, first, end)) {
    int last = end_of_mean(d, first, end);
    FOR_CHUNKS(chunk, d->columns) {
      real sigma = exp_real(load(c, d->operands[2], first / d->group, chunk));
      real entropy = annealing;
      real divergence_slope = (real)(0.0f);
      if (d->mode == PRIOR_CLOSED_FORM) {
        divergence_slope = -annealing * load(c, d->operands[1], first / d->group, chunk);
        entropy = annealing * ((real)(1.0f) - sigma * sigma);
      }
      for (int row = first; row < last; row++) {
        float path = is_present(d->operands[5]) ? load_value(c, d->operands[5], row) : 0.0f;
        // Exactly zero where the score's coefficient is minus the path's, as it mostly is.
        float both = is_present(d->operands[6]) ? path + load_value(c, d->operands[6], row) : 0.0f;
        real g = load(c, d->operands[0], row, chunk);
        real noise = load(c, d->operands[3], row, chunk);
        if (d->mode == PRIOR_STANDARD_NORMAL) g -= annealing * load(c, d->operands[4], row, chunk);
        real to_mean = g + divergence_slope;
        real to_log_sigma =
            with_padding(fma(g, sigma * noise, entropy), chunk, d->columns, 0.0f);
        if (is_present(d->operands[7])) {
          store(c, d->operands[7], row, chunk, to_mean);
          store(c, d->operands[8], row, chunk, to_log_sigma);
        }
        if (is_present(d->operands[9])) {
          real own_mean = (real)(path) * to_mean;
          real own_log_sigma = (real)(path) * to_log_sigma;
          if (both != 0.0f) {
            real score = (real)(both) * annealing;
            real density = fma(noise, noise, (real)(-1.0f));
            own_mean = fma(score, noise / sigma, own_mean);
            own_log_sigma =
                fma(score, with_padding(density, chunk, d->columns, 0.0f), own_log_sigma);
          }
          store(c, d->operands[9], row, chunk, own_mean);
          store(c, d->operands[10], row, chunk, own_log_sigma);
        }
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
