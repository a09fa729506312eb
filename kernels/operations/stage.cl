// Stages: what a group's work-items hold of two factors in local memory, in tiles.
//
// A stage has TILE_DEPTH terms of each sum, and of each term a row of either factor. Memory is read four values
// at a time, and an item multiplies ITEM values of either row, in pieces that neighbours read side by side.
//
// Defines: TILE_DEPTH, a multiple of 4; ITEM, the side of a work-item's tile, which is even. Work-groups: any.

#include "descriptor.cl"

#if ITEM % 4 == 0
#define PIECE 4
typedef float4 piece;
#define STORE_PIECE vstore4
#else
#define PIECE 2
typedef float2 piece;
#define STORE_PIECE vstore2
#endif

// A row of a factor, with the four values that keep neighbouring rows out of the same memory banks.
#define STAGED(side) ((side) + 4)

// The quads that each of some items fetches.
#define SHARE(quads, items) (((quads) + (items) - 1) / (items))

// Four values of a matrix's row; zeros outside of it, whatever is there.
static inline float4 load_quad(
    const context *c, operand o, int row, int rows, int column, int columns) {
  if (row >= rows || column >= columns) return (float4)(0.0f);
  float4 values = *(__global const float4 *)place(c, o, row, column);
  int4 columns_of = (int4)(column) + (int4)(0, 1, 2, 3);
  return select((float4)(0.0f), values, columns_of < (int4)(columns));
}

// Stores four values of one row, or one value of each of four.
static inline void stage_quad(float4 values, __local float *to) { *(__local float4 *)to = values; }

static inline void stage_turned(float4 values, __local float *to, int row) {
  to[0] = values.s0;
  to[row] = values.s1;
  to[2 * row] = values.s2;
  to[3 * row] = values.s3;
}

// The pieces of an item, of which there are some apart.
static inline void load_pieces(float *to, __local const float *from, int apart) {
  UNROLL for (int p = 0; p < ITEM / PIECE; p++)
    STORE_PIECE(((__local const piece *)from)[p * apart], p, to);
}

// Adds a stage's terms to an item's sums.
static inline void add_terms(
    float (*sums)[ITEM], __local const float *left, int left_row, int down,
    __local const float *right, int right_row, int across) {
  for (int k = 0; k < TILE_DEPTH; k++) {
    float a[ITEM], b[ITEM];
    load_pieces(a, left + k * left_row, down);
    load_pieces(b, right + k * right_row, across);
    UNROLL for (int i = 0; i < ITEM; i++)
      UNROLL for (int j = 0; j < ITEM; j++) sums[i][j] = fma(a[i], b[j], sums[i][j]);
  }
}

// Row i of an item's tile, where so many items lie under one another.
static inline int row_of_tile(int item_row, int i, int down) {
  return (i / PIECE * down + item_row) * PIECE + i % PIECE;
}

// Puts row i of an item's sums into a row of a tile, so that neighbours store neighbours.
static inline void stage_sums(float (*sums)[ITEM], int i, __local float *row, int item_column, int across) {
  UNROLL for (int own = 0; own < ITEM; own++)
    UNROLL for (int j = 0; j < ITEM; j++)
      if (own == i) row[row_of_tile(item_column, j, across)] = sums[own][j];
}
