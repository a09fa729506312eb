// Tiles: matrix products, for GPUs.
//
// Matrices lie row by row (lanes.cl). A product is computed in square tiles of the output
// (multiply.cl); each work-item keeps a small tile of its own in registers.
//
// Defines: those of multiply.cl; TILE, the side of an output tile.
// Work-groups: (TILE / ITEM)^2 work-items.

#define ITEMS_DOWN (TILE / ITEM)
#define ITEMS_ACROSS ITEMS_DOWN

#include "multiply.cl"

// units: the rows of the output. Its two kinds are kernels of their own, for how a weight is staged takes the
// most instructions of all that depends on a form.
#define PRODUCT_KERNEL(name, transposed) \
  __kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) \
  void name(KERNEL_ARGUMENTS) { \
    MAKE_CONTEXT \
    const descriptor d = table[first]; \
    int tiles = (d.columns + TILE - 1) / TILE; \
    int tile = (int)get_group_id(0); \
    int form = (multiply_form(&d) & ~FORM_TRANSPOSED) | (transposed); \
    multiply_tile(&c, &d, form, tile / tiles * TILE, units, tile % tiles * TILE, scratch); \
  }

PRODUCT_KERNEL(multiply_forward, 0)
PRODUCT_KERNEL(multiply_transposed, FORM_TRANSPOSED)
