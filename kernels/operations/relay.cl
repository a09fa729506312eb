// Relay: values from one way of lying to another, and from rows to columns.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is one of the output.

#include "descriptor.cl"

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

static void run_relay(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  operand input = relay_input(d);
  operand output = relay_output(d);
  int turns = relay_turns(d);
  int rows = relay_rows(d);
  int form = relay_output_form(d);
  float decay = is_present(relay_decay(d)) ? load_value(c, relay_decay(d), 0) : 1.0f;
  int accumulates = relay_accumulates(d) && decay != 0.0f;
  int width = padded_columns(form, d->columns);
  // The last row also writes the padding beside it.
  if (end == rows) end = padded_rows(form, rows);
  for (int row = begin; row < end; row++) {
    for (int column = WORKER; column < width; column += GROUP) {
      __global float *to = element(c, output, form, row, column);
      float value = 0.0f;
      if (row < rows && column < d->columns) {
        value = *element(c, input, relay_input_form(d), turns ? column : row, turns ? row : column);
        if (accumulates) value = fma(decay, *to, value);
      }
      *to = value;
    }
  }
}
