// Classes: the log density of data that are classes, its slope by the logits, or the mean class.
//
//   output[r] = sum over d of a[x] - log of the sum over c of exp(a[c])      a = logits[r, d C + c]
//   output[r, d C + c] = (x = c) - softmax(a)[c]                             x = data[r / sharing, d]
//   output[r, d] = sum over c of c softmax(a)[c]
//
// A variable's columns begin anywhere in a strip, so lanes are rows: in panels strips are turned as
// they are read and written. In tiles a work-item takes a variable of its group's row.
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is a row.

#include "descriptor.cl"
#include "numerics.cl"
#include "turn.cl"

#ifdef PANELS
// The strips that are kept turned: a variable's columns are read up to three times.
#define KEPT_STRIPS 4
#endif

// A matrix's columns, of which a lane has its row's value.
typedef struct {
  operand matrix;
  int rows[LANES];
#ifdef PANELS
  int strips[KEPT_STRIPS];
  real columns[KEPT_STRIPS * 16];
#endif
} column_reader;

// Lanes past the last row follow that one.
static inline void begin_reading(column_reader *reader, operand matrix, int row, int last) {
  reader->matrix = matrix;
  for (int i = 0; i < LANES; i++) reader->rows[i] = min(row + i, last) / matrix.sharing;
#ifdef PANELS
  for (int i = 0; i < KEPT_STRIPS; i++) reader->strips[i] = -1;
#endif
}

static inline real read_column(const context *c, column_reader *reader, int column) {
#ifdef PANELS
  int strip = column / 16;
  real *columns = reader->columns + strip % KEPT_STRIPS * 16;
  if (reader->strips[strip % KEPT_STRIPS] != strip) {
    for (int i = 0; i < 16; i++) columns[i] = load(c, reader->matrix, reader->rows[i], strip);
    turn(columns);
    reader->strips[strip % KEPT_STRIPS] = strip;
  }
  return columns[column % 16];
#else
  return load(c, reader->matrix, reader->rows[0], column);
#endif
}

// Columns of a matrix that are written one after another.
typedef struct {
  operand matrix;
  int row;
  int rows;
  int last;
#ifdef PANELS
  real columns[16];
#endif
} column_writer;

static inline void write_column(
    const context *c, column_writer *writer, int column, real value) {
#ifdef PANELS
  writer->columns[column % 16] = value;
  if (column % 16 < 15 && column < writer->last) return;
  for (int i = column % 16 + 1; i < 16; i++) writer->columns[i] = (real)(0.0f);
  turn(writer->columns);
  for (int i = 0; i < writer->rows; i++)
    store(c, writer->matrix, writer->row + i, column / 16, writer->columns[i]);
#else
  store(c, writer->matrix, writer->row, column, value);
#endif
}

ROUTINE void run_classes(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  int result = classes_result(d);
  int variables = classes_variables(d);
  int count = classes_count(d);
  column_reader logits, data;
  column_writer output;
  output.matrix = classes_output(d);
  output.last = d->columns - 1;
  for (int row = begin; row < end; row += LANES) {
    begin_reading(&logits, classes_logits(d), row, end - 1);
    if (result != CLASSES_MEAN) begin_reading(&data, classes_data(d), row, end - 1);
    output.row = row;
    output.rows = min(LANES, end - row);
    real density = (real)(0.0f);
    for (int variable = WORKER; variable < variables; variable += GROUP) {
      int first = variable * count;
      real x = (real)(0.0f);
      if (result != CLASSES_MEAN) x = read_column(c, &data, variable);
      real largest = (real)(-INFINITY);
      for (int k = 0; k < count; k++) {
        real value = read_column(c, &logits, first + k);
        largest = value > largest ? value : largest;
      }
      // Where the largest is infinite there is no distribution, and all becomes NaN.
      real sum = (real)(0.0f);
      real weighed = (real)(0.0f);
      real chosen = (real)(-INFINITY);
      for (int k = 0; k < count; k++) {
        real value = read_column(c, &logits, first + k) - largest;
        real share = exp_negative(value);
        sum += share;
        weighed = fma((real)((float)k), share, weighed);
        chosen = x == (real)((float)k) ? value : chosen;
      }
      if (result == CLASSES_LOG_DENSITY) density += x == x ? chosen - log_full(sum) : (real)(0.0f);
      if (result == CLASSES_MEAN) write_column(c, &output, variable, weighed / sum);
      real factor = (real)(1.0f) / sum;
      for (int k = 0; k < (result == CLASSES_SLOPE ? count : 0); k++) {
        real share = exp_negative(read_column(c, &logits, first + k) - largest) * factor;
        real slope = (x == (real)((float)k) ? (real)(1.0f) : (real)(0.0f)) - share;
        write_column(c, &output, first + k, x == x ? slope : (real)(0.0f));
      }
    }
#ifdef PANELS
    if (result == CLASSES_LOG_DENSITY)
      store_span(density, base_of(c, output.matrix) + row, output.rows);
#else
    // The group's sum stands outside of branches, as in sum.cl.
    float sum = group_sum(density, scratch);
    if (result == CLASSES_LOG_DENSITY) store_value(c, output.matrix, row, sum);
#endif
  }
}
