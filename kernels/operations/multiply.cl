// Multiply: a layer or its transpose, and what happens to its sums before they are stored.
//
// Defines: those of lanes.cl; with PANELS, MOST_BLOCK_ROWS; with TILES, TILE_DEPTH, how much of each sum is
// staged at once, ITEM, the side of a work-item's tile, and WALK_DOWN, the rows of work-items in a walk.
// Work-groups: as lanes.cl says; a row is one of the output.

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

// The strips of columns that are multiplied at once. One wide, a tile fills the registers of AVX-512 with
// 25 rows, those of AVX2 with 6. Two wide, an input's broadcast serves two multiply-adds, which a processor
// needs that does two of AVX-512 at once.
#ifdef WIDE
#define STRIPS 2
#else
#define STRIPS 1
#endif

// A tile of HEIGHT rows and WIDTH strips: sums[s][i] = bias[s] + input[i, :] * weights[:, strip s].
//
// The inner loop runs within one strip of the input, so that each operand needs one base pointer.
#define DEFINE_MULTIPLY_TILE(WIDTH, HEIGHT) \
  static void multiply_tile_##WIDTH##_##HEIGHT( \
      real *sums, const real *bias, __global const float *input, size_t stride, \
      __global const float *weights, size_t weight_stride, int depth) { \
    real tile[WIDTH][HEIGHT]; \
    UNROLL for (int s = 0; s < WIDTH; s++) \
      UNROLL for (int i = 0; i < HEIGHT; i++) tile[s][i] = bias[s]; \
    for (int first = 0; first < depth; first += 16) { \
      int count = min(16, depth - first); \
      for (int k = 0; k < count; k++) { \
        real w[WIDTH]; \
        UNROLL for (int s = 0; s < WIDTH; s++) \
          w[s] = load_real(weights + s * weight_stride + k * 16); \
        UNROLL for (int i = 0; i < HEIGHT; i++) \
          UNROLL for (int s = 0; s < WIDTH; s++) \
            tile[s][i] = fma((real)(input[i * 16 + k]), w[s], tile[s][i]); \
      } \
      input += stride; \
      weights += 256; \
    } \
    UNROLL for (int s = 0; s < WIDTH; s++) \
      UNROLL for (int i = 0; i < HEIGHT; i++) sums[s * MOST_BLOCK_ROWS + i] = tile[s][i]; \
  }

#ifdef LOW
DEFINE_MULTIPLY_TILE(1, 6)
DEFINE_MULTIPLY_TILE(1, 4)
#else
DEFINE_MULTIPLY_TILE(1, 25)
DEFINE_MULTIPLY_TILE(1, 20)
DEFINE_MULTIPLY_TILE(1, 10)
DEFINE_MULTIPLY_TILE(1, 5)
#endif
DEFINE_MULTIPLY_TILE(1, 2)
DEFINE_MULTIPLY_TILE(1, 1)
#ifdef WIDE
DEFINE_MULTIPLY_TILE(2, 12)
DEFINE_MULTIPLY_TILE(2, 10)
DEFINE_MULTIPLY_TILE(2, 4)
DEFINE_MULTIPLY_TILE(2, 1)
#endif

// Multiplies the tallest tile that fits in the rows left, and returns its height.
static int multiply_tile(
    int strips, int rows, real *sums, const real *bias, __global const float *input, size_t stride,
    __global const float *weights, size_t weight_stride, int depth) {
#define TRY_TILE(WIDTH, HEIGHT) \
  if (rows >= HEIGHT) { \
    multiply_tile_##WIDTH##_##HEIGHT( \
        sums, bias, input, stride, weights, weight_stride, depth); \
    return HEIGHT; \
  }
#ifdef WIDE
  if (strips == 2) {
    TRY_TILE(2, 12)
    TRY_TILE(2, 10)
    TRY_TILE(2, 4)
    TRY_TILE(2, 1)
  }
#endif
#ifdef LOW
  TRY_TILE(1, 6)
  TRY_TILE(1, 4)
#else
  TRY_TILE(1, 25)
  TRY_TILE(1, 20)
  TRY_TILE(1, 10)
  TRY_TILE(1, 5)
#endif
  TRY_TILE(1, 2)
  TRY_TILE(1, 1)
  return 0;
}

// The sums of some strips of columns for a block of rows. The strips' weights stay in the first cache
// while the block's rows, which fit the second, pass by. Returns how many strips there were.
static int multiply_strips(
    const context *c, const descriptor *d, int first, int begin, int end,
    real (*sums)[MOST_BLOCK_ROWS]) {
  operand input = multiply_input(d);
  operand weight = multiply_weight(d);
  int strips = min(STRIPS, CHUNKS(d->columns) - first);
  __global const float *weights = base_of(c, weight) + (size_t)first * weight.stride;
  real bias[STRIPS];
  UNROLL for (int s = 0; s < STRIPS; s++)
    bias[s] = is_present(multiply_bias(d)) && s < strips
        ? load_real(base_of(c, multiply_bias(d)) + (first + s) * 16) : (real)(0.0f);
  for (int row = begin; row < end;)
    row += multiply_tile(strips, end - row, sums[0] + (row - begin), bias,
                         place(c, input, row, 0), input.stride, weights, weight.stride,
                         multiply_depth(d));
  return strips;
}

