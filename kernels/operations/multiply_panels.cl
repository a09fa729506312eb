// The part of multiply.cl for panels: tiles of sums that registers hold.
//
// Defines: those of lanes.cl; MOST_BLOCK_ROWS. Work-groups: as lanes.cl says.

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
        finish_layer(c, d, multiply_form(d), sums[s][row - begin], row, first + s);
  }
}
