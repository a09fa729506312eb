// Gradients of weights and biases: sums over rows of deltas, times inputs, and what becomes of them.
//
// Defines: those of lanes.cl. Work-groups in panels: one work-item; a tile of 16 inputs by 16 outputs
// of a weight, or a strip of 16 outputs of a bias, is a group's. In tiles, a bias's output is a
// work-item's; a weight's sums are tiles.cl's.

#include "adam.cl"

// What is added to a gradient: what it held times its decay, if any.
static inline real old_gradient(
    const context *c, int accumulates, operand decay, __global const float *at) {
  if (!accumulates) return (real)(0.0f);
  float factor = is_present(decay) ? load_value(c, decay, 0) : 1.0f;
  return factor == 0.0f ? (real)(0.0f) : (real)(factor) * load_real(at);
}

#ifdef PANELS

// What becomes of sixteen elements of a gradient at a place in the arenas: they are stored, or the
// parameters follow them. Returns the parameters that follow, or the gradient.
static inline real settle_gradient(
    const context *c, const descriptor *d, int updates, __global float *at, real gradient) {
  if (updates) return update_elements(c, d, at - c->gradients, gradient);
  store_real(gradient, at);
  return gradient;
}

// Interleaves the halves of two vectors, four times over all sixteen: their transpose.
static inline void transpose_tile(real *rows) {
  UNROLL for (int round = 0; round < 4; round++) {
    real mixed[16];
    UNROLL for (int i = 0; i < 8; i++) {
      mixed[2 * i] = shuffle2(rows[i], rows[i + 8],
          (word)(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
      mixed[2 * i + 1] = shuffle2(rows[i], rows[i + 8],
          (word)(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
    }
    UNROLL for (int i = 0; i < 16; i++) rows[i] = mixed[i];
  }
}

// One strip of a bias: 16 outputs.
static void sum_deltas(const context *c, const descriptor *d, int strip) {
  __global const float *delta = place(c, weight_gradient_delta(d), 0, strip);
  int rows = weight_gradient_rows(d);
  // Four sums side by side, so that one addition does not wait for the last.
  real sums[4];
  UNROLL for (int i = 0; i < 4; i++) sums[i] = (real)(0.0f);
  int scaled = is_present(weight_gradient_row_scale(d));
  __global const float *scale = scaled ? base_of(c, weight_gradient_row_scale(d)) : 0;
  for (int first = 0; first < rows; first += 4) {
    UNROLL for (int i = 0; i < 4; i++) {
      int row = first + i;
      if (row < rows)
        sums[i] = fma((real)(scaled ? scale[row] : 1.0f), load_real(delta + (size_t)row * 16),
                      sums[i]);
    }
  }
  real total = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  __global float *at = base_of(c, weight_gradient_gradient(d)) + strip * 16;
  total += old_gradient(c, weight_gradient_accumulates(d), weight_gradient_decay(d), at);
  settle_gradient(c, d, weight_gradient_updates(d), at, total);
}

// One tile: 16 inputs by 16 outputs.
static void multiply_deltas(const context *c, const descriptor *d, int tile) {
  int inputs = weight_gradient_inputs(d);
  int rows = weight_gradient_rows(d);
  int updates = weight_gradient_updates(d);
  operand gradient = weight_gradient_gradient(d);
  int strip = tile / CHUNKS(inputs);
  int input_strip = tile % CHUNKS(inputs);
  __global const float *delta = place(c, weight_gradient_delta(d), 0, strip);
  __global const float *input = place(c, weight_gradient_input(d), 0, input_strip);
  int count = min(16, inputs - input_strip * 16);
  // The update reads three values for each gradient: they come while the rows are summed.
  if (updates) {
    size_t at = place(c, gradient, input_strip * 16, strip) - c->gradients;
    for (int i = 0; i < count; i++) {
      PREFETCH(c->parameters + at + i * 16);
      PREFETCH(c->first_moments + at + i * 16);
      PREFETCH(c->second_moments + at + i * 16);
    }
  }
  real sums[16];
  UNROLL for (int i = 0; i < 16; i++) sums[i] = (real)(0.0f);
  if (is_present(weight_gradient_row_scale(d))) {
    __global const float *scale = base_of(c, weight_gradient_row_scale(d));
    for (int row = 0; row < rows; row++) {
      real scaled = load_real(delta + (size_t)row * 16) * (real)(scale[row]);
      UNROLL for (int i = 0; i < 16; i++)
        sums[i] = fma((real)(input[(size_t)row * 16 + i]), scaled, sums[i]);
    }
  } else {
    for (int row = 0; row < rows; row++) {
      real plain = load_real(delta + (size_t)row * 16);
      UNROLL for (int i = 0; i < 16; i++)
        sums[i] = fma((real)(input[(size_t)row * 16 + i]), plain, sums[i]);
    }
  }
  for (int i = 0; i < 16; i++) {
    __global float *at = place(c, gradient, input_strip * 16 + i, strip);
    if (i >= count) {
      sums[i] = (real)(0.0f);
      continue;
    }
    sums[i] += old_gradient(c, weight_gradient_accumulates(d), weight_gradient_decay(d), at);
    sums[i] = settle_gradient(c, d, updates, at, sums[i]);
  }
  if (is_present(weight_gradient_second_copy(d))) {
    transpose_tile(sums);
    int outputs = min(16, d->columns - strip * 16);
    for (int i = 0; i < outputs; i++)
      store(c, weight_gradient_second_copy(d), strip * 16 + i, input_strip, sums[i]);
  }
}

static void run_weight_gradient(const context *c, const descriptor *d, int tile) {
  if (is_present(weight_gradient_input(d))) multiply_deltas(c, d, tile);
  else sum_deltas(c, d, tile);
}

#else

// A bias: a unit is an output.
static void run_weight_gradient(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  for (int output = begin + WORKER; output < end; output += GROUP) {
    float total = 0.0f;
    for (int row = 0; row < weight_gradient_rows(d); row++) {
      operand scales = weight_gradient_row_scale(d);
      float scale = is_present(scales) ? load_value(c, scales, row) : 1.0f;
      total = fma(scale, load(c, weight_gradient_delta(d), row, output), total);
    }
    __global float *at = base_of(c, weight_gradient_gradient(d)) + output;
    total += old_gradient(c, weight_gradient_accumulates(d), weight_gradient_decay(d), at);
    *at = total;
  }
}

#endif