ROUTINE void run_multiply(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  real sums[STRIPS][MOST_BLOCK_ROWS];
  for (int first = 0; first < CHUNKS(d->columns); first += STRIPS) {
    int strips = multiply_strips(c, d, first, begin, end, sums);
    for (int s = 0; s < strips; s++)
      for (int row = begin; row < end; row++)
        finish_layer(c, d, sums[s][row - begin], row, first + s);
  }
}

#else

// A tile of a product: as many times ITEM rows and columns as there are rows (`down`) and columns
// (`across`) of work-items. Operands are staged in local memory.
//
// One more than a tile keeps neighbouring rows out of the same memory bank.
static inline void multiply_tile(
    const context *c, const descriptor *d, int transposed, int down, int across, int first_row,
    int end_row, int first_column, __local float *left) {
  int tile_rows = down * ITEM, tile_columns = across * ITEM;
  __local float *right = left + TILE_DEPTH * (tile_rows + 1);
  int columns = d->columns;
  int depth = multiply_depth(d);
  operand weight = multiply_weight(d);
  // The right factor is the weight or its transpose.
  __global const float *weights = base_of(c, weight);
  size_t along_depth = transposed ? weight.stride : 1;
  size_t along_columns = transposed ? 1 : weight.stride;
  int item_row = WORKER / across;
  int item_column = WORKER % across;
  float sums[ITEM][ITEM];
  UNROLL for (int i = 0; i < ITEM; i++)
    UNROLL for (int j = 0; j < ITEM; j++) sums[i][j] = 0.0f;

  for (int start = 0; start < depth; start += TILE_DEPTH) {
    barrier(CLK_LOCAL_MEM_FENCE);
    // Neighbouring work-items read neighbouring elements, along whichever index is contiguous.
    for (int e = WORKER; e < tile_rows * TILE_DEPTH; e += down * across) {
      int k = e % TILE_DEPTH, i = e / TILE_DEPTH;
      int row = first_row + i;
      left[k * (tile_rows + 1) + i] =
          row < end_row && start + k < depth ? load(c, multiply_input(d), row, start + k) : 0.0f;
    }
    for (int e = WORKER; e < tile_columns * TILE_DEPTH; e += down * across) {
      int k = transposed ? e / tile_columns : e % TILE_DEPTH;
      int j = transposed ? e % tile_columns : e / TILE_DEPTH;
      int column = first_column + j;
      right[k * (tile_columns + 1) + j] = column < columns && start + k < depth
          ? weights[(start + k) * along_depth + column * along_columns] : 0.0f;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = 0; k < TILE_DEPTH; k++) {
      float a[ITEM], b[ITEM];
      UNROLL for (int i = 0; i < ITEM; i++)
        a[i] = left[k * (tile_rows + 1) + item_row + i * down];
      UNROLL for (int j = 0; j < ITEM; j++)
        b[j] = right[k * (tile_columns + 1) + item_column + j * across];
      UNROLL for (int i = 0; i < ITEM; i++)
        UNROLL for (int j = 0; j < ITEM; j++) sums[i][j] = fma(a[i], b[j], sums[i][j]);
    }
  }
  // The sums pass local memory, some rows at a time, so that neighbouring work-items store neighbouring
  // elements and the code for one stands here once.
  for (int i = 0; i < ITEM; i++) {
    barrier(CLK_LOCAL_MEM_FENCE);
    UNROLL for (int own = 0; own < ITEM; own++)
      UNROLL for (int j = 0; j < ITEM; j++)
        if (own == i) left[item_row * tile_columns + item_column + j * across] = sums[own][j];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int e = WORKER; e < down * tile_columns; e += down * across) {
      int row = first_row + i * down + e / tile_columns;
      int column = first_column + e % tile_columns;
      if (row < end_row && column < columns) {
        float value = left[e];
        if (is_present(multiply_bias(d))) value += load_value(c, multiply_bias(d), column);
        finish_layer(c, d, value, row, column);
      }
    }
  }
}

// A block of rows, no more than a tile has: ITEM * WALK_DOWN.
ROUTINE void run_multiply(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  int across = GROUP / WALK_DOWN;
  for (int first = 0; first < d->columns; first += across * ITEM)
    multiply_tile(c, d, multiply_is_transposed(d), WALK_DOWN, across, begin, end, first, scratch);
}

#endif
