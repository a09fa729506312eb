// Triangle: products by the strictly lower triangle that a row holds, packed row by row.
//
//   product   output[r, i] = sum over j < i of lower[r, p(i, j)] input[r, j]
//   solve     transpose(diag(diagonal[r, :]) + lower[r]) output[r, :] = input[r, :]
//   outer     output[r, p(i, j)] = input[r, i] factor[r, j]         p(i, j) = i (i - 1) / 2 + j
//
// In panels, 16 rows lie side by side in a vector, so that packed columns are walked one by one,
// wherever rows of the triangle begin.
//
// Defines: those of lanes.cl; TRIANGLE_UNITS, the most units. Work-groups: as lanes.cl says; a row
// is a row.

#include "descriptor.cl"
#include "turn.cl"

#ifdef PANELS
// 16 rows of the operation, from the first on, and the rows of an operand that they read; past the
// end is the last one again.
typedef struct {
  int first;
  int end;
  int rows[16];
} block;

static inline block block_of(operand o, int first, int end) {
  block b = {first, end, {0}};
  for (int r = 0; r < 16; r++) b.rows[r] = min(first + r, end - 1) / o.sharing;
  return b;
}

static inline void load_turned(
    const context *c, operand o, const block *b, int chunk, real *to) {
  real s[16];
  UNROLL for (int r = 0; r < 16; r++) s[r] = load(c, o, b->rows[r], chunk);
  turn(s);
  UNROLL for (int j = 0; j < 16; j++) to[j] = s[j];
}

static inline void store_turned(
    const context *c, operand o, const block *b, int chunk, const real *from) {
  real s[16];
  UNROLL for (int j = 0; j < 16; j++) s[j] = from[j];
  turn(s);
  UNROLL for (int r = 0; r < 16; r++)
    if (b->first + r < b->end) store(c, o, b->first + r, chunk, s[r]);
}

static inline void load_units(
    const context *c, operand o, int first, int end, int units, real *to) {
  block b = block_of(o, first, end);
  for (int chunk = 0; chunk < CHUNKS(units); chunk++)
    load_turned(c, o, &b, chunk, to + 16 * chunk);
}

static inline void store_units(
    const context *c, operand o, const block *b, int units, const real *from) {
  for (int chunk = 0; chunk < CHUNKS(units); chunk++)
    store_turned(c, o, b, chunk, from + 16 * chunk);
}

static inline void triangle_product(
    const context *c, const descriptor *d, const block *b, const real *x, real *y) {
  real lower[16];
  int units = triangle_units(d);
  for (int i = 0, p = 0; i < 16 * CHUNKS(units); i++) {
    real sum = (real)(0.0f);
    for (int j = 0; j < i && i < units; j++, p++) {
      if (p % 16 == 0) load_turned(c, triangle_lower(d), b, p / 16, lower);
      sum = fma(lower[p % 16], x[j], sum);
    }
    y[i] = sum;
  }
  store_units(c, triangle_output(d), b, units, y);
}

static inline void triangle_solve(
    const context *c, const descriptor *d, const block *b, real *x, const real *diagonal) {
  real lower[16];
  int units = triangle_units(d);
  int last = units * (units - 1) / 2 - 1;
  for (int i = units - 1, p = last; i >= 0; i--) {
    x[i] /= diagonal[i];
    for (int j = i - 1; j >= 0; j--, p--) {
      if (p % 16 == 15 || p == last) load_turned(c, triangle_lower(d), b, p / 16, lower);
      x[j] = fma(-lower[p % 16], x[i], x[j]);
    }
  }
  store_units(c, triangle_output(d), b, units, x);
}

static inline void triangle_outer(
    const context *c, const descriptor *d, const block *b, const real *left, const real *right) {
  real packed[16];
  int p = 0;
  for (int i = 1; i < triangle_units(d); i++) {
    for (int j = 0; j < i; j++, p++) {
      packed[p % 16] = left[i] * right[j];
      if (p % 16 == 15) store_turned(c, triangle_output(d), b, p / 16, packed);
    }
  }
  if (p % 16 == 0) return;
  for (int rest = p % 16; rest < 16; rest++) packed[rest] = (real)(0.0f);
  store_turned(c, triangle_output(d), b, p / 16, packed);
}

ROUTINE void run_triangle(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  real input[TRIANGLE_UNITS], other[TRIANGLE_UNITS];
  int units = triangle_units(d);
  for (int first = begin; first < end; first += 16) {
    load_units(c, triangle_input(d), first, end, units, input);
    if (is_present(triangle_factor(d))) {
      load_units(c, triangle_factor(d), first, end, units, other);
      block b = {first, end, {0}};
      triangle_outer(c, d, &b, input, other);
      continue;
    }
    block b = block_of(triangle_lower(d), first, end);
    if (is_present(triangle_diagonal(d))) {
      load_units(c, triangle_diagonal(d), first, end, units, other);
      triangle_solve(c, d, &b, input, other);
    } else {
      triangle_product(c, d, &b, input, other);
    }
  }
}
#else
static inline float load_shared(const context *c, operand o, int row, int column) {
  return load(c, o, row / o.sharing, column);
}

static inline void triangle_product(const context *c, const descriptor *d, int row) {
  FOR_CHUNKS(i, triangle_units(d)) {
    float sum = 0.0f;
    for (int j = 0; j < i; j++) {
      float factor = load_shared(c, triangle_lower(d), row, i * (i - 1) / 2 + j);
      sum = fma(factor, load_shared(c, triangle_input(d), row, j), sum);
    }
    store(c, triangle_output(d), row, i, sum);
  }
}

// Each worker keeps columns of its own; what they hold is divided at the end, so that a unit is read
// by all after its last change.
static inline void triangle_solve(const context *c, const descriptor *d, int row, int units) {
  operand output = triangle_output(d);
  FOR_CHUNKS(j, units) store(c, output, row, j, load_shared(c, triangle_input(d), row, j));
  for (int i = units - 1; i > 0; i--) {
    barrier(CLK_GLOBAL_MEM_FENCE);
    float x = load(c, output, row, i) / load_shared(c, triangle_diagonal(d), row, i);
    FOR_CHUNKS(j, i) {
      float factor = load_shared(c, triangle_lower(d), row, i * (i - 1) / 2 + j);
      store(c, output, row, j, fma(-factor, x, load(c, output, row, j)));
    }
  }
  barrier(CLK_GLOBAL_MEM_FENCE);
  FOR_CHUNKS(j, units)
    store(c, output, row, j,
        load(c, output, row, j) / load_shared(c, triangle_diagonal(d), row, j));
}

static inline void triangle_outer(const context *c, const descriptor *d, int row) {
  for (int i = 1; i < triangle_units(d); i++) {
    float factor = load_shared(c, triangle_input(d), row, i);
    FOR_CHUNKS(j, i)
      store(c, triangle_output(d), row, i * (i - 1) / 2 + j,
          factor * load_shared(c, triangle_factor(d), row, j));
  }
}

ROUTINE void run_triangle(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  int is_solve = is_present(triangle_diagonal(d));
  for (int row = begin; row < end; row++) {
    // Barriers stand outside of branches: PoCL lets every work-item do what the first one does after
    // a barrier in a branch.
    triangle_solve(c, d, row, is_solve ? triangle_units(d) : 0);
    if (is_present(triangle_factor(d)))
      triangle_outer(c, d, row);
    else if (!is_solve)
      triangle_product(c, d, row);
  }
}
#endif
