// Draw: some of each image's samples, in proportion to their weights (Draw.swift).
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is an image.

#include "descriptor.cl"
#include "estimate.cl"
#include "noise.cl"

// The coefficients of a drawn sample.
static inline void store_drawn(
    const context *c, const descriptor *d, operand output, const float *rule, size_t at,
    float signal) {
  if (!is_present(output)) return;
  float coefficient = column_linear(rule) + column_square(rule) * signal;
  base_of(c, output)[at] = signal == 0.0f ? 0.0f : coefficient / (float)draw_draws(d);
}

// One scope's draws.
static inline void draw_scope(
    const context *c, const descriptor *d, int row, __global const float *weights,
    scope_sums sums) {
  float temperature = column_temperature(draw_decoder_rule(d));
  int scope = row % draw_scopes(d);
  uint image = as_uint(load_value(c, draw_indices(d), row / draw_scopes(d)));
  float uniform = uniform_number(PURPOSE_RESAMPLING, (uint)scope, image, c->control->step,
                                 c->control->seed_low, c->control->seed_high);
  int next = 0, chosen = 0;
  float passed = 0.0f, weight = 0.0f;
  for (int draw = 0; draw < draw_draws(d); draw++) {
    float threshold = ((float)draw + uniform) / (float)draw_draws(d) * sums.sum;
    while (next < draw_samples(d) && passed <= threshold) {
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
    size_t at = (size_t)row * draw_draws(d) + draw;
    base_of(c, draw_drawn(d))[at] = as_float((uint)(scope * draw_samples(d) + chosen));
    store_drawn(c, d, draw_decoder(d), draw_decoder_rule(d), at, signal);
    store_drawn(c, d, draw_path(d), draw_path_rule(d), at, signal);
    store_drawn(c, d, draw_score(d), draw_score_rule(d), at, signal);
  }
}

ROUTINE void run_draw(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  int count = draw_samples(d);
  float temperature = column_temperature(draw_decoder_rule(d));
  for (int row = begin * draw_scopes(d); row < end * draw_scopes(d); row++) {
    __global const float *weights = base_of(c, draw_log_weights(d)) + (size_t)row * count;
    scope_sums sums = sum_scope(weights, count, temperature, scratch);
    // The running sum has an order, so one worker alone follows it.
    if (WORKER == 0) draw_scope(c, d, row, weights, sums);
  }
}
