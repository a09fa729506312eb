// Panels: the schedule for CPUs.
//
// A matrix lies as [column / 16][row][16] (lanes.cl). A weight (out, in) lies as the panels of its
// transpose, [out / 16][in][16], which is what walking a layer forwards reads; a second copy,
// [in / 16][out][16], serves walking it backwards. Both make the innermost loop the same: one
// broadcast element of the input times sixteen neighbouring weights.
//
//   walk_rows          takes a block of rows through a list of operations while it is in cache
//   sum_rows           gradients of weights and biases, which sum over all rows, and their updates
//   update_parameters  the optimizer, where it runs alone
//   transpose_weights  refreshes the second copy, where the update did not
//
// Defines: PANELS; MOST_BLOCK_ROWS, the most rows that a walk takes at once.
// Work-groups: one work-item each; PoCL runs it as a plain loop.

#include "descriptor.cl"
#include "draw.cl"
#include "estimator.cl"
#include "finish.cl"
#include "gather.cl"
#include "latent.cl"
#include "likelihood.cl"
#include "optimizer.cl"
#include "stream.cl"
#include "transition.cl"

#define KIND_GATHER 0
#define KIND_MULTIPLY 1
#define KIND_WEIGHT_GRADIENT 2
#define KIND_BIAS_GRADIENT 3
#define KIND_REPARAMETERIZE 4
#define KIND_LATENT_TERM 5
#define KIND_BERNOULLI 6
#define KIND_GAUSSIAN 7
#define KIND_LOG_WEIGHT 8
#define KIND_ESTIMATE 9
#define KIND_LATENT_GRADIENT 10
#define KIND_SUM_SAMPLES 11
#define KIND_ACCUMULATE_WEIGHTS 12
#define KIND_SUM 13
#define KIND_ADAM 14
#define KIND_PRODUCT_INTO_LIKELIHOOD 15
#define KIND_SCALE_ROWS 16
#define KIND_NORMALIZE 17
#define KIND_LOG_MEAN 18
#define KIND_DRAW 19
#define KIND_LEAPFROG 20
#define KIND_ACCEPT 21
#define KIND_SELECT 22

#define SINGLE __attribute__((reqd_work_group_size(1, 1, 1)))

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

#define TALLEST_TILE 25

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

// Strips of weights outside, rows inside: a strip stays in the first cache while the block's rows,
// which fit the second, pass by. The sums go through the layer's end, or straight into a likelihood.
static void run_multiply(
    const context *c, const descriptor *d, const descriptor *likelihood, int begin, int end) {
  operand input = d->operands[0];
  operand weight = d->operands[1];
  bernoulli_sum terms[MOST_BLOCK_ROWS];
  if (likelihood)
    for (int row = begin; row < end; row++) begin_bernoulli(likelihood, row, &terms[row - begin]);
  for (int strip = 0; strip < CHUNKS(d->columns); strip++) {
    __global const float *weights = base_of(c, weight) + (size_t)strip * weight.stride;
    real bias = is_present(d->operands[2])
        ? load_real(base_of(c, d->operands[2]) + strip * 16) : (real)(0.0f);
    int row = begin;
    while (row < end) {
      real sums[TALLEST_TILE];
      int height = multiply_tile(
          end - row, sums, bias, place(c, input, row, 0), input.stride, weights, d->inner);
      for (int i = 0; i < height; i++, row++) {
        if (likelihood)
          add_bernoulli(c, likelihood, sums[i], row, strip, &terms[row - begin]);
        else
          finish_layer(c, d, sums[i], row, strip);
      }
    }
  }
  if (likelihood)
    for (int row = begin; row < end; row++) end_bernoulli(c, likelihood, row, &terms[row - begin]);
}

// operands: 0 matrix, 1 coefficients.
static void run_scale_rows(const context *c, const descriptor *d, int begin, int end) {
  __global const float *scale = base_of(c, d->operands[1]);
  for (int strip = 0; strip < CHUNKS(d->columns); strip++)
    for (int row = begin; row < end; row++)
      store(c, d->operands[0], row, strip,
            load(c, d->operands[0], row, strip) * (real)(scale[row]));
}

