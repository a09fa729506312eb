// The part of weight_gradient.cl for tiles: a group sums the products of a tile, in parts of the rows side by
// side that other work-items each stage (stage.cl), fetching the next terms while they multiply.
//
// A bias is a weight whose one input is 1. The parts' sums are added in their order. The sum of the first of
// two leaves waits where the gradient goes.
//
// Defines: those of stage.cl and sums.cl. Work-groups: GROUP_SIZE work-items, SUM_ITEMS for each part.

#include "stage.cl"

#define SUM_QUADS (SUM_TILE * TILE_DEPTH / 4)

// Fetches a part's next terms: of so many rows, four deltas or inputs at a time.
static inline void fetch_terms(
    const context *c, const descriptor *d, int item, int row, int end, int output, int input,
    float4 *deltas, float4 *values) {
  operand factor = weight_gradient_input(d);
  operand scales = weight_gradient_row_scale(d);
  UNROLL for (int n = 0; n < SHARE(SUM_QUADS, SUM_ITEMS); n++) {
    int quad = item + n * SUM_ITEMS;
    int from = row + quad / (SUM_TILE / 4), beside = quad % (SUM_TILE / 4) * 4;
    deltas[n] = load_quad(c, weight_gradient_delta(d), from, end, output + beside, d->columns);
    if (is_present(scales) && from < end) deltas[n] *= load_value(c, scales, from);
    if (is_present(factor))
      values[n] = load_quad(c, factor, from, end, input + beside, weight_gradient_inputs(d));
    else
      values[n] = (float4)(beside == 0 ? 1.0f : 0.0f, 0.0f, 0.0f, 0.0f);
  }
}

ROUTINE void sum_tile(
    const context *c, const descriptor *d, int tile, int leaf, int leaves,
    __local float *scratch) {
  operand factor = weight_gradient_input(d);
  int inputs = is_present(factor) ? weight_gradient_inputs(d) : 1;
  int rows = weight_gradient_rows(d) / leaves;
  int across = (inputs + SUM_TILE - 1) / SUM_TILE;
  int first_output = tile / across * SUM_TILE;
  int first_input = tile % across * SUM_TILE;
  int part = WORKER / SUM_ITEMS, item = WORKER % SUM_ITEMS;
  int item_row = item / SUM_SIDE, item_column = item % SUM_SIDE;
  int share = (rows + SUM_PARTS - 1) / SUM_PARTS;
  int begin = leaf * rows + part * share;
  int end = min(begin + share, (leaf + 1) * rows);
  __local float *left = scratch + part * 2 * TILE_DEPTH * STAGED(SUM_TILE);
  __local float *right = left + TILE_DEPTH * STAGED(SUM_TILE);
  float4 deltas[SHARE(SUM_QUADS, SUM_ITEMS)], values[SHARE(SUM_QUADS, SUM_ITEMS)];
  float sums[ITEM][ITEM];
  UNROLL for (int i = 0; i < ITEM; i++)
    UNROLL for (int j = 0; j < ITEM; j++) sums[i][j] = 0.0f;

  fetch_terms(c, d, item, begin, end, first_output, first_input, deltas, values);
  for (int start = 0; start < share; start += TILE_DEPTH) {
    barrier(CLK_LOCAL_MEM_FENCE);
    UNROLL for (int n = 0; n < SHARE(SUM_QUADS, SUM_ITEMS); n++) {
      int quad = item + n * SUM_ITEMS;
      int at = quad / (SUM_TILE / 4) * STAGED(SUM_TILE) + quad % (SUM_TILE / 4) * 4;
      if (quad >= SUM_QUADS) continue;
      stage_quad(deltas[n], left + at);
      stage_quad(values[n], right + at);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (start + TILE_DEPTH < share)
      fetch_terms(c, d, item, begin + start + TILE_DEPTH, end, first_output, first_input, deltas,
                  values);
    add_terms(sums, left + item_row * PIECE, STAGED(SUM_TILE), SUM_SIDE,
              right + item_column * PIECE, STAGED(SUM_TILE), SUM_SIDE);
  }
  // The items' rows in turn, so that their parts need little memory.
  for (int i = 0; i < ITEM; i++) {
    barrier(CLK_LOCAL_MEM_FENCE);
    stage_sums(sums, i, scratch + (part * SUM_SIDE + item_row) * SUM_TILE, item_column, SUM_SIDE);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int e = WORKER; e < SUM_SIDE * SUM_TILE; e += GROUP) {
      float total = scratch[e];
      for (int other = 1; other < SUM_PARTS; other++)
        total += scratch[other * SUM_SIDE * SUM_TILE + e];
      int output = first_output + row_of_tile(e / SUM_TILE, i, SUM_SIDE);
      int input = first_input + e % SUM_TILE;
      if (output < d->columns && input < inputs) {
        operand gradient = weight_gradient_gradient(d);
        __global float *at = is_present(factor)
            ? place(c, gradient, output, input) : base_of(c, gradient) + output;
        if (leaf > 0) total = add_leaves(*at, total);
        if (leaf + 1 < leaves) *at = total;
        else settle_gradient(c, d, at, total);
      }
    }
  }
}

ROUTINE void run_weight_gradient(
    const context *c, const descriptor *d, int tile, __local float *scratch) {
  int leaves = weight_gradient_leaves(d);
  for (int leaf = 0; leaf < leaves; leaf++) sum_tile(c, d, tile, leaf, leaves, scratch);
}
