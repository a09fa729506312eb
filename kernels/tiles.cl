// Tiles: matrix products, for GPUs.
//
// Matrices lie row by row (lanes.cl). A product is computed in tiles of the output, whose operands are
// staged in local memory; each work-item keeps a small tile of its own in registers.
//
// Defines: TILES; TILE, the side of an output tile; TILE_DEPTH, how much of each sum is staged at once;
// ITEM, the side of a work-item's tile.
// Work-groups: (TILE / ITEM)^2 work-items.

#include "multiply.cl"

#define PRODUCT_SIDE (TILE / ITEM)
#define PRODUCT_GROUP (PRODUCT_SIDE * PRODUCT_SIDE)

// An element of the right factor, which is the weight or its transpose.
static inline float right_element(
    const context *c, const descriptor *d, int transposed, int k, int j, int columns, int depth) {
  if (j >= columns || k >= depth) return 0.0f;
  return transposed ? load(c, multiply_weight(d), k, j) : load(c, multiply_weight(d), j, k);
}

// One more than a tile keeps neighbouring rows out of the same memory bank.
typedef float staged_row[TILE + 1];

// A tile of a product. Its two kinds are kernels of their own, in which `transposed` is known.
static inline void multiply_tile(
    const context *c, const descriptor *d, int transposed, int rows, __local staged_row *left) {
  __local staged_row *right = left + TILE_DEPTH;
  int columns = d->columns;
  int depth = multiply_depth(d);
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
      int row = first_row + beside, k = start + along;
      left[along][beside] =
          row < rows && k < depth ? load(c, multiply_input(d), row, k) : 0.0f;
      int rk = transposed ? e / TILE : along;
      int rj = transposed ? e % TILE : beside;
      right[rk][rj] =
          right_element(c, d, transposed, start + rk, first_column + rj, columns, depth);
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
      if (row < rows && column < columns) {
        float value = sums[i][j];
        if (is_present(multiply_bias(d))) value += load_value(c, multiply_bias(d), column);
        finish_layer(c, d, value, row, column);
      }
    }
  }
}

// units: the rows of the output.
#define PRODUCT_KERNEL(name, transposed) \
  __kernel __attribute__((reqd_work_group_size(PRODUCT_GROUP, 1, 1))) \
  void name(KERNEL_ARGUMENTS) { \
    MAKE_CONTEXT \
    const descriptor d = table[first]; \
    multiply_tile(&c, &d, transposed, units, (__local staged_row *)scratch); \
  }

PRODUCT_KERNEL(multiply_forward, 0)
PRODUCT_KERNEL(multiply_transposed, 1)
