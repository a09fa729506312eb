// Draw: some of each image's samples, in proportion to their weights (Operation.swift).
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is an image.

#include "descriptor.cl"
#include "estimator.cl"
#include "noise.cl"

#define PURPOSE_RESAMPLING 6u

// One scope's draws.
static inline void draw_scope(
    const context *c, const descriptor *d, int row, __global const float *weights,
    scope_sums sums) {
  float temperature = d->constants[0];
  int scope = row % d->inner;
  uint image = as_uint(load_value(c, d->operands[1], row / d->inner));
  float uniform = uniform_number(PURPOSE_RESAMPLING, (uint)scope, image, c->control->step,
                                 c->control->seed_low, c->control->seed_high);
  int next = 0, chosen = 0;
  float passed = 0.0f, weight = 0.0f;
  for (int draw = 0; draw < d->samples; draw++) {
    float threshold = ((float)draw + uniform) / (float)d->samples * sums.sum;
    while (next < d->group && passed <= threshold) {
      float share = FIRST_LANE(share_of((real)(weights[next]), sums, temperature));
      passed += share;
      if (share > 0.0f) {
        chosen = next;
        weight = share / sums.sum;
      }
      next++;
    }
    // NaN among the weights makes the sum NaN; where there is no weight there is no signal.
    float signal = sums.sum == sums.sum ? weight : sums.sum;
    size_t at = (size_t)row * d->samples + draw;
    base_of(c, d->operands[2])[at] = as_float((uint)(scope * d->group + chosen));
    for (int column = 0; column < 3; column++) {
      operand o = d->operands[3 + column];
      float linear = d->constants[1 + 2 * column];
      float square = d->constants[2 + 2 * column];
      if (is_present(o))
        base_of(c, o)[at] =
            signal == 0.0f ? 0.0f : (linear + square * signal) / (float)d->samples;
    }
  }
}

// operands: 0 log-weights, 1 image indices, 2 drawn, 3 decoder, 4 path and 5 score coefficients.
// inner: scopes of an image. group: samples of a scope. samples: draws of a scope.
// constants: 0 temperature, then linear and square of each column.
static void run_draw(const context *c, const descriptor *d, int begin, int end) {
  float temperature = d->constants[0];
  for (int row = begin * d->inner; row < end * d->inner; row++) {
    __global const float *weights = base_of(c, d->operands[0]) + (size_t)row * d->group;
    scope_sums sums = sum_scope(c, weights, d->group, temperature);
    // The running sum has an order, so one worker alone follows it.
    if (WORKER == 0) draw_scope(c, d, row, weights, sums);
  }
}
