// Gradients of weights and biases: sums over rows of deltas, times inputs, and what becomes of them.
//
// Defines: those of sums.cl. Work-groups: as sums.cl says. A tile is a group's: of a weight, 16 inputs by
// GRADIENT_STRIPS strips of outputs in panels, SUM_TILE of either in tiles; of a bias, as many outputs.

#include "adam.cl"
#include "turn.cl"

// Zeros in place of numbers too small to be normal, whatever the device makes of those.
static inline real flushed(real x) {
  return fabs(x) < (real)(FLT_MIN) ? x * (real)(0.0f) : x;
}

// The sums of two leaves, or of nodes of the tree of leaves, as the host adds them.
static inline real add_leaves(real a, real b) { return flushed(flushed(a) + flushed(b)); }

// What is added to a gradient: what it held times its decay, if any.
static inline real old_gradient(
    const context *c, int accumulates, operand decay, __global const float *at) {
  if (!accumulates) return (real)(0.0f);
  float factor = is_present(decay) ? load_value(c, decay, 0) : 1.0f;
  return factor == 0.0f ? (real)(0.0f) : (real)(factor) * load_real(at);
}

// What becomes of some elements of a gradient at a place in the arenas: with what they held, they are
// stored, or the parameters follow them. Returns the parameters that follow, or the gradient.
static inline real settle_gradient(
    const context *c, const descriptor *d, __global float *at, real gradient) {
  gradient += old_gradient(c, weight_gradient_accumulates(d), weight_gradient_decay(d), at);
  if (weight_gradient_updates(d)) return update_elements(c, d, at - c->gradients, gradient);
  store_real(gradient, at);
  return gradient;
}

#ifdef PANELS
#include "weight_gradient_panels.cl"
#else
#include "weight_gradient_tiles.cl"
#endif
