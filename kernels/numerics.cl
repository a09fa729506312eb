// Elementary functions over `real`, from fma, +, *, / and bit moves.
//
// The polynomials are minimax fits; Tests count their error in units of the last place. NaN passes
// through all of them: a clamp is written `x < c ? c : x`, which keeps NaN. Both sides of a choice
// are computed, and denormals count as zero.
// Defines: those of lanes.cl.

#include "lanes.cl"

// The nearest whole number, for |x| < 2^22: adding and subtracting 1.5 * 2^23 rounds off the fraction.
// The language's own rint takes PoCL some twenty instructions.
static inline real nearest_whole(real x) {
  return (x + (real)(0x1.8p+23f)) - (real)(0x1.8p+23f);
}

// x = n log 2 + f for |x| < 89, f at most log(2) / 2: f and the whole number n. log 2 is in two
// parts, so that n log 2 loses nothing.
static inline real remove_powers(real x, real *n) {
  *n = nearest_whole(x * (real)(0x1.715476p+0f));
  real f = fma(*n, (real)(-0x1.63p-1f), x);
  return fma(*n, (real)(0x1.bd0106p-13f), f);
}

// e^f - 1 for |f| < 0.36, accurate relative to itself.
static inline real expm1_fraction(real f) {
  real p = (real)(0x1.6a234ep-10f);
  p = fma(p, f, (real)(0x1.123a6cp-7f));
  p = fma(p, f, (real)(0x1.5558f4p-5f));
  p = fma(p, f, (real)(0x1.555490p-3f));
  p = fma(p, f, (real)(0x1.fffffcp-2f));
  return fma(p * f, f, f);
}

// e^x = 2^n p for |x| < 89: p, between sqrt(1/2) and sqrt(2), and the whole number n.
static inline real exp_parts(real x, real *n) {
  return expm1_fraction(remove_powers(x, n)) + (real)(1.0f);
}

// p 2^n in two factors: n reaches 128, where a single exponent would overflow.
static inline real scale_real(real p, real n) {
  whole exponent = whole_from_real(n);
  whole half_exponent = exponent >> 1;
  real scale = as_real((half_exponent + 127) << 23);
  real rest = as_real((exponent - half_exponent + 127) << 23);
  return p * scale * rest;
}

