// Tiles: the schedule for GPUs.
//
// Matrices lie row by row (lanes.cl). A matrix product is computed in tiles of the output, whose
// operands are staged in local memory; each work-item keeps a small tile of its own in registers.
// Everything else is a kernel of its own, with a work-group for each row: OPERATIONS stands for the
// operations' files, ROW_KERNELS for a kernel of each.
//
// Defines: TILES; GROUP_SIZE, the work-items of a group; TILE, the side of an output tile;
// TILE_DEPTH, how much of each sum is staged at once; ITEM, the side of a work-item's tile, with
// (TILE / ITEM)^2 work-items a group in the products.
// Work-groups: GROUP_SIZE work-items, (TILE / ITEM)^2 in multiply_tiles.

#include "multiply.cl"
#include "row_kernel.cl"
#include "weight_gradient.cl"

OPERATIONS

ROW_KERNELS

#define PRODUCT_SIDE (TILE / ITEM)
#define PRODUCT_GROUP (PRODUCT_SIDE * PRODUCT_SIDE)

// One of three products over row-major operands, by how their elements are reached:
//   forward      output[i, j] = sum_k input[i, k] weight[j, k]
//   transposed   output[i, j] = sum_k input[i, k] weight[k, j]
//   gradient     output[i, j] = sum_k scale[k] delta[k, i] input[k, j]
static inline float left_element(
    const context *c, const descriptor *d, int product, int i, int k, int rows, int depth) {
  if (i >= rows || k >= depth) return 0.0f;
  if (product != PRODUCT_GRADIENT) return load(c, multiply_input(d), i, k);
  float delta = load(c, weight_gradient_delta(d), k, i);
  operand scale = weight_gradient_row_scale(d);
  return is_present(scale) ? delta * load_value(c, scale, k) : delta;
}

static inline float right_element(
    const context *c, const descriptor *d, int product, int k, int j, int columns, int depth) {
  if (j >= columns || k >= depth) return 0.0f;
  if (product == PRODUCT_GRADIENT) return load(c, weight_gradient_input(d), k, j);
  return product == PRODUCT_FORWARD
      ? load(c, multiply_weight(d), j, k) : load(c, multiply_weight(d), k, j);
}

static inline void store_product(
    const context *c, const descriptor *d, int product, float value, int i, int j) {
  if (product != PRODUCT_GRADIENT) {
    if (is_present(multiply_bias(d))) value += load_value(c, multiply_bias(d), j);
    finish_layer(c, d, value, i, j);
  } else {
    __global float *at = place(c, weight_gradient_gradient(d), i, j);
    *at = value
        + old_gradient(c, weight_gradient_accumulates(d), weight_gradient_decay(d), at);
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
  int columns = product == PRODUCT_GRADIENT ? weight_gradient_inputs(&d) : d.columns;
  int depth = product == PRODUCT_GRADIENT ? weight_gradient_rows(&d) : multiply_depth(&d);
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
  UNROLL for (int i = 0; i < ITEM; i++) {
    UNROLL for (int j = 0; j < ITEM; j++) {
      int row = first_row + item_row + i * PRODUCT_SIDE;
      int column = first_column + item_column + j * PRODUCT_SIDE;
      if (row < rows && column < columns) store_product(&c, &d, product, sums[i][j], row, column);
    }
  }
}
