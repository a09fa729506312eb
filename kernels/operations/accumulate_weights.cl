// Accumulation of weights that arrive in chunks: sums over them are rescaled when a larger one does.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is an image.

#include "estimate.cl"

ROUTINE void run_accumulate_weights(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  float temperature = accumulate_weights_temperature(d);
  float sign = temperature > 0.0f ? 1.0f : -1.0f;
  int count = accumulate_weights_samples(d);
  for (int image = begin; image < end; image++) {
    size_t start = (size_t)image * count;
    __global const float *weights = base_of(c, accumulate_weights_log_weights(d)) + start;
    // One worker alone reads and writes the state; the others learn the old maximum from the new.
    float before =
        WORKER == 0 ? sign * load_value(c, accumulate_weights_maximum(d), image) : -INFINITY;
    real best = (real)(before);
    FOR_SPANS(first, count) {
      real value = load_span(weights + first, count - first) * (real)(sign);
      value = first + LANE < count ? value : (real)(-INFINITY);
      best = value > best ? value : best;
    }
    float largest = group_max(best, scratch);
    float reference = largest == -INFINITY ? 0.0f : sign * largest;
    real sum = (real)(0.0f);
    real squares = (real)(0.0f);
    FOR_SPANS(first, count) {
      int left = count - first;
      real weight = load_span(weights + first, left);
      real share = exp_real((weight - (real)(reference)) * (real)(temperature));
      UNROLL for (int i = 0; i < COEFFICIENT_COLUMNS; i++) {
        operand column = (&accumulate_weights_coefficients_0(d))[i];
        if (is_present(column)) {
          real power = accumulate_weights_degrees(d)[i] == 2.0f ? share * share : share;
          store_span((real)(accumulate_weights_factors(d)[i]) * power,
                     base_of(c, column) + start + first, left);
        }
      }
      share = first + LANE < count ? share : (real)(0.0f);
      sum += share;
      squares = fma(share, share, squares);
    }
    float new_sum = group_sum(sum, scratch);
    float new_squares = group_sum(squares, scratch);
    if (WORKER == 0) {
      float decay =
          before == -INFINITY ? 0.0f : exp_value((sign * before - reference) * temperature);
      float old_sum = load_value(c, accumulate_weights_sum(d), image);
      store_value(c, accumulate_weights_maximum(d), image, sign * largest);
      // Both start at 0, so that NaN stays NaN whatever the decay.
      store_value(c, accumulate_weights_sum(d), image, decay * old_sum + new_sum);
      if (is_present(accumulate_weights_squares(d))) {
        float old_squares = load_value(c, accumulate_weights_squares(d), image);
        store_value(c, accumulate_weights_squares(d), image, decay * decay * old_squares + new_squares);
      }
      if (is_present(accumulate_weights_decay(d))) store_value(c, accumulate_weights_decay(d), image, decay);
      if (is_present(accumulate_weights_squared_decay(d))) store_value(c, accumulate_weights_squared_decay(d), image, decay * decay);
    }
  }
}
