// Tiles: the schedule for GPUs.
//
// Matrices lie row by row (lanes.cl). A matrix product is computed in tiles of the output, whose
// operands are staged in local memory; each work-item keeps a small tile of its own in registers.
// Everything else is a kernel of its own, with a work-group for each row.
//
// Defines: TILES; GROUP_SIZE, the work-items of a group; TILE, the side of an output tile;
// TILE_DEPTH, how much of each sum is staged at once; ITEM, the side of a work-item's tile, with
// (TILE / ITEM)^2 work-items a group in the products.
// Work-groups: GROUP_SIZE work-items, (TILE / ITEM)^2 in multiply_tiles.

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

#define GROUPED __attribute__((reqd_work_group_size(GROUP_SIZE, 1, 1)))

// A kernel that walks rows: each group takes some units of its one operation.
#define ROW_KERNEL(operation) \
  __kernel GROUPED void operation(CONTEXT_ARGUMENTS, int first, int count, int units, \
                                  int units_per_group) { \
    MAKE_CONTEXT \
    const descriptor d = table[first]; \
    int begin = (int)get_group_id(0) * units_per_group; \
    int end = min(begin + units_per_group, units); \
    run_##operation(&c, &d, begin * d.rows_per_unit, end * d.rows_per_unit); \
  }

ROW_KERNEL(gather)
ROW_KERNEL(reparameterize)
ROW_KERNEL(latent_term)
ROW_KERNEL(bernoulli)
ROW_KERNEL(gaussian)
ROW_KERNEL(log_weight)
ROW_KERNEL(estimate)
ROW_KERNEL(draw)
ROW_KERNEL(latent_gradient)
ROW_KERNEL(sum_samples)
ROW_KERNEL(accumulate_weights)
ROW_KERNEL(normalize_sums)
ROW_KERNEL(log_mean)
ROW_KERNEL(leapfrog)
ROW_KERNEL(accept)
ROW_KERNEL(select_rows)
ROW_KERNEL(sum)
ROW_KERNEL(adam)

// What is added to a gradient: what it held times its decay in operand 5, if any.
// mode: whether anything is.
static inline float old_gradient(const context *c, const descriptor *d, float old) {
  if (!d->mode) return 0.0f;
  float decay = is_present(d->operands[5]) ? load_value(c, d->operands[5], 0) : 1.0f;
  return decay == 0.0f ? 0.0f : decay * old;
}

// operands: 0 delta, 2 row scale, 3 gradient. columns: outputs. samples: rows. mode: as
// old_gradient. A unit is an output.
static void run_bias_gradient(const context *c, const descriptor *d, int begin, int end) {
  for (int output = begin + WORKER; output < end; output += GROUP) {
    float total = 0.0f;
    for (int row = 0; row < d->samples; row++) {
      float scale = is_present(d->operands[2]) ? load_value(c, d->operands[2], row) : 1.0f;
      total = fma(scale, load(c, d->operands[0], row, output), total);
    }
    __global float *at = base_of(c, d->operands[3]) + output;
    *at = old_gradient(c, d, *at) + total;
  }
}

ROW_KERNEL(bias_gradient)

#define PRODUCT_FORWARD 0
#define PRODUCT_TRANSPOSED 1
#define PRODUCT_GRADIENT 2
#define PRODUCT_SIDE (TILE / ITEM)
#define PRODUCT_GROUP (PRODUCT_SIDE * PRODUCT_SIDE)

// One of three products over row-major operands, by how their elements are reached:
//   forward      output[i, j] = sum_k input[i, k] weight[j, k]
//   transposed   output[i, j] = sum_k input[i, k] weight[k, j]
//   gradient     output[i, j] = sum_k scale[k] delta[k, i] input[k, j]
static inline float left_element(
    const context *c, const descriptor *d, int product, int i, int k, int rows, int depth) {
  if (i >= rows || k >= depth) return 0.0f;
  if (product != PRODUCT_GRADIENT) return load(c, d->operands[0], i, k);
  float delta = load(c, d->operands[0], k, i);
  return is_present(d->operands[2]) ? delta * load_value(c, d->operands[2], k) : delta;
}

