// Quadratic: squared differences of each row from some centers, added up.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is a row.

#include "descriptor.cl"

// A chunk of HEIGHT rows, which follow each other by LANES floats within a strip of the input.
#define DEFINE_QUADRATIC(HEIGHT) \
  ROUTINE void quadratic_##HEIGHT(const context *c, const descriptor *d, int row, int chunk) { \
    int depth = quadratic_depth(d); \
    real sums[HEIGHT]; \
    UNROLL for (int i = 0; i < HEIGHT; i++) sums[i] = (real)(0.0f); \
    for (int first = 0; first < depth; first += LANES) { \
      __global const float *input = place(c, quadratic_input(d), row, first / LANES); \
      int count = min(LANES, depth - first); \
      for (int k = 0; k < count; k++) { \
        real center = load(c, quadratic_center(d), first + k, chunk); \
        real scale = load(c, quadratic_scale(d), first + k, chunk); \
        UNROLL for (int i = 0; i < HEIGHT; i++) { \
          real distance = ((real)(input[i * LANES + k]) - center) * scale; \
          sums[i] = fma(distance, distance, sums[i]); \
        } \
      } \
    } \
    real bias = load_real(base_of(c, quadratic_bias(d)) + chunk * LANES); \
    UNROLL for (int i = 0; i < HEIGHT; i++) { \
      real value = fma((real)(-0.5f), sums[i], bias); \
      store(c, quadratic_output(d), row + i, chunk, \
            with_padding(value, chunk, d->columns, 0.0f)); \
    } \
  }

DEFINE_QUADRATIC(1)
#ifdef PANELS
DEFINE_QUADRATIC(10)
#endif

ROUTINE void run_quadratic(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  FOR_CHUNKS(chunk, d->columns) {
    int row = begin;
#ifdef PANELS
    for (; row + 10 <= end; row += 10) quadratic_10(c, d, row, chunk);
#endif
    for (; row < end; row++) quadratic_1(c, d, row, chunk);
  }
}
