// Optimizer: one ascent step over the arenas of parameters, gradients and moments.
//
//   m += (1 - beta1) (g - m)       v += (1 - beta2) (g^2 - v)
//   p += step_size * m / (moment_scale * sqrt(v) + epsilon)
//
// The arenas have one layout, so the step is elementwise; padding is zero in the gradients and
// stays zero in the parameters.
// Defines: those of lanes.cl. Work-groups: any; a unit is LANES elements.

#include "descriptor.cl"

// operands: 0 where the arenas' content begins. constants: 0 1 - beta1, 1 1 - beta2, 2 epsilon. mode: whether p follows the earlier moments.
static void run_adam(const context *c, const descriptor *d, int begin, int end) {
  size_t first = (size_t)d->operands[0].offset * 16;
  real step_size = (real)(c->control->step_size);
  real moment_scale = (real)(c->control->moment_scale);
  for (int unit = begin + WORKER; unit < end; unit += GROUP) {
    size_t at = first + (size_t)unit * LANES;
    real g = load_real(c->arenas[2] + at);
    real m = load_real(c->arenas[3] + at);
    real v = load_real(c->arenas[4] + at);
    real new_m = fma((real)(d->constants[0]), g - m, m);
    real new_v = fma((real)(d->constants[1]), fma(g, g, -v), v);
    store_real(new_m, c->arenas[3] + at);
    store_real(new_v, c->arenas[4] + at);
    if (!d->mode) {
      m = new_m;
      v = new_v;
    }
    real scale = fma(moment_scale, sqrt(v), (real)(d->constants[2]));
    store_real(load_real(c->arenas[0] + at) + step_size * m / scale, c->arenas[0] + at);
  }
}
