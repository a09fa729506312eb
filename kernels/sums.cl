// Sums: what is added up over all rows, and the optimizer.
//
//   sum_rows           gradients of weights and biases, their updates, totals, normalized sums
//   measure_gradients  the norms of parts of all gradients
//   clip_gradients     shortens them
//   update             the optimizer, where it runs alone
//   transpose_weights  refreshes the second copies of weights, which panels have, where the update did
//                      not
//
// Defines: PANELS with TALL, WIDE or LOW, as lanes.cl has them; GRADIENT_STRIPS, the strips of outputs in a
// tile of a gradient, 3 with WIDE, else 1; MOST_WAITING, the sums of leaves that wait for others. Or TILES; TILE and ITEM, as tiles.cl has them; SUM_PARTS, 4 or 1,
// the parts of the rows that a group sums side by side.
// Work-groups: one work-item in panels, (TILE / ITEM)^2 in tiles; a launch's groups are divided among its
// operations.

#ifdef TILES
#undef GROUP_SIZE
#define GROUP_SIZE ((TILE / ITEM) * (TILE / ITEM))
// The items of a part, and the side of their square.
#define SUM_ITEMS (GROUP_SIZE / SUM_PARTS)
#if SUM_PARTS == 4
#define SUM_SIDE (TILE / ITEM / 2)
#else
#define SUM_SIDE (TILE / ITEM)
#endif
#define SUM_TILE (SUM_SIDE * ITEM)
#endif

#include "adam.cl"
#include "clip.cl"
#include "normalize.cl"
#include "sum.cl"
#include "weight_gradient.cl"

// The descriptor whose work-groups hold this group.
static inline int find_descriptor(__global const descriptor *table, int first, int count) {
  int index = first;
  while (index + 1 < first + count && table[index + 1].first_group <= (int)get_group_id(0)) index++;
  return index;
}

ROUTINE void normalize_chunks(
    const context *c, const descriptor *d, int tile, __local float *scratch) {
  int end = min((tile + 1) * NORMALIZED_CHUNKS, CHUNKS(normalize_elements(d)));
  run_normalize(c, d, tile * NORMALIZED_CHUNKS, end, scratch);
}

__kernel GROUPED void sum_rows(KERNEL_ARGUMENTS) {
  MAKE_CONTEXT
  int last = find_descriptor(table, first, count);
  const descriptor d = table[last];
  int tile = (int)get_group_id(0) - d.first_group;
  switch (d.kind) {
    case KIND_WEIGHT_GRADIENT: run_weight_gradient(&c, &d, tile, scratch); break;
    case KIND_NORMALIZE: normalize_chunks(&c, &d, tile, scratch); break;
    case KIND_SUM:
      // Totals share a group, one after another, for each may need the one before.
      for (int index = first; index <= last; index++) {
        const descriptor sum = table[index];
        run_sum(&c, &sum, 0, sum_outputs(&sum), scratch);
      }
      break;
  }
}

__kernel GROUPED void update(KERNEL_ARGUMENTS) {
  MAKE_CONTEXT
  const descriptor d = table[first];
  int begin = (int)get_group_id(0) * units_per_group;
  run_adam(&c, &d, begin, min(begin + units_per_group, units), scratch);
}

__kernel GROUPED void measure_gradients(KERNEL_ARGUMENTS) {
  MAKE_CONTEXT
  const descriptor d = table[first];
  int begin = (int)get_group_id(0) * units_per_group;
  measure_gradients_of_part(&c, &d, begin, min(begin + units_per_group, units), scratch);
}

__kernel GROUPED void clip_gradients(KERNEL_ARGUMENTS) {
  MAKE_CONTEXT
  const descriptor d = table[first];
  int begin = (int)get_group_id(0) * units_per_group;
  run_clip(&c, &d, begin, min(begin + units_per_group, units), scratch);
}

#ifdef PANELS
// A group is a tile.
__kernel GROUPED void transpose_weights(KERNEL_ARGUMENTS) {
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
#endif
