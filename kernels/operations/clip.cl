// Clip: shortens the gradients of all parameters where they are longer together than a limit.
//
//   norm = sqrt(sum of g^2)       g *= min(1, limit / (norm + margin))
//
// First every group measures a part of the gradients' arena, whose padding is zero; then every group puts
// the parts' norms together, in their order, and shortens its own part. Both launches have the same groups.
// Defines: those of lanes.cl. Work-groups: any; a unit is LANES elements.

#include "descriptor.cl"

// So much smaller, the square of no number overflows.
#define SHRINKING 0x1p-80f

// The sums of squares of numbers, and of the numbers shrunk.
typedef struct {
  real plain;
  real shrunk;
} square_sums;

static inline square_sums add_square(square_sums sums, real value) {
  real shrunk = value * SHRINKING;
  sums.plain = fma(value, value, sums.plain);
  sums.shrunk = fma(shrunk, shrunk, sums.shrunk);
  return sums;
}

// The root of the sum over a group.
static inline float group_norm(square_sums sums, __local float *scratch) {
  float plain = group_sum(sums.plain, scratch);
  float shrunk = group_sum(sums.shrunk, scratch);
  return plain <= FLT_MAX ? sqrt(plain) : sqrt(shrunk) / SHRINKING;
}

ROUTINE void measure_gradients_of_part(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  square_sums sums = {(real)(0.0f), (real)(0.0f)};
  for (int unit = begin + WORKER; unit < end; unit += GROUP)
    sums = add_square(sums, load_real(c->gradients + ARENA_MARGIN + (size_t)unit * LANES));
  store_value(c, clip_norms(d), (int)get_group_id(0), group_norm(sums, scratch));
}

ROUTINE void run_clip(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  int parts = (int)get_num_groups(0);
  square_sums sums = {(real)(0.0f), (real)(0.0f)};
  FOR_SPANS(first, parts)
    sums = add_square(sums, load_span(base_of(c, clip_norms(d)) + first, parts - first));
  float factor = clip_limit(d) / (group_norm(sums, scratch) + clip_margin(d));
  // Of a norm that is no number, gradients become none.
  int last = factor >= 1.0f ? begin : end;
  for (int unit = begin + WORKER; unit < last; unit += GROUP) {
    __global float *at = c->gradients + ARENA_MARGIN + (size_t)unit * LANES;
    store_real(load_real(at) * (real)(factor), at);
  }
}
