// Tile rows: operations that walk rows, each a kernel of its own, for GPUs. OPERATIONS stands for the files
// of the operations that a program needs, MAPS for its maps, ROW_KERNELS for a kernel of each.
//
// Defines: those of row_kernel.cl. Work-groups: GROUP_SIZE work-items.

#include "map.cl"
#include "row_kernel.cl"

OPERATIONS

MAPS

ROW_KERNELS
