// Walks: blocks of rows go through lists of operations.
//
// In panels a matrix lies as [column / 16][row][16] (lanes.cl). A weight (out, in) lies as the panels of
// its transpose, [out / 16][in][16], which is what walking a layer forwards reads; a second copy,
// [in / 16][out][16], serves walking it backwards. Both make the innermost loop the same: one
// broadcast element of the input times sixteen neighbouring weights.
//
// OPERATIONS stands for the files of the operations that the program's walks need. The prelude's
// WALK_CASES call them, and the program's maps, which stand in the place of MAPS.
//
// Defines: those of multiply.cl. Work-groups: GROUP work-items, which is one in panels; PoCL runs it as a
// plain loop.

#include "map.cl"
#include "multiply.cl"

OPERATIONS

ROUTINE void run_scale_rows(const context *c, const descriptor *d, int begin, int end) {
  __global const float *scale = base_of(c, scale_rows_coefficients(d));
  operand matrix = scale_rows_matrix(d);
  FOR_CHUNKS(chunk, d->columns)
    for (int row = begin; row < end; row++)
      store(c, matrix, row, chunk, load(c, matrix, row, chunk) * (real)(scale[row]));
}

MAPS

// Takes a block of units (images, or samples) through a list of operations.
__kernel GROUPED void walk_rows(KERNEL_ARGUMENTS) {
  MAKE_CONTEXT
  int begin_unit = (int)get_group_id(0) * units_per_group;
  int end_unit = min(begin_unit + units_per_group, units);
  for (int index = first; index < first + count; index++) {
    const descriptor d = table[index];
    int begin = begin_unit * d.rows_per_unit;
    int end = end_unit * d.rows_per_unit;
    __global const descriptor *companions = table + index - d.companions;
    switch (d.kind) {
      WALK_CASES
      case KIND_SCALE_ROWS: run_scale_rows(&c, &d, begin, end); break;
    }
    SHARE_WRITES
  }
}
