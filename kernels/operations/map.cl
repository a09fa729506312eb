// Map: formulas over rows. The formulas themselves are written by MapSource.swift, over what stands
// here, and take the place of MAPS in the schedule's source.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is a sample or an image.

#include "descriptor.cl"
#include "numerics.cl"
#include "special.cl"

// A product of factors in [1, 2] stays finite for so many before its logarithm is taken.
#define FACTORS_PER_LOG 96
#define CHUNKS_PER_LOG(factors) (FACTORS_PER_LOG / (factors))
#define IS_END_OF_FACTORS(chunk, factors) \
  ((chunk) / GROUP % CHUNKS_PER_LOG(factors) == CHUNKS_PER_LOG(factors) - 1)

// The row of an operand that some rows share, while rows are walked one by one.
typedef struct {
  int row;
  int left;
} shared_row;

static inline shared_row begin_shared(operand o, int row) {
  shared_row s;
  s.row = row / o.sharing;
  s.left = o.sharing - row % o.sharing;
  return s;
}

static inline shared_row next_shared(shared_row s, operand o) {
  s.left--;
  if (s.left == 0) {
    s.row++;
    s.left = o.sharing;
  }
  return s;
}
