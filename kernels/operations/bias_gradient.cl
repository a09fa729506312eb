// Bias gradients: sums over rows of deltas.
//
// Defines: those of lanes.cl. Work-groups in panels: one work-item; a strip is a group's. In tiles: a
// unit is an output.

#include "weight_gradient.cl"

#ifdef PANELS

static void run_bias_gradient(const context *c, const descriptor *d, int strip) {
  __global const float *delta = place(c, bias_gradient_delta(d), 0, strip);
  int rows = bias_gradient_rows(d);
  // Four sums side by side, so that one addition does not wait for the last.
  real sums[4];
  UNROLL for (int i = 0; i < 4; i++) sums[i] = (real)(0.0f);
  int scaled = is_present(bias_gradient_row_scale(d));
  __global const float *scale = scaled ? base_of(c, bias_gradient_row_scale(d)) : 0;
  for (int first = 0; first < rows; first += 4) {
    UNROLL for (int i = 0; i < 4; i++) {
      int row = first + i;
      if (row < rows)
        sums[i] = fma((real)(scaled ? scale[row] : 1.0f), load_real(delta + (size_t)row * 16),
                      sums[i]);
    }
  }
  real total = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  __global float *at = base_of(c, bias_gradient_gradient(d)) + strip * 16;
  total += old_gradient(c, bias_gradient_accumulates(d), bias_gradient_decay(d), at);
  settle_gradient(c, d, bias_gradient_updates(d), at, total);
}

#else

static void run_bias_gradient(const context *c, const descriptor *d, int begin, int end) {
  for (int output = begin + WORKER; output < end; output += GROUP) {
    float total = 0.0f;
    for (int row = 0; row < bias_gradient_rows(d); row++) {
      operand scales = bias_gradient_row_scale(d);
      float scale = is_present(scales) ? load_value(c, scales, row) : 1.0f;
      total = fma(scale, load(c, bias_gradient_delta(d), row, output), total);
    }
    __global float *at = base_of(c, bias_gradient_gradient(d)) + output;
    total += old_gradient(c, bias_gradient_accumulates(d), bias_gradient_decay(d), at);
    *at = total;
  }
}

#endif
