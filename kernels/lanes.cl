// Lanes: how one source serves two schedules.
//
// Every operation but the matrix products is written once, over `real`: a bundle of LANES columns.
//
//   PANELS  one work-item per work-group, LANES = 16 columns in a vector. A matrix lies as
//           [column / 16][row][16], padded with zeros, so a strip of columns is contiguous.
//           A chunk is a strip of 16 columns.
//   TILES   GROUP_SIZE work-items per work-group, one column each. A matrix lies row by row,
//           rows padded to a multiple of 16. A chunk is a column.
//
// Defines: PANELS or TILES; with PANELS one of TALL, WIDE and LOW, the tiles of sums that registers hold;
// GROUP_SIZE with TILES; BUILTIN_PREFETCH where the compiler is Clang and compiles for the processor itself.
// Work-groups: one group walks a block of rows, most operations a row at a time; all of its work-items take
// part in every call here.

#pragma OPENCL FP_CONTRACT OFF

// PoCL 6 calls its own fma as a function, hundreds of times a kernel: Clang's is an instruction.
#ifdef __has_builtin
#if __has_builtin(__builtin_elementwise_fma)
#undef fma
#define fma __builtin_elementwise_fma
#endif
#endif

#ifdef PANELS
#define LANES 16
typedef float16 real;
typedef int16 whole;
typedef uint16 word;
#define as_real as_float16
#define as_whole as_int16
#define as_word as_uint16
#define real_from_whole convert_float16
#define real_from_word convert_float16
#define whole_from_real convert_int16
#define GROUP 1
#define WORKER 0
#define LANE ((whole)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define FIRST_LANE(x) ((x).s0)
// A function for a block of rows or a row: a call costs nothing beside it.
#define ROUTINE static
#else
#define LANES 1
typedef float real;
typedef int whole;
typedef uint word;
#define as_real as_float
#define as_whole as_int
#define as_word as_uint
#define real_from_whole convert_float
#define real_from_word convert_float
#define whole_from_real convert_int
#define GROUP GROUP_SIZE
#define WORKER ((int)get_local_id(0))
#define LANE 0
#define FIRST_LANE(x) (x)
// A call would keep in memory what it is handed a pointer to, the descriptor above all. PoCL, which
// defines the word itself, inlines all by itself.
#if defined(__has_attribute) && !defined(inline)
#if __has_attribute(always_inline)
#define inline inline __attribute__((always_inline))
#endif
#endif
#define ROUTINE static inline
#endif

// Lets work-items read what others of their group wrote.
#ifdef PANELS
#define SHARE_WRITES
#else
#define SHARE_WRITES barrier(CLK_GLOBAL_MEM_FENCE);
#endif

#define UNROLL _Pragma("unroll")

// The chunks of a row, divided among the group's workers.
#define CHUNKS(columns) (((columns) + LANES - 1) / LANES)
#define FOR_CHUNKS(chunk, columns) \
  for (int chunk = WORKER; chunk < CHUNKS(columns); chunk += GROUP)

// True in the lanes of a chunk that hold columns, not padding.
#define IS_COLUMN(chunk, columns) ((chunk) * LANES + LANE < (columns))

// A chunk's value with something else in its padding. Most chunks have none.
#define IS_FULL(chunk, columns) (((chunk) + 1) * LANES <= (columns))
static inline real with_padding(real value, int chunk, int columns, float padding) {
  if (IS_FULL(chunk, columns)) return value;
  return IS_COLUMN(chunk, columns) ? value : (real)(padding);
}

// Bundles of consecutive values, for vectors of one value a sample.
#define FOR_SPANS(first, count) \
  for (int first = WORKER * LANES; first < (count); first += GROUP * LANES)

// Asks for memory that will be needed soon. The language's own prefetch does nothing on PoCL, whose
// compiler's does.
#ifdef BUILTIN_PREFETCH
#define PREFETCH(pointer) __builtin_prefetch((const void *)(uintptr_t)(pointer))
#else
#define PREFETCH(pointer) prefetch(pointer, 16)
#endif

#ifdef PANELS
// Chunks are aligned to their size: arenas are, and tensors in them. PoCL would store an unaligned
// vector in three pieces.
static inline real load_real(__global const float *from) {
  return *(__global const real *)from;
}
static inline void store_real(real value, __global float *to) { *(__global real *)to = value; }

// Loads up to 16 values; lanes past the count are zero.
static inline real load_span(__global const float *from, int count) {
  if (count >= 16) return vload16(0, from);
  float lanes[16] __attribute__((aligned(64)));
  for (int i = 0; i < 16; i++) lanes[i] = i < count ? from[i] : 0.0f;
  return vload16(0, lanes);
}

static inline void store_span(real value, __global float *to, int count) {
  if (count >= 16) {
    vstore16(value, 0, to);
    return;
  }
  float lanes[16] __attribute__((aligned(64)));
  vstore16(value, 0, lanes);
  for (int i = 0; i < count; i++) to[i] = lanes[i];
}

// The sum over all lanes, and over all workers of the group, in a fixed order.
static inline float group_sum(real value, __local float *scratch) {
  float8 a = value.lo + value.hi;
  float4 b = a.lo + a.hi;
  float2 c = b.lo + b.hi;
  return c.x + c.y;
}

// The largest lane that is not NaN, over all workers; -infinity if there is none.
static inline float group_max(real value, __local float *scratch) {
  float8 a = value.lo > value.hi ? value.lo : value.hi;
  float4 b = a.lo > a.hi ? a.lo : a.hi;
  float2 c = b.lo > b.hi ? b.lo : b.hi;
  return c.x > c.y ? c.x : c.y;
}
#else
static inline real load_real(__global const float *from) { return *from; }
static inline void store_real(real value, __global float *to) { *to = value; }
static inline real load_span(__global const float *from, int count) { return *from; }
static inline void store_span(real value, __global float *to, int count) { *to = value; }

// A few workers add up a part each, and all of them the parts.
#define SUMMED_PARTS ((GROUP + 15) / 16)
static inline float group_sum(real value, __local float *scratch) {
  barrier(CLK_LOCAL_MEM_FENCE);
  scratch[WORKER] = value;
  barrier(CLK_LOCAL_MEM_FENCE);
  float part = 0.0f, total = 0.0f;
  if (WORKER < SUMMED_PARTS)
    for (int i = WORKER; i < GROUP; i += SUMMED_PARTS) part += scratch[i];
  barrier(CLK_LOCAL_MEM_FENCE);
  if (WORKER < SUMMED_PARTS) scratch[WORKER] = part;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int i = 0; i < SUMMED_PARTS; i++) total += scratch[i];
  return total;
}

static inline float group_max(real value, __local float *scratch) {
  barrier(CLK_LOCAL_MEM_FENCE);
  scratch[WORKER] = value;
  barrier(CLK_LOCAL_MEM_FENCE);
  float largest = -INFINITY;
  for (int i = 0; i < GROUP; i++) largest = scratch[i] > largest ? scratch[i] : largest;
  return largest;
}
#endif
