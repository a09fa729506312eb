// Row maximum: the largest element of each row.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is a row.

#include "descriptor.cl"

ROUTINE void run_row_maximum(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  int columns = row_maximum_columns(d);
  for (int row = begin; row < end; row++) {
    real largest = (real)(-INFINITY);
    FOR_CHUNKS(chunk, columns) {
      real value = load(c, row_maximum_input(d), row, chunk);
      // The padding of a row is 0, which may be larger than all of it.
      value = with_padding(value, chunk, columns, -INFINITY);
      largest = value > largest ? value : largest;
    }
    store_value(c, row_maximum_output(d), row, group_max(largest, scratch));
  }
}
