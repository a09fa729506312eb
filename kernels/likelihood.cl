// Likelihoods: log-densities of rows with their derivatives, and the log-weight that they add up to.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is a sample.

#include "descriptor.cl"
#include "numerics.cl"

// The product of factors in [1, 2] stays finite for so many before its logarithm is taken.
#define FACTORS_PER_LOG 96

// A row's log-likelihood as far as it has been added up: the sum of softplus is a sum of max(a, 0)
// and one logarithm of a running product of 1 + e^-|a|.
typedef struct {
  real total;
  real product;
  int target_row;
} bernoulli_sum;

static inline void begin_bernoulli(const descriptor *d, int row, bernoulli_sum *sum) {
  sum->total = (real)(0.0f);
  sum->product = (real)(1.0f);
  sum->target_row = row / d->group;
}

// Adds a chunk of logits, and writes their deltas where they are wanted.
// operands: as run_bernoulli.
__attribute__((always_inline)) static inline void add_bernoulli(
    const context *c, const descriptor *d, real a, int row, int chunk, bernoulli_sum *sum) {
  real x = load(c, d->operands[1], sum->target_row, chunk);
  real e = exp_negative(-fabs(a));
  sum->total += fma(x, a, -(a < (real)(0.0f) ? (real)(0.0f) : a));
  sum->product *= with_padding((real)(1.0f) + e, chunk, d->columns, 1.0f);
  if (chunk / GROUP % FACTORS_PER_LOG == FACTORS_PER_LOG - 1) {
    sum->total -= log_any(sum->product);
    sum->product = (real)(1.0f);
  }
  if (is_present(d->operands[3])) {
    real delta = x - logistic_from(a, e);
    store(c, d->operands[3], row, chunk, with_padding(delta, chunk, d->columns, 0.0f));
  }
}

static inline void end_bernoulli(
    const context *c, const descriptor *d, int row, const bernoulli_sum *sum) {
  store_value(
      c, d->operands[2], row, group_sum(sum->total - log_any(sum->product), c->scratch));
}

// operands: 0 logits, 1 target, 2 term, 3 delta. group: rows that share a row of the target.
static void run_bernoulli(const context *c, const descriptor *d, int begin, int end) {
  for (int row = begin; row < end; row++) {
    bernoulli_sum sum;
    begin_bernoulli(d, row, &sum);
    FOR_CHUNKS(chunk, d->columns)
      add_bernoulli(c, d, load(c, d->operands[0], row, chunk), row, chunk, &sum);
    end_bernoulli(c, d, row, &sum);
  }
}

// operands: 0 mean, 1 log-sigma, 2 target, 3 term, 4 mean delta, 5 log-sigma delta, 6 target delta.
// group: rows that share a row of the target. mode: whether the deltas carry the KL weight.
// constants: 0 what does not depend on the sample.
static void run_gaussian(const context *c, const descriptor *d, int begin, int end) {
  real weight = (real)(d->mode ? c->control->kl_weight : 1.0f);
  for (int row = begin; row < end; row++) {
    real total = (real)(0.0f);
    FOR_CHUNKS(chunk, d->columns) {
      whole is_column = IS_COLUMN(chunk, d->columns) ? (whole)(-1) : (whole)(0);
      real log_sigma = load(c, d->operands[1], row, chunk);
      real precision_root = exp_real(-log_sigma);
      real target = load(c, d->operands[2], row / d->group, chunk);
      real z = (target - load(c, d->operands[0], row, chunk)) * precision_root;
      total -= fma((real)(0.5f) * z, z, log_sigma);
      real to_mean = weight * (z * precision_root);
      if (is_present(d->operands[4])) store(c, d->operands[4], row, chunk, to_mean);
      if (is_present(d->operands[5])) {
        real to_log_sigma = weight * fma(z, z, (real)(-1.0f));
        store(c, d->operands[5], row, chunk, is_column ? to_log_sigma : (real)(0.0f));
      }
      if (is_present(d->operands[6])) store(c, d->operands[6], row, chunk, -to_mean);
    }
    float sum = group_sum(total, c->scratch);
    store_value(c, d->operands[3], row, sum + d->constants[0]);
  }
}

// operands: 0 output, 1-4 likelihoods, 5-8 annealed terms. mode: whether to add to the output.
static void run_log_weight(const context *c, const descriptor *d, int begin, int end) {
  FOR_SPANS(first, end - begin) {
    int row = begin + first;
    int count = end - row;
    __global float *output = base_of(c, d->operands[0]) + row;
    real likelihood = d->mode ? load_span(output, count) : (real)(0.0f);
    real annealed = (real)(0.0f);
    UNROLL for (int i = 1; i <= 4; i++) {
      operand term = d->operands[i];
      operand annealed_term = d->operands[i + 4];
      if (is_present(term)) likelihood += load_span(base_of(c, term) + row, count);
      if (is_present(annealed_term))
        annealed += load_span(base_of(c, annealed_term) + row, count);
    }
    store_span(fma((real)(c->control->kl_weight), annealed, likelihood), output, count);
  }
}