static inline float right_element(
    const context *c, const descriptor *d, int product, int k, int j, int columns, int depth) {
  if (j >= columns || k >= depth) return 0.0f;
  return product == PRODUCT_FORWARD ? load(c, d->operands[1], j, k) : load(c, d->operands[1], k, j);
}

static inline void store_product(
    const context *c, const descriptor *d, int product, float value, int i, int j) {
  if (product != PRODUCT_GRADIENT) {
    if (is_present(d->operands[2])) value += load_value(c, d->operands[2], j);
    finish_layer(c, d, value, i, j);
  } else {
    value += old_gradient(c, d, load(c, d->operands[3], i, j));
    store(c, d->operands[3], i, j, value);
  }
}

// units: the rows of the output. units_per_group: which product.
__kernel __attribute__((reqd_work_group_size(PRODUCT_GROUP, 1, 1)))
void multiply_tiles(CONTEXT_ARGUMENTS, int first, int count, int units, int units_per_group) {
  // One row more than a tile keeps neighbouring rows out of the same memory bank.
  __local float left[TILE_DEPTH][TILE + 1];
  __local float right[TILE_DEPTH][TILE + 1];
  MAKE_CONTEXT
  const descriptor d = table[first];
  int product = units_per_group;
  int rows = units;
  int columns = product == PRODUCT_GRADIENT ? d.inner : d.columns;
  int depth = product == PRODUCT_GRADIENT ? d.samples : d.inner;
  int across = (columns + TILE - 1) / TILE;
  int first_row = (int)get_group_id(0) / across * TILE;
  int first_column = (int)get_group_id(0) % across * TILE;
  int item_row = WORKER / PRODUCT_SIDE;
  int item_column = WORKER % PRODUCT_SIDE;
  float sums[ITEM][ITEM];
  UNROLL for (int i = 0; i < ITEM; i++)
    UNROLL for (int j = 0; j < ITEM; j++) sums[i][j] = 0.0f;

  for (int start = 0; start < depth; start += TILE_DEPTH) {
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int e = WORKER; e < TILE * TILE_DEPTH; e += PRODUCT_GROUP) {
      // Neighbouring work-items read neighbouring elements, along whichever index is contiguous.
      int along = e % TILE_DEPTH, beside = e / TILE_DEPTH;
      int along_tile = e % TILE, beside_tile = e / TILE;
      int lk = product == PRODUCT_GRADIENT ? beside_tile : along;
      int li = product == PRODUCT_GRADIENT ? along_tile : beside;
      int rk = product == PRODUCT_FORWARD ? along : beside_tile;
      int rj = product == PRODUCT_FORWARD ? beside : along_tile;
      left[lk][li] = left_element(&c, &d, product, first_row + li, start + lk, rows, depth);
      right[rk][rj] =
          right_element(&c, &d, product, start + rk, first_column + rj, columns, depth);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = 0; k < TILE_DEPTH; k++) {
      float a[ITEM], b[ITEM];
      UNROLL for (int i = 0; i < ITEM; i++) a[i] = left[k][item_row + i * PRODUCT_SIDE];
      UNROLL for (int j = 0; j < ITEM; j++) b[j] = right[k][item_column + j * PRODUCT_SIDE];
      UNROLL for (int i = 0; i < ITEM; i++)
        UNROLL for (int j = 0; j < ITEM; j++) sums[i][j] = fma(a[i], b[j], sums[i][j]);
    }
  }
  for (int i = 0; i < ITEM; i++) {
    for (int j = 0; j < ITEM; j++) {
      int row = first_row + item_row + i * PRODUCT_SIDE;
      int column = first_column + item_column + j * PRODUCT_SIDE;
      if (row < rows && column < columns) store_product(&c, &d, product, sums[i][j], row, column);
    }
  }
}
