// Tile maps: maps as kernels of their own, for GPUs. MAPS and ROW_KERNELS are those of a program.
//
// Defines: those of row_kernel.cl. Work-groups: GROUP_SIZE work-items.

#include "map.cl"
#include "row_kernel.cl"

MAPS

ROW_KERNELS
