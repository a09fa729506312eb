// Multiply: a layer or its transpose, and what happens to its sums before they are stored.
//
// Defines: those of lanes.cl; MOST_BLOCK_ROWS with PANELS. Work-groups: as lanes.cl says; a row is one
// of the output. In tiles, the sums themselves are tiles.cl's.

#include "descriptor.cl"
#include "numerics.cl"

static inline real activate(int activation, real x) {
  switch (activation) {
    case ACTIVATION_TANH: return tanh_real(x);
    case ACTIVATION_RELU: return x < (real)(0.0f) ? (real)(0.0f) : x;
    case ACTIVATION_SOFTPLUS: return softplus_real(x);
    case ACTIVATION_LOGISTIC: return logistic_real(x);
    default: return x;
  }
}

// The derivative in terms of the activation's output y.
static inline real derivative(int activation, real y) {
  switch (activation) {
    case ACTIVATION_TANH: return fma(-y, y, (real)(1.0f));
    case ACTIVATION_RELU: return y > (real)(0.0f) ? (real)(1.0f) : (real)(0.0f);
    case ACTIVATION_SOFTPLUS: {
      // 1 - e^-y, by its series where the difference would cancel.
      real series = fma(y, (real)(-1.0f / 24.0f), (real)(1.0f / 6.0f));
      series = fma(y, -series, (real)(0.5f));
      series = fma(y, -series, (real)(1.0f)) * y;
      return y < (real)(0.05f) ? series : (real)(1.0f) - exp_real(-y);
    }
    case ACTIVATION_LOGISTIC: return fma(-y, y, y);
    default: return (real)(1.0f);
  }
}

// Stores one chunk of a layer's output.
static inline void finish_layer(
    const context *c, const descriptor *d, real value, int row, int chunk) {
  int activation = multiply_activation(d);
  if (multiply_accumulates(d)) value += load(c, multiply_output(d), row, chunk);
  if (is_present(multiply_derivative_at(d))) {
    value *= derivative(activation, load(c, multiply_derivative_at(d), row, chunk));
  } else if (activation != ACTIVATION_IDENTITY) {
    value = activate(activation, value);
  }
  // Some activations of a padding zero are not zero.
  store(c, multiply_output(d), row, chunk, with_padding(value, chunk, d->columns, 0.0f));
}

#ifdef PANELS

// A tile of HEIGHT rows and 16 columns: sums[i] = bias + input[i, :] * weights[:, 0..15].
//
// With 25 rows, the accumulators, one strip of weights and the broadcast fill the 32 vector
// registers of AVX-512. The inner loop runs within one strip of the input, so that both operands
// need one base pointer each.
#define DEFINE_MULTIPLY_TILE(HEIGHT) \
  static void multiply_tile_##HEIGHT( \
      real *sums, real bias, __global const float *input, size_t stride, \
      __global const float *weights, int depth) { \
    real tile[HEIGHT]; \
    UNROLL for (int i = 0; i < HEIGHT; i++) tile[i] = bias; \
    for (int first = 0; first < depth; first += 16) { \
      int count = min(16, depth - first); \
      for (int k = 0; k < count; k++) { \
        real w = load_real(weights + k * 16); \
        UNROLL for (int i = 0; i < HEIGHT; i++) \
          tile[i] = fma((real)(input[i * 16 + k]), w, tile[i]); \
      } \
      input += stride; \
      weights += 256; \
    } \
    UNROLL for (int i = 0; i < HEIGHT; i++) sums[i] = tile[i]; \
  }

DEFINE_MULTIPLY_TILE(25)
DEFINE_MULTIPLY_TILE(20)
DEFINE_MULTIPLY_TILE(10)
DEFINE_MULTIPLY_TILE(5)
DEFINE_MULTIPLY_TILE(2)
DEFINE_MULTIPLY_TILE(1)

// Multiplies the tallest tile that fits in the rows left, and returns its height.
static int multiply_tile(
    int rows, real *sums, real bias, __global const float *input, size_t stride,
    __global const float *weights, int depth) {
#define TRY_TILE(HEIGHT) \
  if (rows >= HEIGHT) { \
    multiply_tile_##HEIGHT(sums, bias, input, stride, weights, depth); \
    return HEIGHT; \
  }
  TRY_TILE(25)
  TRY_TILE(20)
  TRY_TILE(10)
  TRY_TILE(5)
  TRY_TILE(2)
  TRY_TILE(1)
  return 0;
}

// The sums of one strip of columns for a block of rows. The strip's weights stay in the first cache
// while the block's rows, which fit the second, pass by.
static void multiply_strip(
    const context *c, const descriptor *d, int strip, int begin, int end, real *sums) {
  operand input = multiply_input(d);
  operand weight = multiply_weight(d);
  __global const float *weights = base_of(c, weight) + (size_t)strip * weight.stride;
  real bias = is_present(multiply_bias(d))
      ? load_real(base_of(c, multiply_bias(d)) + strip * 16) : (real)(0.0f);
  for (int row = begin; row < end;)
    row += multiply_tile(end - row, sums + (row - begin), bias, place(c, input, row, 0),
                         input.stride, weights, multiply_depth(d));
}

static void run_multiply(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  real sums[MOST_BLOCK_ROWS];
  for (int strip = 0; strip < CHUNKS(d->columns); strip++) {
    multiply_strip(c, d, strip, begin, end, sums);
    for (int row = begin; row < end; row++) finish_layer(c, d, sums[row - begin], row, strip);
  }
}

#endif
