// Descriptors: what a kernel knows of an operation.
//
// The host writes one table of descriptors per program. A kernel reads sizes and places from it at
// run time, so it compiles once for all shapes, and the same code runs one operation or a list.
// Sizes, codes and the accessors by which kernels name an operation's operands, counts and constants
// are generated from the operations' descriptions and stand before this source (KernelPrelude.swift).
//
// Defines: those of lanes.cl, and the prelude's.

#include "lanes.cl"

// A tensor in one of the arenas: an offset in units of 16 floats, the distance in floats from one
// strip (PANELS) or row (TILES) to the next, and how many rows of the operation share one of its
// rows, 0 where all do. An absent operand has arena -1.
typedef struct {
  int arena;
  uint offset;
  uint stride;
  int sharing;
} operand;

typedef struct {
  int kind;
  int variant;        // which of its kind: a map's number
  int rows_per_unit;  // rows of this operation in one unit of its launch
  int columns;        // columns of the output, without padding
  int first_group;    // where the operation's work-groups begin in its launch
  int companions;     // descriptors before this one that it carries out as well
  int counts[COUNTS];
  float constants[CONSTANTS];
  operand operands[OPERANDS];
} descriptor;

// What changes from run to run.
typedef struct {
  CONTROL_FIELDS
} control_record;

// Everything that a kernel is bound to. The arenas have a field each, and local memory is handed on
// beside them: an array indexed at run time would lie in memory, and some drivers crash on an array
// of pointers and on a structure that points to local memory.
typedef struct {
  ARENA_FIELDS
  __global const uchar *source;
  __global const uint *order;
  __global const control_record *control;
} context;

// What every kernel is given: the arenas and records, the descriptors of its work in the table, the units
// that its groups divide, and local memory. Declared in a kernel, local memory would be shared by all of
// PoCL's threads wherever a compiler puts its place into a function that is handed it. It is aligned as its type
// is, of which tiles take four values at a time.
#define KERNEL_ARGUMENTS \
  ARENA_ARGUMENTS, __global const uchar *source, __global const uint *order, \
      __global const control_record *control, __global const descriptor *table, int first, int count, \
      int units, int units_per_group, __local float4 *local_memory

#define GROUPED __attribute__((reqd_work_group_size(GROUP, 1, 1)))

#define MAKE_CONTEXT \
  const context c = {ARENA_NAMES, source, order, control}; \
  __local float *scratch = (__local float *)local_memory;

static inline int is_present(operand o) { return o.arena >= 0; }

// An arena by its number, chosen by value: a choice between places would keep all in memory.
static inline __global float *chosen_arena(int number, ARENA_ARGUMENTS) {
  return ARENA_OF(number);
}

static inline __global float *base_of(const context *c, operand o) {
  return chosen_arena(o.arena, ARENAS_OF(c)) + (size_t)o.offset * 16;
}

// The place of a chunk of a matrix's row.
static inline __global float *place(const context *c, operand o, int row, int chunk) {
#ifdef PANELS
  return base_of(c, o) + (size_t)chunk * o.stride + (size_t)row * 16;
#else
  return base_of(c, o) + (size_t)row * o.stride + chunk;
#endif
}

static inline real load(const context *c, operand o, int row, int chunk) {
  return load_real(place(c, o, row, chunk));
}

static inline void store(const context *c, operand o, int row, int chunk, real value) {
  store_real(value, place(c, o, row, chunk));
}

// One value of a vector.
static inline float load_value(const context *c, operand o, int index) {
  return base_of(c, o)[index];
}

static inline void store_value(const context *c, operand o, int index, float value) {
  if (WORKER == 0) base_of(c, o)[index] = value;
}

// The only value of a row of a matrix of one column.
static inline void store_single(const context *c, operand o, int row, float value) {
#ifdef PANELS
  store(c, o, row, 0, LANE == (whole)(0) ? (real)(value) : (real)(0.0f));
#else
  if (WORKER == 0) store(c, o, row, 0, value);
#endif
}
