// Columns: some columns of a matrix, put among the columns of another.
//
//   output[r, to + j] = input[r / sharing, from + j]  for j < count, and 0 elsewhere
//
// or added to what is there, where only the chunks that get something are touched.
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is one of the output.

#include "descriptor.cl"

// What of a row of the input comes to lie in a chunk of the output; other lanes are zero.
ROUTINE real load_columns(const context *c, const descriptor *d, int row, int chunk) {
  operand input = columns_input(d);
  int first = chunk * LANES - columns_to(d);
  int from = columns_from(d);
  int count = columns_count(d);
#ifdef PANELS
  // Where chunks lie under chunks, as in a matrix that another is put beside.
  if ((from + first) % 16 == 0 && first >= 0 && first + 16 <= count)
    return load(c, input, row, (from + first) / 16);
  __global const float *base = base_of(c, input) + (size_t)row * 16;
  float lanes[16] __attribute__((aligned(64)));
  for (int i = 0; i < 16; i++) {
    int j = first + i;
    int column = from + j;
    lanes[i] =
        j >= 0 && j < count ? base[(size_t)(column / 16) * input.stride + column % 16] : 0.0f;
  }
  return vload16(0, lanes);
#else
  return first >= 0 && first < count ? load(c, input, row, from + first) : 0.0f;
#endif
}

ROUTINE void run_columns(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  int accumulates = columns_accumulates(d);
  int first = accumulates ? columns_to(d) / LANES : 0;
  int last = CHUNKS(accumulates ? columns_to(d) + columns_count(d) : d->columns);
  for (int row = begin; row < end; row++) {
    int shared = row / columns_input(d).sharing;
    for (int chunk = first + WORKER; chunk < last; chunk += GROUP) {
      real value = load_columns(c, d, shared, chunk);
      if (accumulates) value += load(c, columns_output(d), row, chunk);
      store(c, columns_output(d), row, chunk, value);
    }
  }
}