// Takes a block of units (images, or samples) through a list of operations.
__kernel SINGLE void walk_rows(CONTEXT_ARGUMENTS, int first, int count, int units,
                               int units_per_group) {
  MAKE_CONTEXT
  int begin_unit = (int)get_group_id(0) * units_per_group;
  int end_unit = min(begin_unit + units_per_group, units);
  for (int index = first; index < first + count; index++) {
    const descriptor d = table[index];
    int begin = begin_unit * d.rows_per_unit;
    int end = end_unit * d.rows_per_unit;
    switch (d.kind) {
      case KIND_GATHER: run_gather(&c, &d, begin, end); break;
      case KIND_MULTIPLY: run_multiply(&c, &d, 0, begin, end); break;
      case KIND_PRODUCT_INTO_LIKELIHOOD: {
        const descriptor likelihood = table[++index];
        run_multiply(&c, &d, &likelihood, begin, end);
        break;
      }
      case KIND_SCALE_ROWS: run_scale_rows(&c, &d, begin, end); break;
      case KIND_REPARAMETERIZE: run_reparameterize(&c, &d, begin, end); break;
      case KIND_LATENT_TERM: run_latent_term(&c, &d, begin, end); break;
      case KIND_BERNOULLI: run_bernoulli(&c, &d, begin, end); break;
      case KIND_GAUSSIAN: run_gaussian(&c, &d, begin, end); break;
      case KIND_LOG_WEIGHT: run_log_weight(&c, &d, begin, end); break;
      case KIND_ESTIMATE: run_estimate(&c, &d, begin, end); break;
      case KIND_DRAW: run_draw(&c, &d, begin, end); break;
      case KIND_LATENT_GRADIENT: run_latent_gradient(&c, &d, begin, end); break;
      case KIND_SUM_SAMPLES: run_sum_samples(&c, &d, begin, end); break;
      case KIND_ACCUMULATE_WEIGHTS: run_accumulate_weights(&c, &d, begin, end); break;
      case KIND_LOG_MEAN: run_log_mean(&c, &d, begin, end); break;
      case KIND_LEAPFROG: run_leapfrog(&c, &d, begin, end); break;
      case KIND_ACCEPT: run_accept(&c, &d, begin, end); break;
      case KIND_SELECT: run_select_rows(&c, &d, begin, end); break;
      case KIND_SUM: run_sum(&c, &d, begin, end); break;
    }
  }
}

