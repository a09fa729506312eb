// Elementary functions over `real`, from fma, +, *, / and bit moves.
//
// The polynomials are minimax fits; Tests count their error in units of the last place. NaN passes
// through all of them: a clamp is written `x < c ? c : x`, which keeps NaN.
// Defines: those of lanes.cl.

#include "lanes.cl"

// The nearest whole number, for |x| < 2^22: adding and subtracting 1.5 * 2^23 rounds off the fraction.
// The language's own rint takes PoCL some twenty instructions.
static inline real nearest_whole(real x) {
  return (x + (real)(0x1.8p+23f)) - (real)(0x1.8p+23f);
}

// e^x = 2^n p for |x| < 89: p, between sqrt(1/2) and sqrt(2), and the whole number n.
static inline real exp_parts(real x, real *n) {
  // x = n log 2 + f, with log 2 in two parts so that n log 2 loses nothing.
  *n = nearest_whole(x * (real)(0x1.715476p+0f));
  real f = fma(*n, (real)(-0x1.63p-1f), x);
  f = fma(*n, (real)(0x1.bd0106p-13f), f);
  real p = (real)(0x1.6a234ep-10f);
  p = fma(p, f, (real)(0x1.123a6cp-7f));
  p = fma(p, f, (real)(0x1.5558f4p-5f));
  p = fma(p, f, (real)(0x1.555490p-3f));
  p = fma(p, f, (real)(0x1.fffffcp-2f));
  return fma(p * f, f, f) + (real)(1.0f);
}

// e^x. Below -87.3 the result would be denormal, and is 0; above 88.72 it is infinity.
static inline real exp_real(real x) {
  real clamped = x < (real)(-87.3f) ? (real)(-87.3f) : x;
  clamped = clamped > (real)(88.72f) ? (real)(88.72f) : clamped;
  real n;
  real p = exp_parts(clamped, &n);
  // 2^n in two factors: n reaches 128, where a single exponent would overflow.
  whole exponent = whole_from_real(n);
  whole half_exponent = exponent >> 1;
  real scale = as_real((half_exponent + 127) << 23);
  real rest = as_real((exponent - half_exponent + 127) << 23);
  real result = p * scale * rest;
  result = x < (real)(-87.3f) ? (real)(0.0f) : result;
  result = x > (real)(88.72f) ? (real)(INFINITY) : result;
  return x != x ? x : result;
}

// e^x for x <= 0, in fewer steps. Below -87.3 the result is that of -87.3, the smallest normal
// number.
static inline real exp_negative(real x) {
  real n;
  real p = exp_parts(x < (real)(-87.3f) ? (real)(-87.3f) : x, &n);
  return p * as_real((whole_from_real(n) + 127) << 23);
}

// log x for normal x > 0: x = 2^e m with m in [sqrt(1/2), sqrt(2)), then a polynomial in m - 1.
// Noise depends on the bits of this, so it keeps to exactly rounded operations.
static inline real log_real(real x) {
  whole bits = as_whole(x);
  whole exponent = (bits - 0x3f3504f3) >> 23;
  real e = real_from_whole(exponent);
  real f = as_real(bits - (exponent << 23)) - (real)(1.0f);
  real p = (real)(-0x1.38b4ccp-4f);
  p = fma(p, f, (real)(0x1.055b46p-3f));
  p = fma(p, f, (real)(-0x1.0d8552p-3f));
  p = fma(p, f, (real)(0x1.22da22p-3f));
  p = fma(p, f, (real)(-0x1.547244p-3f));
  p = fma(p, f, (real)(0x1.99a008p-3f));
  p = fma(p, f, (real)(-0x1.000228p-2f));
  p = fma(p, f, (real)(0x1.555554p-2f));
  real z = f * f;
  real y = (p * f) * z;
  y = fma(e, (real)(-0x1.bd0106p-13f), y);
  y = fma((real)(-0.5f), z, y);
  return fma(e, (real)(0x1.63p-1f), f + y);
}

// log x for any x >= 0 that is not denormal, 0 and infinity included.
static inline real log_any(real x) {
  real result = log_real(x);
  result = x == (real)(0.0f) ? (real)(-INFINITY) : result;
  return x < (real)(INFINITY) ? result : x;
}

// tanh x = x P(x^2) / Q(x^2), all coefficients positive; 1 beyond 9.
static inline real tanh_real(real x) {
  real t = x < (real)(-9.02f) ? (real)(-9.02f) : x;
  t = t > (real)(9.02f) ? (real)(9.02f) : t;
  real z = t * t;
  real p = (real)(0x1.c9a39cp-27f);
  p = fma(p, z, (real)(0x1.59554ep-16f));
  p = fma(p, z, (real)(0x1.c9f850p-9f));
  p = fma(p, z, (real)(0x1.120440p-3f));
  p = fma(p, z, (real)(1.0f));
  real q = (real)(0x1.a0b842p-21f);
  q = fma(q, z, (real)(0x1.5841cep-12f));
  q = fma(q, z, (real)(0x1.a7df20p-6f));
  q = fma(q, z, (real)(0x1.de576ap-2f));
  q = fma(q, z, (real)(1.0f));
  // Rounding must not take it beyond 1, where the derivative 1 - y^2 would change its sign.
  real y = t * p / q;
  y = y > (real)(1.0f) ? (real)(1.0f) : y;
  return y < (real)(-1.0f) ? (real)(-1.0f) : y;
}

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), with what rounding 1 + e^-|x| loses added back.
static inline real softplus_real(real x) {
  real e = exp_real(-fabs(x));
  real u = (real)(1.0f) + e;
  real lost = e - (u - (real)(1.0f));
  real positive = x < (real)(0.0f) ? (real)(0.0f) : x;
  return positive + (log_real(u) + lost / u);
}

// 1 / (1 + e^-x), from e = e^-|x|.
static inline real logistic_from(real x, real e) {
  real numerator = x < (real)(0.0f) ? e : (real)(1.0f);
  return numerator / ((real)(1.0f) + e);
}

static inline real logistic_real(real x) { return logistic_from(x, exp_real(-fabs(x))); }
