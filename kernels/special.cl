// The logarithm of the gamma function and its derivative, digamma, over `real`.
//
// Arguments fall in three: near the roots a minimax polynomial of the function over its root's
// distance; below and above them the recurrence moves the argument there; beyond, Stirling's
// series with minimax coefficients. Each takes one logarithm and one division, shared by all.
// Negative arguments are reflected, which takes lgamma another logarithm and digamma another
// division. Errors are below 2e-7 of the larger of the value and 1/2 for positive arguments, and
// below 2e-6 of the larger of the value and 1 for negative ones.
// Defines: those of lanes.cl.

#include "numerics.cl"

// z >= 0 less the nearest whole number, exactly; adding 2^23 rounds off the fraction.
static inline real signed_fraction(real z) {
  real nearest = (z + (real)(0x1p+23f)) - (real)(0x1p+23f);
  return z < (real)(0x1p+23f) ? z - nearest : (real)(0.0f);
}

// log Gamma(2 + y) / y for |y| <= 1/2.
static inline real lgamma_near_two(real y) {
  real p = (real)(-0x1.478780p-12f);
  p = fma(p, y, (real)(0x1.28fafap-11f));
  p = fma(p, y, (real)(-0x1.2e7570p-10f));
  p = fma(p, y, (real)(0x1.799444p-9f));
  p = fma(p, y, (real)(-0x1.e470b6p-8f));
  p = fma(p, y, (real)(0x1.51347ap-6f));
  p = fma(p, y, (real)(-0x1.13df96p-4f));
  p = fma(p, y, (real)(0x1.4a34ccp-2f));
  return fma(p, y, (real)(0x1.b0ee60p-2f));
}

// |sin(pi r)| / pi for |r| <= 1/2.
static inline real sine_over_pi(real r) {
  real z = r * r;
  real p = (real)(0x1.94f38cp-6f);
  p = fma(p, z, (real)(-0x1.86071ep-3f));
  p = fma(p, z, (real)(0x1.9f9938p-1f));
  p = fma(p, z, (real)(-0x1.a51a5ap+0f));
  return fabs(fma(p * z, r, r));
}

// log |Gamma(x)|; infinity at 0 and the negative whole numbers.
static inline real lgamma_real(real x) {
  // Reflection: log |Gamma(x)| = -log |sin(pi x) / pi| - log Gamma(1 - x).
  real w = x < (real)(0.0f) ? (real)(1.0f) - x : x;
  // Below 3.5: w = 2 + y + shift, where Gamma(w) = Gamma(2 + y) times or over `factor`.
  real origin = w < (real)(0.5f) ? (real)(0.0f) : (real)(1.0f);
  origin = w < (real)(1.5f) ? origin : (real)(2.0f);
  origin = w < (real)(2.5f) ? origin : (real)(3.0f);
  real y = w - origin;
  real factor = w < (real)(0.5f) ? fma(w, w, w) : w;
  factor = w < (real)(1.5f) ? factor : (real)(1.0f);
  factor = w < (real)(2.5f) ? factor : w - (real)(1.0f);
  factor = w < (real)(3.5f) ? factor : w;
  whole exponent;
  real f = remove_exponent(factor, &exponent);
  real e = real_from_whole(exponent);
  real logarithm_rest = log_remainder(e, f);
  real logarithm = fma(e, (real)(0x1.63p-1f), logarithm_rest);
  logarithm = w < (real)(1.5f) ? -logarithm : logarithm;
  real near = fma(lgamma_near_two(y), y, logarithm);
  // Stirling: (w - 1/2) (log w - 1) + (log(2 pi) - 1) / 2 + g(1 / w^2) / w. log w - 1 is the sum of
  // `high`, which is exact, and the rest, so that w times it is rounded once.
  real reciprocal = (real)(1.0f) / w;
  real z = reciprocal * reciprocal;
  real g = (real)(0x1.71bd24p-11f);
  g = fma(g, z, (real)(-0x1.6b7eb8p-9f));
  g = fma(g, z, (real)(0x1.555542p-4f));
  real high = fma(e, (real)(0x1.63p-1f), (real)(-1.0f));
  real rest = fma(reciprocal, g, (real)(0x1.acfe3ap-2f));
  rest = fma((real)(-0.5f), high + logarithm_rest, rest);
  real far = fma(w, high, fma(w, logarithm_rest, rest));
  real result = w < (real)(3.5f) ? near : far;
  result = w < (real)(INFINITY) ? result : w;
  real r = signed_fraction(fabs(x));
  real reflected = -log_real(sine_over_pi(r)) - result;
  reflected = r == (real)(0.0f) ? (real)(INFINITY) : reflected;
  result = x < (real)(0.0f) ? reflected : result;
  result = fabs(x) < (real)(0x1p-126f) ? (real)(INFINITY) : result;
  return x != x ? x : result;
}