// What becomes of sixteen elements of a gradient at a place in the arenas: they are stored, or the
// parameters follow them. group: whether they do. mode: whether to add to the gradient, times its
// decay in operand 5, if any.
// Returns the parameters that follow, or the gradient.
static inline real settle_gradient(
    const context *c, const descriptor *d, __global float *at, real gradient) {
  float decay = is_present(d->operands[5]) ? load_value(c, d->operands[5], 0) : 1.0f;
  if (d->mode && decay != 0.0f) gradient = fma((real)(decay), load_real(at), gradient);
  if (d->group) return update_elements(c, d, at - c->arenas[2], gradient);
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

// operands: 0 delta, 1 input, 2 row scale, 3 gradient, 4 the second copy of the weight.
// columns: outputs. inner: inputs. samples: rows. group, mode: as settle_gradient.
//
// One tile: 16 inputs by 16 outputs.
static void run_weight_gradient(const context *c, const descriptor *d, int tile) {
  int strip = tile / CHUNKS(d->inner);
  int input_strip = tile % CHUNKS(d->inner);
  __global const float *delta = place(c, d->operands[0], 0, strip);
  __global const float *input = place(c, d->operands[1], 0, input_strip);
  int count = min(16, d->inner - input_strip * 16);
  // The update reads three values for each gradient: they come while the rows are summed.
  if (d->group) {
    size_t at = place(c, d->operands[3], input_strip * 16, strip) - c->arenas[2];
    for (int i = 0; i < count; i++) {
      PREFETCH(c->arenas[0] + at + i * 16);
      PREFETCH(c->arenas[3] + at + i * 16);
      PREFETCH(c->arenas[4] + at + i * 16);
    }
  }
  real sums[16];
  UNROLL for (int i = 0; i < 16; i++) sums[i] = (real)(0.0f);
  if (is_present(d->operands[2])) {
    __global const float *scale = base_of(c, d->operands[2]);
    for (int row = 0; row < d->samples; row++) {
      real scaled = load_real(delta + (size_t)row * 16) * (real)(scale[row]);
      UNROLL for (int i = 0; i < 16; i++)
        sums[i] = fma((real)(input[(size_t)row * 16 + i]), scaled, sums[i]);
    }
  } else {
    for (int row = 0; row < d->samples; row++) {
      real plain = load_real(delta + (size_t)row * 16);
      UNROLL for (int i = 0; i < 16; i++)
        sums[i] = fma((real)(input[(size_t)row * 16 + i]), plain, sums[i]);
    }
  }
  for (int i = 0; i < 16; i++)
    sums[i] = i < count
        ? settle_gradient(c, d, place(c, d->operands[3], input_strip * 16 + i, strip), sums[i])
        : (real)(0.0f);
  if (is_present(d->operands[4])) {
    transpose_tile(sums);
    int outputs = min(16, d->columns - strip * 16);
    for (int i = 0; i < outputs; i++)
      store(c, d->operands[4], strip * 16 + i, input_strip, sums[i]);
  }
}

// operands and sizes: as run_weight_gradient, without the input and the second copy.
static void run_bias_gradient(const context *c, const descriptor *d, int strip) {
  __global const float *delta = place(c, d->operands[0], 0, strip);
  // Four sums side by side, so that one addition does not wait for the last.
  real sums[4];
  UNROLL for (int i = 0; i < 4; i++) sums[i] = (real)(0.0f);
  int scaled = is_present(d->operands[2]);
  __global const float *scale = scaled ? base_of(c, d->operands[2]) : 0;
  for (int first = 0; first < d->samples; first += 4) {
    UNROLL for (int i = 0; i < 4; i++) {
      int row = first + i;
      if (row < d->samples)
        sums[i] = fma((real)(scaled ? scale[row] : 1.0f), load_real(delta + (size_t)row * 16),
                      sums[i]);
    }
  }
  real total = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  settle_gradient(c, d, base_of(c, d->operands[3]) + strip * 16, total);
}

// The descriptor whose work-groups hold this group.
static inline int find_descriptor(__global const descriptor *table, int first, int count) {
  int index = first;
  while (index + 1 < first + count && table[index + 1].first_group <= (int)get_group_id(0)) index++;
  return index;
}

// How many vectors of elements a group normalises.
#define NORMALIZE_UNITS 256

__kernel SINGLE void sum_rows(CONTEXT_ARGUMENTS, int first, int count, int units,
                              int units_per_group) {
  MAKE_CONTEXT
  int last = find_descriptor(table, first, count);
  const descriptor d = table[last];
  int tile = (int)get_group_id(0) - d.first_group;
  switch (d.kind) {
    case KIND_WEIGHT_GRADIENT: run_weight_gradient(&c, &d, tile); break;
    case KIND_BIAS_GRADIENT: run_bias_gradient(&c, &d, tile); break;
    case KIND_NORMALIZE: {
      int end = min((tile + 1) * NORMALIZE_UNITS, (d.inner + 15) / 16);
      run_normalize_sums(&c, &d, tile * NORMALIZE_UNITS, end);
      break;
    }
    case KIND_SUM:
      // Totals share a group, one after another, for each may need the one before.
      for (int index = first; index <= last; index++) {
        const descriptor sum = table[index];
        run_sum(&c, &sum, 0, 1);
      }
      break;
  }
}

__kernel SINGLE void update_parameters(CONTEXT_ARGUMENTS, int first, int count, int units,
                                       int units_per_group) {
  MAKE_CONTEXT
  const descriptor d = table[first];
  int begin = (int)get_group_id(0) * units_per_group;
  run_adam(&c, &d, begin, min(begin + units_per_group, units));
}

// operands: 0 weight, 1 its second copy. columns: outputs. inner: inputs. A group is a tile.
__kernel SINGLE void transpose_weights(CONTEXT_ARGUMENTS, int first, int count, int units,
                                       int units_per_group) {
  MAKE_CONTEXT
  const descriptor d = table[find_descriptor(table, first, count)];
  int tile = (int)get_group_id(0) - d.first_group;
  int strip = tile / CHUNKS(d.inner);
  int input_strip = tile % CHUNKS(d.inner);
  real rows[16];
  for (int i = 0; i < 16; i++) {
    int input = input_strip * 16 + i;
    rows[i] = input < d.inner ? load(&c, d.operands[0], input, strip) : (real)(0.0f);
  }
  transpose_tile(rows);
  for (int i = 0; i < 16; i++) {
    int output = strip * 16 + i;
    if (output < d.columns) store(&c, d.operands[1], output, input_strip, rows[i]);
  }
}
