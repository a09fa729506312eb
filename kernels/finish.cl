// Finish: what happens to a layer's sums before they are stored.
//
// Defines: those of lanes.cl.

#include "descriptor.cl"
#include "numerics.cl"

#define ACTIVATION_IDENTITY 0
#define ACTIVATION_TANH 1
#define ACTIVATION_RELU 2
#define ACTIVATION_SOFTPLUS 3
#define ACTIVATION_LOGISTIC 4

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

// Stores one chunk of a layer's output.
//
// operands: 0 input, 1 weight, 2 bias, 3 derivative at, 4 output. inner: length of each sum.
// group: whether to add to the output. mode: activation.
static inline void finish_layer(
    const context *c, const descriptor *d, real value, int row, int chunk) {
  if (d->group) value += load(c, d->operands[4], row, chunk);
  if (is_present(d->operands[3])) {
    value *= derivative(d->mode, load(c, d->operands[3], row, chunk));
  } else if (d->mode != ACTIVATION_IDENTITY) {
    value = activate(d->mode, value);
  }
  // Some activations of a padding zero are not zero.
  store(c, d->operands[4], row, chunk, with_padding(value, chunk, d->columns, 0.0f));
}