// digamma(1.5 + y) / (1.5 + y - root) for |y| <= 1/2; the root is 1.4616321.
static inline real digamma_near_root(real y) {
  real p = (real)(-0x1.00e0fcp-6f);
  p = fma(p, y, (real)(0x1.861e3ep-6f));
  p = fma(p, y, (real)(-0x1.acdc56p-6f));
  p = fma(p, y, (real)(0x1.42f556p-5f));
  p = fma(p, y, (real)(-0x1.fbc530p-5f));
  p = fma(p, y, (real)(0x1.858e30p-4f));
  p = fma(p, y, (real)(-0x1.2fee58p-3f));
  p = fma(p, y, (real)(0x1.ec9fc6p-3f));
  p = fma(p, y, (real)(-0x1.b1cb62p-2f));
  return fma(p, y, (real)(0x1.e6f0ccp-1f));
}

// pi / tan(pi r) for 0 < |r| <= 1/2: 1 / r - r C(r^2).
static inline real pi_over_tangent(real r) {
  real z = r * r;
  real p = (real)(0x1.7b86a4p+2f);
  p = fma(p, z, (real)(0x1.26cc26p-3f));
  p = fma(p, z, (real)(0x1.34264cp+1f));
  p = fma(p, z, (real)(0x1.f66394p+0f));
  p = fma(p, z, (real)(0x1.04c5b4p+1f));
  p = fma(p, z, (real)(0x1.151106p+1f));
  p = fma(p, z, (real)(0x1.a51a6ap+1f));
  return fma(-r, p, (real)(1.0f) / r);
}

// The derivative of log Gamma; NaN at the negative whole numbers, and at 0 the infinity of 1 / -x.
static inline real digamma_real(real x) {
  // Reflection: digamma(x) = digamma(1 - x) + pi / tan(pi |x|) for x < 0.
  real w = x < (real)(0.0f) ? (real)(1.0f) - x : x;
  real reciprocal = (real)(1.0f) / w;
  // Below 2: digamma(w) = digamma(w + 1) - 1 / w moves [0, 1) to where the polynomial is. The root
  // is 1.5 less two parts, of which the first leaves the difference exact.
  real y = w < (real)(1.0f) ? w - (real)(0.5f) : w - (real)(1.5f);
  real from_root = (y + (real)(0x1.3a4f40p-5f)) + (real)(-0x1.ab5f20p-27f);
  real shift = w < (real)(1.0f) ? -reciprocal : (real)(0.0f);
  real near = fma(digamma_near_root(y), from_root, shift);
  // Beyond, log w - 1 / (2 w) - A(1 / w^2) / w^2.
  whole exponent;
  real f = remove_exponent(w, &exponent);
  real e = real_from_whole(exponent);
  real z = reciprocal * reciprocal;
  real p = (real)(-0x1.df2c3ep-10f);
  p = fma(p, z, (real)(0x1.d2bfbcp-9f));
  p = fma(p, z, (real)(-0x1.0ffa0ap-7f));
  p = fma(p, z, (real)(0x1.555458p-4f));
  real rest = fma(-reciprocal, fma(p, reciprocal, (real)(0.5f)), log_remainder(e, f));
  real far = fma(e, (real)(0x1.63p-1f), rest);
  real result = w < (real)(2.0f) ? near : far;
  result = w < (real)(INFINITY) ? result : w;
  real r = signed_fraction(fabs(x));
  real reflected = result + pi_over_tangent(r);
  reflected = r == (real)(0.0f) ? (real)(NAN) : reflected;
  result = x < (real)(0.0f) ? reflected : result;
  real pole = as_real(as_whole((real)(-INFINITY)) ^ (as_whole(x) & (int)0x80000000));
  result = fabs(x) < (real)(0x1p-126f) ? pole : result;
  return x != x ? x : result;
}
