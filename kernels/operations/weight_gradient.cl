// Gradients of weights and biases: sums over rows of deltas, times inputs, and what becomes of them.
//
// Defines: those of sums.cl. Work-groups: as sums.cl says. A tile is a group's: of a weight, 16 inputs by
// GRADIENT_STRIPS strips of outputs in panels, SUM_TILE of either in tiles; of a bias, as many outputs.

#include "adam.cl"
#include "turn.cl"

// Zeros in place of numbers too small to be normal, whatever the device makes of those.
static inline real flushed(real x) {
  return fabs(x) < (real)(FLT_MIN) ? x * (real)(0.0f) : x;
}

// The sums of two leaves, or of nodes of the tree of leaves, as the host adds them.
static inline real add_leaves(real a, real b) { return flushed(flushed(a) + flushed(b)); }

// What is added to a gradient: what it held times its decay, if any.
static inline real old_gradient(
    const context *c, int accumulates, operand decay, __global const float *at) {
  if (!accumulates) return (real)(0.0f);
  float factor = is_present(decay) ? load_value(c, decay, 0) : 1.0f;
  return factor == 0.0f ? (real)(0.0f) : (real)(factor) * load_real(at);
}

// What becomes of some elements of a gradient at a place in the arenas: with what they held, they are
// stored, or the parameters follow them. Returns the parameters that follow, or the gradient.
static inline real settle_gradient(
    const context *c, const descriptor *d, __global float *at, real gradient) {
  gradient += old_gradient(c, weight_gradient_accumulates(d), weight_gradient_decay(d), at);
  if (weight_gradient_updates(d)) return update_elements(c, d, at - c->gradients, gradient);
  store_real(gradient, at);
  return gradient;
}

#ifdef PANELS

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

#else

// A tile of a gradient; a bias is a weight whose one input is 1. The rows are divided into parts, side by
// side, each of which other work-items sum, and stage in local memory; a part's sums are added to the
// others' in their order. An item sums ITEM x ITEM elements, SUM_SIDE apart. The sum of the first of two
// leaves waits where the gradient goes.
ROUTINE void sum_tile(
    const context *c, const descriptor *d, int tile, int leaf, int leaves,
    __local float *scratch) {
  operand factor = weight_gradient_input(d);
  operand scales = weight_gradient_row_scale(d);
  int outputs = d->columns;
  int inputs = is_present(factor) ? weight_gradient_inputs(d) : 1;
  int rows = weight_gradient_rows(d) / leaves;
  int first_row = leaf * rows;
  int across = (inputs + SUM_TILE - 1) / SUM_TILE;
  int first_output = tile / across * SUM_TILE;
  int first_input = tile % across * SUM_TILE;
  int part = WORKER / SUM_ITEMS;
  int item = WORKER % SUM_ITEMS;
  int item_row = item / SUM_SIDE;
  int item_column = item % SUM_SIDE;
  int share = (rows + SUM_PARTS - 1) / SUM_PARTS;
  int begin = part * share;
  int end = min(begin + share, rows);
  __local float *left = scratch + part * 2 * TILE_DEPTH * STAGED_ROW;
  __local float *right = left + TILE_DEPTH * STAGED_ROW;
  float sums[ITEM][ITEM];
  UNROLL for (int i = 0; i < ITEM; i++)
    UNROLL for (int j = 0; j < ITEM; j++) sums[i][j] = 0.0f;
  for (int start = 0; start < share; start += TILE_DEPTH) {
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int e = item; e < SUM_TILE * TILE_DEPTH; e += SUM_ITEMS) {
      int k = e / SUM_TILE, beside = e % SUM_TILE;
      int row = begin + start + k;
      int output = first_output + beside, input = first_input + beside;
      float delta = 0.0f, value = 0.0f;
      if (row < end && output < outputs) {
        delta = load(c, weight_gradient_delta(d), first_row + row, output);
        if (is_present(scales)) delta *= load_value(c, scales, first_row + row);
      }
      if (row < end && input < inputs)
        value = is_present(factor) ? load(c, factor, first_row + row, input) : 1.0f;
      left[k * STAGED_ROW + beside] = delta;
      right[k * STAGED_ROW + beside] = value;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = 0; k < TILE_DEPTH; k++) {
      float a[ITEM], b[ITEM];
      UNROLL for (int i = 0; i < ITEM; i++) a[i] = left[k * STAGED_ROW + item_row + i * SUM_SIDE];
      UNROLL for (int j = 0; j < ITEM; j++)
        b[j] = right[k * STAGED_ROW + item_column + j * SUM_SIDE];
      UNROLL for (int i = 0; i < ITEM; i++)
        UNROLL for (int j = 0; j < ITEM; j++) sums[i][j] = fma(a[i], b[j], sums[i][j]);
    }
  }
  // The items' rows in turn, so that their parts need little memory.
  UNROLL for (int i = 0; i < ITEM; i++) {
    barrier(CLK_LOCAL_MEM_FENCE);
    UNROLL for (int j = 0; j < ITEM; j++)
      scratch[(part * SUM_SIDE + item_row) * SUM_TILE + item_column + j * SUM_SIDE] = sums[i][j];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int e = WORKER; e < SUM_SIDE * SUM_TILE; e += GROUP) {
      float total = scratch[e];
      for (int other = 1; other < SUM_PARTS; other++)
        total += scratch[other * SUM_SIDE * SUM_TILE + e];
      int output = first_output + e / SUM_TILE + i * SUM_SIDE;
      int input = first_input + e % SUM_TILE;
      if (output < outputs && input < inputs) {
        operand gradient = weight_gradient_gradient(d);
        __global float *at = is_present(factor)
            ? place(c, gradient, output, input) : base_of(c, gradient) + output;
        if (leaf > 0) total = add_leaves(*at, total);
        if (leaf + 1 < leaves) *at = total;
        else settle_gradient(c, d, at, total);
      }
    }
  }
}

ROUTINE void run_weight_gradient(
    const context *c, const descriptor *d, int tile, __local float *scratch) {
  int leaves = weight_gradient_leaves(d);
  for (int leaf = 0; leaf < leaves; leaf++) sum_tile(c, d, tile, leaf, leaves, scratch);
}

#endif
