// Relay: values from one way of lying to another, and from rows to columns.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is one of the output.

#include "descriptor.cl"
#include "turn.cl"

static inline int is_vector(int form) {
  return form == RELAY_FORM_VECTOR || form == RELAY_FORM_PARAMETER_VECTOR;
}

// The place of one element.
static inline __global float *element(const context *c, operand o, int form, int row, int column) {
  __global float *base = base_of(c, o);
  if (is_vector(form)) return base + row;
#ifdef PANELS
  if (form == RELAY_FORM_PARAMETER)
    return base + (size_t)(row / 16) * o.stride + (size_t)column * 16 + row % 16;
  return base + (size_t)(column / 16) * o.stride + (size_t)row * 16 + column % 16;
#else
  return base + (size_t)row * o.stride + column;
#endif
}

// The columns of a row, with its padding, and the rows, with those beside the last that are padding.
static inline int padded_columns(int form, int columns) {
#ifdef PANELS
  if (form == RELAY_FORM_PARAMETER) return columns;
#endif
  return is_vector(form) ? columns : (columns + 15) / 16 * 16;
}

static inline int padded_rows(int form, int rows) {
  int is_padded = form == RELAY_FORM_PARAMETER_VECTOR;
#ifdef PANELS
  is_padded |= form == RELAY_FORM_PARAMETER;
#endif
  return is_padded ? (rows + 15) / 16 * 16 : rows;
}

#ifdef PANELS
// 16 rows of a chunk of a matrix, a vector each, or of a parameter, which has a vector for each column.
static inline void load_square(
    const context *c, operand o, int form, int first, int chunk, int rows, int columns, real *s) {
  UNROLL for (int i = 0; i < 16; i++) {
    int is_there = form == RELAY_FORM_PARAMETER ? chunk * 16 + i < columns : first + i < rows;
    __global const float *from = form == RELAY_FORM_PARAMETER
        ? place(c, o, chunk * 16 + i, first / 16) : place(c, o, first + i, chunk);
    s[i] = is_there ? load_real(from) : (real)(0.0f);
  }
}

// Between a matrix and a parameter, squares of 16 rows are turned; everything else goes one element at a
// time, for what another group holds of a parameter's strip must stay. Returns the rows that it relayed.
static int relay_square(
    const context *c, const descriptor *d, int row, int end, int accumulates, float decay) {
  int from = relay_input_form(d), to = relay_output_form(d);
  int rows = relay_rows(d);
  int is_whole = row % 16 == 0 && (row + 16 <= end || end >= rows);
  if (relay_turns(d) || is_vector(from) || from == to || !is_whole) return 0;
  for (int chunk = 0; chunk < CHUNKS(d->columns); chunk++) {
    real s[16];
    load_square(c, relay_input(d), from, row, chunk, rows, d->columns, s);
    turn(s);
    for (int i = 0; i < 16; i++) {
      int is_there = to == RELAY_FORM_PARAMETER ? chunk * 16 + i < d->columns : row + i < rows;
      if (!is_there) continue;
      __global float *at = to == RELAY_FORM_PARAMETER
          ? place(c, relay_output(d), chunk * 16 + i, row / 16)
          : place(c, relay_output(d), row + i, chunk);
      store_real(accumulates ? fma((real)(decay), load_real(at), s[i]) : s[i], at);
    }
  }
  return 16;
}
#else
#define relay_square(c, d, row, end, accumulates, decay) 0
#endif

ROUTINE void relay_row(
    const context *c, const descriptor *d, int row, int accumulates, float decay) {
  int form = relay_output_form(d);
  int turns = relay_turns(d);
  int width = padded_columns(form, d->columns);
  for (int column = WORKER; column < width; column += GROUP) {
    __global float *to = element(c, relay_output(d), form, row, column);
    float value = 0.0f;
    if (row < relay_rows(d) && column < d->columns) {
      value = *element(c, relay_input(d), relay_input_form(d), turns ? column : row,
                       turns ? row : column);
      if (accumulates) value = fma(decay, *to, value);
    }
    *to = value;
  }
}

ROUTINE void run_relay(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  float decay = is_present(relay_decay(d)) ? load_value(c, relay_decay(d), 0) : 1.0f;
  int accumulates = relay_accumulates(d) && decay != 0.0f;
  // The last row also writes the padding beside it.
  if (end == relay_rows(d)) end = padded_rows(relay_output_form(d), end);
  for (int row = begin; row < end;) {
    int done = relay_square(c, d, row, end, accumulates, decay);
    if (done == 0) relay_row(c, d, row, accumulates, decay);
    row += max(done, 1);
  }
}
