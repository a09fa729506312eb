// Moments: sums over the rows of a matrix of their distances' powers, for each center.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is a center's.

#include "descriptor.cl"

// A chunk of the moments about HEIGHT centers.
#define DEFINE_MOMENTS(HEIGHT) \
  ROUTINE void moments_##HEIGHT(const context *c, const descriptor *d, int row, int chunk) { \
    int depth = moments_depth(d); \
    __global const float *input = place(c, moments_input(d), 0, chunk); \
    __global const float *scale = is_present(moments_row_scale(d)) \
        ? base_of(c, moments_row_scale(d)) : 0; \
    size_t step = place(c, moments_weight(d), 1, 0) - place(c, moments_weight(d), 0, 0); \
    size_t input_step = place(c, moments_input(d), 1, 0) - place(c, moments_input(d), 0, 0); \
    __global const float *weight[HEIGHT]; \
    real center[HEIGHT], first[HEIGHT], second[HEIGHT]; \
    float count[HEIGHT]; \
    UNROLL for (int i = 0; i < HEIGHT; i++) { \
      weight[i] = place(c, moments_weight(d), 0, (row + i) / LANES) + (row + i) % LANES; \
      center[i] = load(c, moments_center(d), row + i, chunk); \
      first[i] = second[i] = (real)(0.0f); \
      count[i] = 0.0f; \
    } \
    for (int r = 0; r < depth; r++) { \
      real x = load_real(input + r * input_step); \
      float coefficient = scale ? scale[r] : 1.0f; \
      UNROLL for (int i = 0; i < HEIGHT; i++) { \
        float share = coefficient * weight[i][r * step]; \
        real distance = x - center[i]; \
        real term = (real)(share) * distance; \
        count[i] += share; \
        first[i] += term; \
        second[i] = fma(term, distance, second[i]); \
      } \
    } \
    UNROLL for (int i = 0; i < HEIGHT; i++) { \
      if (chunk == 0) base_of(c, moments_count(d))[row + i] = count[i]; \
      /* The padding of all that is read is 0. */ \
      store(c, moments_first(d), row + i, chunk, first[i]); \
      store(c, moments_second(d), row + i, chunk, second[i]); \
    } \
  }

DEFINE_MOMENTS(1)
#ifdef PANELS
DEFINE_MOMENTS(4)
#endif

ROUTINE void run_moments(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  FOR_CHUNKS(chunk, d->columns) {
    int row = begin;
#ifdef PANELS
    for (; row + 4 <= end; row += 4) moments_4(c, d, row, chunk);
#endif
    for (; row < end; row++) moments_1(c, d, row, chunk);
  }
}
