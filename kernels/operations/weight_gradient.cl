// Gradients of weights and biases: sums over rows of deltas, times inputs, and what becomes of them.
//
// Defines: those of lanes.cl; GRADIENT_STRIPS with PANELS, 1 or 3. Work-groups in panels: one work-item; a
// tile of 16 inputs by so many strips of outputs of a weight, or a strip of a bias, is a group's. In tiles, a bias's output is a
// work-item's; a weight's sums are tiles.cl's.

#include "adam.cl"
#include "turn.cl"

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

// Sums over rows for 16 inputs, INPUTS at a time, and WIDTH strips of outputs.
#define DEFINE_SUM_PRODUCTS(WIDTH, INPUTS) \
  static void sum_products_##WIDTH( \
      real (*sums)[16], __global const float *input, __global const float *delta, \
      size_t stride, __global const float *scale, int rows) { \
    for (int part = 0; part < 16; part += INPUTS) { \
      real tile[WIDTH][INPUTS]; \
      UNROLL for (int s = 0; s < WIDTH; s++) \
        UNROLL for (int i = 0; i < INPUTS; i++) tile[s][i] = (real)(0.0f); \
      if (scale) SUM_ROWS(WIDTH, INPUTS, * (real)(scale[row])) \
      else SUM_ROWS(WIDTH, INPUTS, ) \
      UNROLL for (int s = 0; s < WIDTH; s++) \
        UNROLL for (int i = 0; i < INPUTS; i++) sums[s][part + i] = tile[s][i]; \
    } \
  }
#define SUM_ROWS(WIDTH, INPUTS, SCALED) \
  for (int row = 0; row < rows; row++) { \
    real w[WIDTH]; \
    UNROLL for (int s = 0; s < WIDTH; s++) \
      w[s] = load_real(delta + s * stride + (size_t)row * 16) SCALED; \
    UNROLL for (int i = 0; i < INPUTS; i++) \
      UNROLL for (int s = 0; s < WIDTH; s++) \
        tile[s][i] = fma((real)(input[(size_t)row * 16 + part + i]), w[s], tile[s][i]); \
  }

DEFINE_SUM_PRODUCTS(1, 16)
#if GRADIENT_STRIPS == 3
DEFINE_SUM_PRODUCTS(2, 8)
DEFINE_SUM_PRODUCTS(3, 8)
#endif

// One tile: 16 inputs by the outputs of GRADIENT_STRIPS strips, if there are so many.
static void multiply_deltas(const context *c, const descriptor *d, int tile) {
  int inputs = weight_gradient_inputs(d);
  int rows = weight_gradient_rows(d);
  int updates = weight_gradient_updates(d);
  operand gradient = weight_gradient_gradient(d);
  int first = tile / CHUNKS(inputs) * GRADIENT_STRIPS;
  int strips = min(GRADIENT_STRIPS, CHUNKS(d->columns) - first);
  int input_strip = tile % CHUNKS(inputs);
  operand deltas = weight_gradient_delta(d);
  __global const float *delta = place(c, deltas, 0, first);
  __global const float *input = place(c, weight_gradient_input(d), 0, input_strip);
  int count = min(16, inputs - input_strip * 16);
  // The update reads three values for each gradient: they come while the rows are summed.
  if (updates) {
    for (int s = 0; s < strips; s++) {
      size_t at = place(c, gradient, input_strip * 16, first + s) - c->gradients;
      for (int i = 0; i < count; i++) {
        PREFETCH(c->parameters + at + i * 16);
        PREFETCH(c->first_moments + at + i * 16);
        PREFETCH(c->second_moments + at + i * 16);
      }
    }
  }
  real sums[GRADIENT_STRIPS][16];
  __global const float *scale = is_present(weight_gradient_row_scale(d))
      ? base_of(c, weight_gradient_row_scale(d)) : 0;
  switch (strips) {
#if GRADIENT_STRIPS == 3
    case 3: sum_products_3(sums, input, delta, deltas.stride, scale, rows); break;
    case 2: sum_products_2(sums, input, delta, deltas.stride, scale, rows); break;
#endif
    default: sum_products_1(sums, input, delta, deltas.stride, scale, rows);
  }
  for (int s = 0; s < strips; s++) {
    int strip = first + s;
    for (int i = 0; i < 16; i++) {
      __global float *at = place(c, gradient, input_strip * 16 + i, strip);
      if (i >= count) {
        sums[s][i] = (real)(0.0f);
        continue;
      }
      sums[s][i] += old_gradient(
          c, weight_gradient_accumulates(d), weight_gradient_decay(d), at);
      sums[s][i] = settle_gradient(c, d, updates, at, sums[s][i]);
    }
    if (is_present(weight_gradient_second_copy(d))) {
      turn(sums[s]);
      int outputs = min(16, d->columns - strip * 16);
      for (int i = 0; i < outputs; i++)
        store(c, weight_gradient_second_copy(d), strip * 16 + i, input_strip, sums[s][i]);
    }
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
