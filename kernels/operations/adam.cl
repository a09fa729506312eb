// Adam: one ascent step over the arenas of parameters, gradients and moments, and of averages where it
// keeps some.
//
//   m += (1 - beta1) (g - m)       v += (1 - beta2) (g^2 - v)
//   p += step_size * m / (moment_scale * sqrt(v) + epsilon) - decay * p
//   average += average_share (p - average)
//
// The arenas have one layout, so the step is elementwise; padding is zero in the gradients and
// stays zero in the parameters.
// Defines: those of lanes.cl. Work-groups: any; a unit is LANES elements.

#include "descriptor.cl"

// One step of the elements at a place in the arenas; returns the parameters.
static inline real update_elements(const context *c, const descriptor *d, size_t at, real g) {
  real m = load_real(c->first_moments + at);
  real v = load_real(c->second_moments + at);
  real new_m = fma((real)(adam_first_share(d)), g - m, m);
  real new_v = fma((real)(adam_second_share(d)), fma(g, g, -v), v);
  store_real(new_m, c->first_moments + at);
  store_real(new_v, c->second_moments + at);
  if (adam_is_delayed(d) == 0.0f) {
    m = new_m;
    v = new_v;
  }
  real scale = fma((real)(c->control->moment_scale), sqrt(v), (real)(adam_epsilon(d)));
  real p = load_real(c->parameters + at);
  float decay = c->control->decay;
  if (decay != 0.0f) p = fma((real)(-decay), p, p);
  p += (real)(c->control->step_size) * m / scale;
  store_real(p, c->parameters + at);
  if (adam_averages(d) != 0.0f) {
    real average = load_real(c->averages + at);
    store_real(fma((real)(adam_average_share(d)), p - average, average), c->averages + at);
  }
  return p;
}

ROUTINE void run_adam(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  for (int unit = begin + WORKER; unit < end; unit += GROUP) {
    size_t at = (size_t)ARENA_MARGIN + (size_t)unit * LANES;
    update_elements(c, d, at, load_real(c->gradients + at));
  }
}
