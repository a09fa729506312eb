// Transitions of Hamiltonian dynamics: half steps, Metropolis's choice, and what follows from it.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is a sample.

#include "descriptor.cl"
#include "numerics.cl"
#include "noise.cl"

#define PURPOSE_ACCEPTANCE 7u

// operands: 0 gradient, 1 step sizes, 2 momentum, 3 position. samples: samples of an image.
static void run_leapfrog(const context *c, const descriptor *d, int begin, int end) {
  for (int row = begin; row < end; row++) {
    float step = load_value(c, d->operands[1], row / d->samples);
    real kick = (real)(0.5f * step * c->control->density_scale);
    FOR_CHUNKS(chunk, d->columns) {
      real momentum = fma(kick, load(c, d->operands[0], row, chunk),
                          load(c, d->operands[2], row, chunk));
      store(c, d->operands[2], row, chunk, momentum);
      if (is_present(d->operands[3]))
        store(c, d->operands[3], row, chunk,
              fma((real)(step), momentum, load(c, d->operands[3], row, chunk)));
    }
  }
}

// operands: 0 density and 1 momentum density before, 2 and 3 after, 4 image indices, 5 accepted.
// samples: samples of an image.
static void run_accept(const context *c, const descriptor *d, int begin, int end) {
  for (int row = begin + WORKER; row < end; row += GROUP) {
    uint image = as_uint(load_value(c, d->operands[4], row / d->samples));
    uint sample = c->control->sample_offset + (uint)(row % d->samples);
    float uniform = uniform_number(PURPOSE_ACCEPTANCE, sample, image, c->control->step,
                                   c->control->seed_low, c->control->seed_high);
    float density = load_value(c, d->operands[2], row) - load_value(c, d->operands[0], row);
    float momentum = load_value(c, d->operands[3], row) - load_value(c, d->operands[1], row);
    float ratio = fma(c->control->density_scale, density, momentum);
    float chance = FIRST_LANE(exp_real((real)(fmin(ratio, 0.0f))));
    // The smaller of NaN and 0 is 0, so NaN is asked for by itself.
    base_of(c, d->operands[5])[row] = ratio == ratio && uniform < chance ? 1.0f : 0.0f;
  }
}

// operands: 0 choice, 1 input, 2 output.
static void run_select_rows(const context *c, const descriptor *d, int begin, int end) {
  for (int row = begin; row < end; row++) {
    if (load_value(c, d->operands[0], row) == 0.0f) continue;
    FOR_CHUNKS(chunk, d->columns)
      store(c, d->operands[2], row, chunk, load(c, d->operands[1], row, chunk));
  }
}
