// Tiles: matrix products, for GPUs.
//
// Matrices lie row by row (lanes.cl). A product is computed in square tiles of the output
// (multiply.cl); each work-item keeps a small tile of its own in registers.
//
// Defines: those of multiply.cl; TILE, the side of an output tile.
// Work-groups: (TILE / ITEM)^2 work-items.

#include "multiply.cl"

#define PRODUCT_SIDE (TILE / ITEM)

// units: the rows of the output. Its two kinds are kernels of their own, in which `transposed` is known.
#define PRODUCT_KERNEL(name, transposed) \
  __kernel __attribute__((reqd_work_group_size(PRODUCT_SIDE * PRODUCT_SIDE, 1, 1))) \
  void name(KERNEL_ARGUMENTS) { \
    MAKE_CONTEXT \
    const descriptor d = table[first]; \
    int tiles = (d.columns + TILE - 1) / TILE; \
    int tile = (int)get_group_id(0); \
    multiply_tile(&c, &d, transposed, PRODUCT_SIDE, PRODUCT_SIDE, tile / tiles * TILE, units, \
                  tile % tiles * TILE, scratch); \
  }

PRODUCT_KERNEL(multiply_forward, 0)
PRODUCT_KERNEL(multiply_transposed, 1)
