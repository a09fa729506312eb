// Sums: what panels add up over all rows, and the optimizer.
//
//   sum_rows           gradients of weights and biases, their updates, totals, normalized sums
//   row_adam           the optimizer, where it runs alone
//   transpose_weights  refreshes the second copies of weights, where the update did not
//
// Defines: PANELS. Work-groups: one work-item each; a launch's groups are divided among its operations.

#include "adam.cl"
#include "normalize.cl"
#include "row_kernel.cl"
#include "sum.cl"
#include "weight_gradient.cl"

// The descriptor whose work-groups hold this group.
static inline int find_descriptor(__global const descriptor *table, int first, int count) {
  int index = first;
  while (index + 1 < first + count && table[index + 1].first_group <= (int)get_group_id(0)) index++;
  return index;
}

__kernel GROUPED void sum_rows(CONTEXT_ARGUMENTS, int first, int count, int units,
                               int units_per_group) {
  __local float scratch[SCRATCH_SIZE];
  MAKE_CONTEXT
  int last = find_descriptor(table, first, count);
  const descriptor d = table[last];
  int tile = (int)get_group_id(0) - d.first_group;
  switch (d.kind) {
    case KIND_WEIGHT_GRADIENT: run_weight_gradient(&c, &d, tile); break;
    case KIND_NORMALIZE: {
      int end = min((tile + 1) * NORMALIZED_VECTORS, (normalize_elements(&d) + 15) / 16);
      run_normalize(&c, &d, tile * NORMALIZED_VECTORS, end, scratch);
      break;
    }
    case KIND_SUM:
      // Totals share a group, one after another, for each may need the one before.
      for (int index = first; index <= last; index++) {
        const descriptor sum = table[index];
        run_sum(&c, &sum, 0, 1, scratch);
      }
      break;
  }
}

ROW_KERNEL(adam)

// A group is a tile.
__kernel GROUPED void transpose_weights(CONTEXT_ARGUMENTS, int first, int count, int units,
                                        int units_per_group) {
  MAKE_CONTEXT
  const descriptor d = table[find_descriptor(table, first, count)];
  int inputs = transpose_weights_inputs(&d);
  int tile = (int)get_group_id(0) - d.first_group;
  int strip = tile / CHUNKS(inputs);
  int input_strip = tile % CHUNKS(inputs);
  real rows[16];
  for (int i = 0; i < 16; i++) {
    int input = input_strip * 16 + i;
    rows[i] = input < inputs
        ? load(&c, transpose_weights_weight(&d), input, strip) : (real)(0.0f);
  }
  turn(rows);
  for (int i = 0; i < 16; i++) {
    int output = strip * 16 + i;
    if (output < d.columns)
      store(&c, transpose_weights_second_copy(&d), output, input_strip, rows[i]);
  }
}
