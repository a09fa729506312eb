// Optimizer: one ascent step over the arenas of parameters, gradients and moments.
//
//   m += (1 - beta1) (g - m)       v += (1 - beta2) (g^2 - v)
//   p += step_size * m / (moment_scale * sqrt(v) + epsilon)
//
// The arenas have one layout, so the step is elementwise; padding is zero in the gradients and
// stays zero in the parameters.
// Defines: those of lanes.cl. Work-groups: any; a unit is LANES elements.

#include "descriptor.cl"

// One step of the elements at a place in the arenas; returns the parameters.
// constants: 0 1 - beta1, 1 1 - beta2, 2 epsilon, 3 whether p follows the earlier moments.
static inline real update_elements(const context *c, const descriptor *d, size_t at, real g) {
  real m = load_real(c->arenas[3] + at);
  real v = load_real(c->arenas[4] + at);
  real new_m = fma((real)(d->constants[0]), g - m, m);
  real new_v = fma((real)(d->constants[1]), fma(g, g, -v), v);
  store_real(new_m, c->arenas[3] + at);
  store_real(new_v, c->arenas[4] + at);
  if (d->constants[3] == 0.0f) {
    m = new_m;
    v = new_v;
  }
  real scale = fma((real)(c->control->moment_scale), sqrt(v), (real)(d->constants[2]));
  real p = load_real(c->arenas[0] + at) + (real)(c->control->step_size) * m / scale;
  store_real(p, c->arenas[0] + at);
  return p;
}

// operands: 0 where the arenas' content begins. constants: as update_elements.
static void run_adam(const context *c, const descriptor *d, int begin, int end) {
  size_t first = (size_t)d->operands[0].offset * 16;
  for (int unit = begin + WORKER; unit < end; unit += GROUP) {
    size_t at = first + (size_t)unit * LANES;
    update_elements(c, d, at, load_real(c->arenas[2] + at));
  }
}
