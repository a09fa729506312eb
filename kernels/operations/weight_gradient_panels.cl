// The part of weight_gradient.cl for panels: tiles of sums that registers hold.
//
// Defines: those of sums.cl. Work-groups: one work-item for a tile: of a weight, 16 inputs by
// GRADIENT_STRIPS strips of outputs; of a bias, 16 outputs.

// Two halves of a row of leaves are added, each by itself first, the left the larger: of the sums that
// wait, as many as are added to a leaf's once it is there. As many wait as the tree is deep.
static inline int sums_to_add(int leaf, int leaves) {
  int begin = 0, end = leaves, count = 0;
  while (end - begin > 1) {
    if (end == leaf + 1) count++;
    int middle = begin + (end - begin + 1) / 2;
    if (leaf < middle) end = middle;
    else begin = middle;
  }
  return count;
}

// The rows of a strip of deltas added up.
static inline real sum_delta_rows(
    __global const float *delta, __global const float *scale, int rows) {
  // Four sums side by side, so that one addition does not wait for the last.
  real sums[4];
  UNROLL for (int i = 0; i < 4; i++) sums[i] = (real)(0.0f);
  for (int first = 0; first < rows; first += 4) {
    UNROLL for (int i = 0; i < 4; i++) {
      int row = first + i;
      if (row < rows)
        sums[i] = fma((real)(scale ? scale[row] : 1.0f), load_real(delta + (size_t)row * 16),
                      sums[i]);
    }
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// One strip of a bias: 16 outputs.
static void sum_deltas(const context *c, const descriptor *d, int strip) {
  __global const float *delta = place(c, weight_gradient_delta(d), 0, strip);
  __global const float *scale = is_present(weight_gradient_row_scale(d))
      ? base_of(c, weight_gradient_row_scale(d)) : 0;
  int leaves = weight_gradient_leaves(d);
  int rows = weight_gradient_rows(d) / leaves;
  real total, waiting[MOST_WAITING];
  for (int leaf = 0, waits = 0; leaf < leaves; leaf++) {
    size_t row = (size_t)leaf * rows;
    total = sum_delta_rows(delta + row * 16, scale ? scale + row : 0, rows);
    for (int count = sums_to_add(leaf, leaves); count > 0; count--)
      total = add_leaves(waiting[--waits], total);
    if (leaf + 1 < leaves) waiting[waits++] = total;
  }
  settle_gradient(c, d, base_of(c, weight_gradient_gradient(d)) + strip * 16, total);
}

// Sums over rows for INPUTS of 16 inputs, from `part` on, and WIDTH strips of outputs.
#define SUM_PRODUCTS_ARGUMENTS \
  real (*sums)[16], __global const float *input, __global const float *delta, size_t stride, \
      __global const float *scale, int rows
#define DEFINE_SUM_PART(WIDTH, INPUTS) \
  static void sum_part_##WIDTH##_##INPUTS(int part, SUM_PRODUCTS_ARGUMENTS) { \
    real tile[WIDTH][INPUTS]; \
    UNROLL for (int s = 0; s < WIDTH; s++) \
      UNROLL for (int i = 0; i < INPUTS; i++) tile[s][i] = (real)(0.0f); \
    if (scale) SUM_ROWS(WIDTH, INPUTS, * (real)(scale[row])) \
    else SUM_ROWS(WIDTH, INPUTS, ) \
    UNROLL for (int s = 0; s < WIDTH; s++) \
      UNROLL for (int i = 0; i < INPUTS; i++) sums[s][part + i] = tile[s][i]; \
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

// Sums over rows for 16 inputs and some strips of outputs, as many inputs at a time as registers hold.
#define SUM_PART(WIDTH, INPUTS, PART) \
  sum_part_##WIDTH##_##INPUTS(PART, sums, input, delta, stride, scale, rows);
#if defined(LOW)
DEFINE_SUM_PART(1, 6)
DEFINE_SUM_PART(1, 5)
static void sum_products(int strips, SUM_PRODUCTS_ARGUMENTS) {
  SUM_PART(1, 6, 0) SUM_PART(1, 5, 6) SUM_PART(1, 5, 11)
}
#elif defined(WIDE)
DEFINE_SUM_PART(1, 16)
DEFINE_SUM_PART(2, 8)
DEFINE_SUM_PART(3, 8)
static void sum_products(int strips, SUM_PRODUCTS_ARGUMENTS) {
  switch (strips) {
    case 3: SUM_PART(3, 8, 0) SUM_PART(3, 8, 8) break;
    case 2: SUM_PART(2, 8, 0) SUM_PART(2, 8, 8) break;
    default: SUM_PART(1, 16, 0)
  }
}
#else
DEFINE_SUM_PART(1, 16)
static void sum_products(int strips, SUM_PRODUCTS_ARGUMENTS) {
  SUM_PART(1, 16, 0)
}
#endif

// One tile: 16 inputs by the outputs of GRADIENT_STRIPS strips, if there are so many.
static void multiply_deltas(const context *c, const descriptor *d, int tile) {
  int inputs = weight_gradient_inputs(d);
  int leaves = weight_gradient_leaves(d);
  int rows = weight_gradient_rows(d) / leaves;
  operand gradient = weight_gradient_gradient(d);
  int first = tile / CHUNKS(inputs) * GRADIENT_STRIPS;
  int strips = min(GRADIENT_STRIPS, CHUNKS(d->columns) - first);
  int input_strip = tile % CHUNKS(inputs);
  operand deltas = weight_gradient_delta(d);
  __global const float *delta = place(c, deltas, 0, first);
  __global const float *input = place(c, weight_gradient_input(d), 0, input_strip);
  int count = min(16, inputs - input_strip * 16);
  // The update reads three values for each gradient: they come while the rows are summed.
  if (weight_gradient_updates(d)) {
    for (int s = 0; s < strips; s++) {
      size_t at = place(c, gradient, input_strip * 16, first + s) - c->gradients;
      for (int i = 0; i < count; i++) {
        PREFETCH(c->parameters + at + i * 16);
        PREFETCH(c->first_moments + at + i * 16);
        PREFETCH(c->second_moments + at + i * 16);
      }
    }
  }
  real sums[GRADIENT_STRIPS][16], waiting[MOST_WAITING][GRADIENT_STRIPS][16];
  __global const float *scale = is_present(weight_gradient_row_scale(d))
      ? base_of(c, weight_gradient_row_scale(d)) : 0;
  for (int leaf = 0, waits = 0; leaf < leaves; leaf++) {
    size_t row = (size_t)leaf * rows;
    sum_products(strips, sums, input + row * 16, delta + row * 16, deltas.stride,
                 scale ? scale + row : 0, rows);
    for (int count = sums_to_add(leaf, leaves); count > 0; count--) {
      waits--;
      for (int s = 0; s < strips; s++)
        for (int i = 0; i < 16; i++) sums[s][i] = add_leaves(waiting[waits][s][i], sums[s][i]);
    }
    if (leaf + 1 < leaves) {
      for (int s = 0; s < strips; s++)
        for (int i = 0; i < 16; i++) waiting[waits][s][i] = sums[s][i];
      waits++;
    }
  }
  for (int s = 0; s < strips; s++) {
    int strip = first + s;
    for (int i = 0; i < 16; i++) {
      sums[s][i] = i < count
          ? settle_gradient(c, d, place(c, gradient, input_strip * 16 + i, strip), sums[s][i])
          : (real)(0.0f);
    }
    if (is_present(weight_gradient_second_copy(d))) {
      turn(sums[s]);
      int outputs = min(16, d->columns - strip * 16);
      for (int i = 0; i < outputs; i++)
        store(c, weight_gradient_second_copy(d), strip * 16 + i, input_strip, sums[s][i]);
    }
  }
}

ROUTINE void run_weight_gradient(
    const context *c, const descriptor *d, int tile, __local float *scratch) {
  if (is_present(weight_gradient_input(d))) multiply_deltas(c, d, tile);
  else sum_deltas(c, d, tile);
}
