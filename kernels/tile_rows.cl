// Tile rows: what walks rows, for GPUs. OPERATIONS stands for the file of an operation, or MAPS for the
// maps that a program needs, and ROW_KERNELS for a kernel of each.
//
// Defines: those of row_kernel.cl. Work-groups: GROUP_SIZE work-items.

#include "map.cl"
#include "row_kernel.cl"

OPERATIONS

MAPS

ROW_KERNELS
