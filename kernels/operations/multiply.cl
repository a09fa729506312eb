// Multiply: a layer or its transpose, and what happens to its sums before they are stored.
//
// Defines: those of multiply_panels.cl or multiply_tiles.cl. Work-groups: as lanes.cl says; a row is one of the
// output.

#include "descriptor.cl"
#include "numerics.cl"

static inline real activate(int activation, real x) {
  switch (activation) {
    case ACTIVATION_TANH: return tanh_real(x);
    case ACTIVATION_RELU: return x < (real)(0.0f) ? (real)(0.0f) : x;
    case ACTIVATION_SOFTPLUS: return softplus_real(x);
    case ACTIVATION_LOGISTIC: return logistic_real(x);
    default: return x;
  }
}

// The derivative in terms of the activation's output y.
static inline real derivative(int activation, real y) {
  switch (activation) {
    case ACTIVATION_TANH: return fma(-y, y, (real)(1.0f));
    case ACTIVATION_RELU: return y > (real)(0.0f) ? (real)(1.0f) : (real)(0.0f);
    case ACTIVATION_SOFTPLUS: {
      // 1 - e^-y, by its series where the difference would cancel.
      real series = fma(y, (real)(-1.0f / 24.0f), (real)(1.0f / 6.0f));
      series = fma(y, -series, (real)(0.5f));
      series = fma(y, -series, (real)(1.0f)) * y;
      return y < (real)(0.05f) ? series : (real)(1.0f) - exp_real(-y);
    }
    case ACTIVATION_LOGISTIC: return fma(-y, y, y);
    default: return (real)(1.0f);
  }
}

// Stores one chunk of a layer's output. Where its form is a constant, no more than that takes is compiled.
static inline void finish_layer(
    const context *c, const descriptor *d, int form, real value, int row, int chunk) {
  if (form & FORM_ACCUMULATES) value += load(c, multiply_output(d), row, chunk);
  if (form & FORM_DERIVATIVE)
    value *= derivative(FORM_ACTIVATION(form), load(c, multiply_derivative_at(d), row, chunk));
  else
    value = activate(FORM_ACTIVATION(form), value);
  // Some activations of a padding zero are not zero.
  store(c, multiply_output(d), row, chunk, with_padding(value, chunk, d->columns, 0.0f));
}

#ifdef PANELS
#include "multiply_panels.cl"
#else
#include "multiply_tiles.cl"
#endif
