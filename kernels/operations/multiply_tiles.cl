// The part of multiply.cl for tiles: a group stages parts of both factors in local memory (stage.cl), and
// fetches the next while it multiplies what is there.
//
// Defines: those of stage.cl; GROUP_SIZE; ITEMS_DOWN and ITEMS_ACROSS, the rows and columns of work-items
// in a tile, of which a walk has WALK_DOWN rows. Work-groups: ITEMS_DOWN * ITEMS_ACROSS work-items.

#include "stage.cl"

#ifndef ITEMS_DOWN
#define ITEMS_DOWN WALK_DOWN
#define ITEMS_ACROSS (GROUP / WALK_DOWN)
#endif
#define ITEMS (ITEMS_DOWN * ITEMS_ACROSS)
#define TILE_ROWS (ITEMS_DOWN * ITEM)
#define TILE_COLUMNS (ITEMS_ACROSS * ITEM)
#define STAGE (TILE_DEPTH * (STAGED(TILE_ROWS) + STAGED(TILE_COLUMNS)))
#define LEFT_QUADS (TILE_ROWS * TILE_DEPTH / 4)
#define RIGHT_QUADS (TILE_COLUMNS * TILE_DEPTH / 4)

// Fetches a stage's quads: along the depth, which neighbours in memory are, but for transposed weights.
static inline void fetch_stage(
    const context *c, const descriptor *d, int form, int first_row, int end_row,
    int first_column, int start, float4 *left, float4 *right) {
  operand weight = multiply_weight(d);
  int depth = multiply_depth(d);
  UNROLL for (int n = 0; n < SHARE(LEFT_QUADS, ITEMS); n++) {
    int quad = WORKER + n * ITEMS;
    left[n] = load_quad(c, multiply_input(d), first_row + quad / (TILE_DEPTH / 4), end_row,
                        start + quad % (TILE_DEPTH / 4) * 4, depth);
  }
  UNROLL for (int n = 0; n < SHARE(RIGHT_QUADS, ITEMS); n++) {
    int quad = WORKER + n * ITEMS;
    if (form & FORM_TRANSPOSED)
      right[n] = load_quad(c, weight, start + quad / (TILE_COLUMNS / 4), depth,
                           first_column + quad % (TILE_COLUMNS / 4) * 4, d->columns);
    else
      right[n] = load_quad(c, weight, first_column + quad / (TILE_DEPTH / 4), d->columns,
                           start + quad % (TILE_DEPTH / 4) * 4, depth);
  }
}

static inline void store_stage(
    int form, const float4 *left, const float4 *right, __local float *stage) {
  UNROLL for (int n = 0; n < SHARE(LEFT_QUADS, ITEMS); n++) {
    int quad = WORKER + n * ITEMS;
    int k = quad % (TILE_DEPTH / 4) * 4;
    if (quad < LEFT_QUADS)
      stage_turned(left[n], stage + k * STAGED(TILE_ROWS) + quad / (TILE_DEPTH / 4),
                   STAGED(TILE_ROWS));
  }
  stage += TILE_DEPTH * STAGED(TILE_ROWS);
  UNROLL for (int n = 0; n < SHARE(RIGHT_QUADS, ITEMS); n++) {
    int quad = WORKER + n * ITEMS;
    int k = quad % (TILE_DEPTH / 4) * 4;
    if (quad >= RIGHT_QUADS) continue;
    if (form & FORM_TRANSPOSED)
      stage_quad(right[n], stage + quad / (TILE_COLUMNS / 4) * STAGED(TILE_COLUMNS)
                               + quad % (TILE_COLUMNS / 4) * 4);
    else
      stage_turned(right[n], stage + k * STAGED(TILE_COLUMNS) + quad / (TILE_DEPTH / 4),
                   STAGED(TILE_COLUMNS));
  }
}

static inline void multiply_tile(
    const context *c, const descriptor *d, int form, int first_row, int end_row,
    int first_column, __local float *scratch) {
  int depth = multiply_depth(d);
  int item_row = WORKER / ITEMS_ACROSS, item_column = WORKER % ITEMS_ACROSS;
  float4 left[SHARE(LEFT_QUADS, ITEMS)], right[SHARE(RIGHT_QUADS, ITEMS)];
  float sums[ITEM][ITEM];
  UNROLL for (int i = 0; i < ITEM; i++)
    UNROLL for (int j = 0; j < ITEM; j++) sums[i][j] = 0.0f;

  fetch_stage(c, d, form, first_row, end_row, first_column, 0, left, right);
  barrier(CLK_LOCAL_MEM_FENCE);
  store_stage(form, left, right, scratch);
  barrier(CLK_LOCAL_MEM_FENCE);
  // Two stages take turns: one is multiplied, the other filled.
  int now = 0;
  for (int start = 0; start < depth; start += TILE_DEPTH) {
    int next = start + TILE_DEPTH;
    __local const float *stage = scratch + now;
    now = STAGE - now;
    if (next < depth)
      fetch_stage(c, d, form, first_row, end_row, first_column, next, left, right);
    add_terms(sums, stage + item_row * PIECE, STAGED(TILE_ROWS), ITEMS_DOWN,
              stage + TILE_DEPTH * STAGED(TILE_ROWS) + item_column * PIECE, STAGED(TILE_COLUMNS),
              ITEMS_ACROSS);
    if (next < depth) store_stage(form, left, right, scratch + now);
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  // The sums pass local memory, some rows at a time, so that the code for one stands here once.
  for (int i = 0; i < ITEM; i++) {
    stage_sums(sums, i, scratch + item_row * TILE_COLUMNS, item_column, ITEMS_ACROSS);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int e = WORKER; e < ITEMS_DOWN * TILE_COLUMNS; e += ITEMS) {
      int row = first_row + row_of_tile(e / TILE_COLUMNS, i, ITEMS_DOWN);
      int column = first_column + e % TILE_COLUMNS;
      if (row < end_row && column < d->columns) {
        float value = scratch[e];
        if (form & FORM_BIAS) value += load_value(c, multiply_bias(d), column);
        finish_layer(c, d, form, value, row, column);
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
}

// A block of rows, no more than a tile has, in a walk whose compiler knows the form.
ROUTINE void run_multiply_form(
    const context *c, const descriptor *d, int form, int begin, int end, __local float *scratch) {
  for (int first = 0; first < d->columns; first += TILE_COLUMNS)
    multiply_tile(c, d, form, begin, end, first, scratch);
}
