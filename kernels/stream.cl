// Stream: weights that arrive in chunks, and sums over them that are rescaled when a larger one does.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is an image. run_normalize_sums takes
// elements, a unit being LANES of them. (`normalize` itself is a function of the language.)

#include "descriptor.cl"
#include "estimator.cl"
#include "numerics.cl"

// operands: 0 log-weights, 1 maximum, 2 sum, 3 squares, 4 decay, 5 its square, 6-9 coefficients.
// group: samples of an image. constants: 0 temperature, 1-4 the coefficients' factors, 5-8 their
// degrees.
static void run_accumulate_weights(
    const context *c, const descriptor *d, int begin, int end) {
  float temperature = d->constants[0];
  float sign = temperature > 0.0f ? 1.0f : -1.0f;
  for (int image = begin; image < end; image++) {
    size_t start = (size_t)image * d->group;
    __global const float *weights = base_of(c, d->operands[0]) + start;
    // One worker alone reads and writes the state; the others learn the old maximum from the new.
    float before = WORKER == 0 ? sign * load_value(c, d->operands[1], image) : -INFINITY;
    real best = (real)(before);
    FOR_SPANS(first, d->group) {
      real value = load_span(weights + first, d->group - first) * (real)(sign);
      value = first + LANE < d->group ? value : (real)(-INFINITY);
      best = value > best ? value : best;
    }
    float largest = group_max(best, c->scratch);
    float reference = largest == -INFINITY ? 0.0f : sign * largest;
    real sum = (real)(0.0f);
    real squares = (real)(0.0f);
    FOR_SPANS(first, d->group) {
      int count = d->group - first;
      real weight = load_span(weights + first, count);
      real share = exp_real((weight - (real)(reference)) * (real)(temperature));
      UNROLL for (int i = 0; i < 4; i++) {
        operand column = d->operands[6 + i];
        if (is_present(column)) {
          real power = d->constants[5 + i] == 2.0f ? share * share : share;
          store_span((real)(d->constants[1 + i]) * power, base_of(c, column) + start + first, count);
        }
      }
      share = first + LANE < d->group ? share : (real)(0.0f);
      sum += share;
      squares = fma(share, share, squares);
    }
    float new_sum = group_sum(sum, c->scratch);
    float new_squares = group_sum(squares, c->scratch);
    if (WORKER == 0) {
      float decay =
          before == -INFINITY ? 0.0f : exp_value((sign * before - reference) * temperature);
      float old_sum = load_value(c, d->operands[2], image);
      store_value(c, d->operands[1], image, sign * largest);
      // Both start at 0, so that NaN stays NaN whatever the decay.
      store_value(c, d->operands[2], image, decay * old_sum + new_sum);
      if (is_present(d->operands[3])) {
        float old_squares = load_value(c, d->operands[3], image);
        store_value(c, d->operands[3], image, decay * decay * old_squares + new_squares);
      }
      if (is_present(d->operands[4])) store_value(c, d->operands[4], image, decay);
      if (is_present(d->operands[5])) store_value(c, d->operands[5], image, decay * decay);
    }
  }
}

// operands: 0 maximum, 1 sum, 2 output. mode: whether to add to the output.
// constants: 0 temperature, 1 count, 2 scale.
static void run_log_mean(const context *c, const descriptor *d, int begin, int end) {
  for (int image = begin + WORKER; image < end; image += GROUP) {
    __global float *output = base_of(c, d->operands[2]) + image;
    float mean = load_value(c, d->operands[1], image) / d->constants[1];
    float bound = load_value(c, d->operands[0], image) + log_value(mean) / d->constants[0];
    *output = (d->mode ? *output : 0.0f) + d->constants[2] * bound;
  }
}

// operands: 0 input, 1 sum, 2 output. inner: elements. group: the degree. mode: whether to add to
// the output. constants: 0 scale.
static void run_normalize_sums(const context *c, const descriptor *d, int begin, int end) {
  float sum = is_present(d->operands[1]) ? load_value(c, d->operands[1], 0) : 1.0f;
  float factor = d->constants[0] * (sum == 0.0f ? 0.0f : 1.0f / sum);
  if (d->group == 2 && sum != 0.0f) factor /= sum;
  for (int unit = begin + WORKER; unit < end; unit += GROUP) {
    int count = d->inner - unit * LANES;
    __global const float *input = base_of(c, d->operands[0]) + (size_t)unit * LANES;
    __global float *output = base_of(c, d->operands[2]) + (size_t)unit * LANES;
    real value = d->mode ? load_span(output, count) : (real)(0.0f);
    if (factor != 0.0f) value = fma((real)(factor), load_span(input, count), value);
    store_span(value, output, count);
  }
}