// e^x. Below -87.3 the result would be denormal, and is 0; above 88.72 it is infinity.
static inline real exp_real(real x) {
  real clamped = x < (real)(-87.3f) ? (real)(-87.3f) : x;
  clamped = clamped > (real)(88.72f) ? (real)(88.72f) : clamped;
  real n;
  real p = exp_parts(clamped, &n);
  real result = scale_real(p, n);
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

// e^x - 1 = 2^n (e^f - 1) + (2^n - 1), accurate relative to itself. Computed at half its size: n
// reaches 128, and what overflows does so in the doubling.
static inline real expm1_real(real x) {
  real clamped = x < (real)(-87.0f) ? (real)(-87.0f) : x;
  clamped = clamped > (real)(89.0f) ? (real)(89.0f) : clamped;
  real n;
  real q = expm1_fraction(remove_powers(clamped, &n));
  real half_scale = as_real((whole_from_real(n) + 126) << 23);
  real result = (real)(2.0f) * fma(half_scale, q, half_scale - (real)(0.5f));
  // Keeps the sign of zero, and the numbers whose half is denormal.
  result = fabs(x) < (real)(0x1p-25f) ? x : result;
  return x != x ? x : result;
}

// x = 2^e (1 + f) for normal x > 0, with 1 + f in [sqrt(1/2), sqrt(2)): f, which is exact, and e.
static inline real remove_exponent(real x, whole *e) {
  whole bits = as_whole(x);
  *e = (bits - 0x3f3504f3) >> 23;
  return as_real(bits - (*e << 23)) - (real)(1.0f);
}

// log(2^e (1 + f)) - 0x1.63p-1 e, where 0x1.63p-1 e is exact: log 2 is a little less.
static inline real log_remainder(real e, real f) {
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
  return f + y;
}

// log x for normal x > 0: x = 2^e m with m in [sqrt(1/2), sqrt(2)), then a polynomial in m - 1.
// Noise depends on the bits of this, so it keeps to exactly rounded operations.
static inline real log_real(real x) {
  whole exponent;
  real f = remove_exponent(x, &exponent);
  real e = real_from_whole(exponent);
  return fma(e, (real)(0x1.63p-1f), log_remainder(e, f));
}

// log x for any x: NaN below 0.
static inline real log_full(real x) {
  real result = log_real(x);
  result = x < (real)(0x1p-126f) ? (real)(-INFINITY) : result;
  result = x <= (real)(-0x1p-126f) ? (real)(NAN) : result;
  return x < (real)(INFINITY) ? result : x;
}

// log(1 + x), accurate relative to itself. What rounding u = 1 + x loses is added to the fraction
// of u, scaled as that is: with u = 2^e (1 + f), 1 + x = 2^e (1 + f + lost / 2^e).
static inline real log1p_real(real x) {
  real u = (real)(1.0f) + x;
  real added = u - (real)(1.0f);
  real lost = ((real)(1.0f) - (u - added)) + (x - added);
  whole exponent;
  real f = remove_exponent(u, &exponent);
  // Beyond 2^126 nothing is lost, and 2^-e would not be normal.
  f = fma(lost, as_real((127 - min(exponent, (whole)(126))) << 23), f);
  real e = real_from_whole(exponent);
  real result = fma(e, (real)(0x1.63p-1f), log_remainder(e, f));
  result = x == (real)(-1.0f) ? (real)(-INFINITY) : result;
  result = x < (real)(-1.0f) ? (real)(NAN) : result;
  result = x == (real)(0.0f) ? x : result;
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

// log(1 + e^x) = max(x, 0) + log(1 + e), from e = e^-|x|, with what rounding 1 + e loses added back.
static inline real softplus_from(real x, real e) {
  real u = (real)(1.0f) + e;
  real lost = e - (u - (real)(1.0f));
  real positive = x < (real)(0.0f) ? (real)(0.0f) : x;
  return positive + (log_real(u) + lost / u);
}

static inline real softplus_real(real x) { return softplus_from(x, exp_real(-fabs(x))); }

// 1 / (1 + e^-x), from e = e^-|x|.
static inline real logistic_from(real x, real e) {
  real numerator = x < (real)(0.0f) ? e : (real)(1.0f);
  return numerator / ((real)(1.0f) + e);
}

static inline real logistic_real(real x) { return logistic_from(x, exp_real(-fabs(x))); }

// 1, 0 or -1; x - x is +0 for zeros of either sign, and NaN for NaN.
static inline real sign_real(real x) {
  real result = x < (real)(0.0f) ? (real)(-1.0f) : x - x;
  return x > (real)(0.0f) ? (real)(1.0f) : result;
}

// The smaller and the larger, NaN if either is: the language's min and max swallow NaN.
static inline real min_real(real a, real b) {
  real result = a < b ? a : b;
  return a != a ? a : result;
}

static inline real max_real(real a, real b) {
  real result = a > b ? a : b;
  return a != a ? a : result;
}

// 1 where a < b, else 0.
static inline real less_real(real a, real b) {
  return a < b ? (real)(1.0f) : (real)(0.0f);
}

// a where the condition is neither 0 nor NaN, else b; what is not taken has no say.
static inline real where_real(real condition, real a, real b) {
  return fabs(condition) > (real)(0.0f) ? a : b;
}

// log x for normal x > 0, as the sum of the result and `low`, to some 34 bits. With
// s = f / (2 + f), log(1 + f) = 2 s + s^3 Q(s^2).
static inline real log_extended(real x, real *low) {
  whole exponent;
  real f = remove_exponent(x, &exponent);
  real e = real_from_whole(exponent);
  // s and what it lacks: f - s (2 + f), over 2 + f, which itself is rounded.
  real divisor = (real)(2.0f) + f;
  real divisor_low = f - (divisor - (real)(2.0f));
  real reciprocal = (real)(1.0f) / divisor;
  real s = f * reciprocal;
  real s_low = fma(-s, divisor_low, fma(-s, divisor, f)) * reciprocal;
  real w = s * s;
  real p = (real)(0x1.aafb7ep-3f);
  p = fma(p, w, (real)(0x1.257e64p-2f));
  p = fma(p, w, (real)(0x1.9996aap-2f));
  p = fma(p, w, (real)(0x1.555556p-1f));
  // Either 0x1.63p-1 e is 0 or it is larger than 2 s, so the sum's error is exact.
  real whole_part = e * (real)(0x1.63p-1f);
  real high = fma((real)(2.0f), s, whole_part);
  real rest = fma((real)(2.0f), s, whole_part - high);
  rest = rest + fma(p * w, s, (real)(2.0f) * s_low);
  rest = fma(e, (real)(-0x1.bd0106p-13f), rest);
  real result = high + rest;
  *low = rest - (result - high);
  return result;
}

// a^b for |a| = 2^k m as e^(b log |a|), by the rules of C's pow. b log |a| is carried with a low
// part: of 80, a float's rounding would be 4e-6 of the power.
static inline real power_real(real a, real b) {
  real magnitude = fabs(a);
  real low;
  real high = log_extended(magnitude, &low);
  high = magnitude < (real)(0x1p-126f) ? (real)(-INFINITY) : high;
  high = magnitude == (real)(INFINITY) ? magnitude : high;
  real y = b * high;
  // The low part of an infinite product would be infinity less infinity.
  real y_low = fma(b, low, fma(b, high, -y));
  y_low = fabs(y) < (real)(100.0f) ? y_low : (real)(0.0f);
  real clamped = y < (real)(-88.0f) ? (real)(-88.0f) : y;
  clamped = clamped > (real)(89.0f) ? (real)(89.0f) : clamped;
  real n;
  real f = remove_powers(clamped, &n) + y_low;
  real result = scale_real(expm1_fraction(f) + (real)(1.0f), n);
  result = y < (real)(-87.34f) ? (real)(0.0f) : result;
  // |a| = 1 with b infinite; 0^0 and infinity^0 are among the last line's.
  result = magnitude == (real)(1.0f) ? (real)(1.0f) : result;
  // A negative base has powers with whole exponents only, and the sign of odd ones is its own.
  // Beyond 2^24 every exponent is even.
  real exponent = fabs(b) < (real)(0x1p+24f) ? b : (real)(0x1p+24f);
  whole nearest = whole_from_real(exponent);
  result = as_real(as_whole(result) ^ (as_whole(a) & (nearest << 31)));
  real otherwise = a < (real)(0.0f) ? (real)(NAN) : result;
  otherwise = a == (real)(-INFINITY) ? result : otherwise;
  result = real_from_whole(nearest) == exponent ? result : otherwise;
  // NaN, but 1^NaN = NaN^0 = 1.
  real sum = a + b;
  result = a != a ? sum : result;
  result = b != b ? sum : result;
  result = a == (real)(1.0f) ? (real)(1.0f) : result;
  return b == (real)(0.0f) ? (real)(1.0f) : result;
}

// x^(1/2) by the rules of C's pow, which differ from those of its sqrt at -0 and at -infinity.
static inline real power_half(real x) {
  real result = sqrt(x + (real)(0.0f));
  return x == (real)(-INFINITY) ? (real)(INFINITY) : result;
}

// x^n for a literal n, |n| <= 64, by squaring: the steps that n does not need fold away.
static inline real power_whole(real x, int n) {
  int count = n < 0 ? -n : n;
  real result = (real)(1.0f);
  real square = x;
  UNROLL for (int bit = 0; bit < 7; bit++) {
    if (count >> bit & 1) result = result * square;
    square = square * square;
  }
  return n < 0 ? (real)(1.0f) / result : result;
}

// Functions of a single number, by the same polynomials as everywhere.
#ifdef PANELS
static inline float log_value(float x) { return log_full((real)(x)).s0; }
static inline float exp_value(float x) { return exp_real((real)(x)).s0; }
#else
static inline float log_value(float x) { return log_full(x); }
static inline float exp_value(float x) { return exp_real(x); }
#endif
