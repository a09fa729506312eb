// Descriptors: what a kernel knows of an operation.
//
// The host writes one table of descriptors per program. A kernel reads sizes and places from it at
// run time, so it compiles once for all shapes, and the same code runs one operation or a list.
// Descriptor.swift mirrors the layout, word by word.
//
// Defines: those of lanes.cl.

#include "lanes.cl"

// A tensor in one of the arenas: an offset in units of 16 floats, and the distance in floats from
// one strip (PANELS) or row (TILES) to the next. An absent operand has arena -1.
typedef struct {
  int arena;
  uint offset;
  uint stride;
} operand;

#define OPERANDS 12
#define CONSTANTS 24

typedef struct {
  int kind;
  int rows_per_unit;  // rows of this operation in one unit of its launch
  int columns;        // columns of the output, without padding
  int inner;          // length of each sum; what else an operation counts
  int group;          // rows that share one row of the broadcast operand
  int samples;        // rows that share one image
  int mode;           // which variant
  int first_group;    // where the operation's work-groups begin in its launch
  float constants[CONSTANTS];
  operand operands[OPERANDS];
} descriptor;

#define ARENAS 7

// What changes from run to run; Control.swift mirrors it.
typedef struct {
  uint seed_low;
  uint seed_high;
  uint step;
  uint pass;
  uint batch_offset;
  uint sample_offset;
  float kl_weight;
  float step_size;
  float moment_scale;
  float density_scale;
} control_record;

// Everything that a kernel is bound to.
typedef struct {
  __global float *arenas[ARENAS];
  __global const uchar *source;
  __global const uint *order;
  __global const control_record *control;
  __local float *scratch;
} context;

#define CONTEXT_ARGUMENTS \
  __global float *parameters, __global float *transposed, __global float *gradients, \
      __global float *first_moments, __global float *second_moments, __global float *states, \
      __global float *workspace, __global const uchar *source, __global const uint *order, \
      __global const control_record *control, __global const descriptor *table

#define MAKE_CONTEXT \
  __local float scratch[SCRATCH_SIZE]; \
  context c = {{parameters, transposed, gradients, first_moments, second_moments, states, \
                workspace}, source, order, control, scratch};

static inline int is_present(operand o) { return o.arena >= 0; }

static inline __global float *base_of(const context *c, operand o) {
  return c->arenas[o.arena] + (size_t)o.offset * 16;
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
