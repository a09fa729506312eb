// Noise: Philox4x32-10 and standard normals, the same bits on every device.
//
// Only operations that IEEE 754 rounds exactly occur in the normals (no division, no square root),
// contraction is off, and no intermediate is denormal. NoiseAddress.swift holds the same operations in
// the same order, log_real's included.
//
// A call yields four words; word w of call c belongs to column (c / 16) * 64 + w * 16 + c % 16.
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is a sample.

#include "descriptor.cl"
#include "numerics.cl"

// The calls that serve a row, divided among the workers, and the chunk that word w of a call is for.
#ifdef PANELS
#define FOR_CALLS(call, columns) for (int call = 0; call < ((columns) + 63) / 64; call++)
#define CALL_INDEX(call) ((call) * 16 + LANE)
#define CALL_CHUNK(call, w) ((call) * 4 + (w))
#else
#define FOR_CALLS(call, columns) \
  for (int call = WORKER; call < ((columns) + 63) / 64 * 16; call += GROUP)
#define CALL_INDEX(call) (call)
#define CALL_CHUNK(call, w) ((call) / 16 * 64 + (w) * 16 + (call) % 16)
#endif

typedef struct {
  word w[4];
} philox_words;

// The words at counter (purpose | call, sample, image, time) under a 64-bit seed.
static inline philox_words philox(
    uint purpose, whole call, uint sample, uint image, uint time, uint seed_low, uint seed_high) {
  word x = (word)(purpose << 24) | as_word(call);
  word y = (word)(sample);
  word z = (word)(image);
  word t = (word)(time);
  UNROLL for (int round = 0; round < 10; round++) {
    word first_high = mul_hi((word)(0xD2511F53u), x);
    word first_low = x * (word)(0xD2511F53u);
    word second_high = mul_hi((word)(0xCD9E8D57u), z);
    word second_low = z * (word)(0xCD9E8D57u);
    x = second_high ^ y ^ (word)(seed_low);
    y = second_low;
    z = first_high ^ t ^ (word)(seed_high);
    t = first_low;
    seed_low += 0x9E3779B9u;
    seed_high += 0xBB67AE85u;
  }
  philox_words words;
  words.w[0] = x;
  words.w[1] = y;
  words.w[2] = z;
  words.w[3] = t;
  return words;
}

// The square root of x >= 0 by Newton's iteration on its reciprocal, and one correction.
static inline real exact_square_root(real x) {
  real half_x = (real)(0.5f) * x;
  real y = as_real((word)(0x5f3759dfu) - (as_word(x) >> 1));
  UNROLL for (int i = 0; i < 3; i++) y *= fma(-(half_x * y), y, (real)(1.5f));
  real root = x * y;
  return fma(fma(-root, root, x), (real)(0.5f) * y, root);
}

// Two standard normals from two words (Box and Muller).
static inline void box_muller(word first, word second, real *cosine, real *sine) {
  real uniform = fma(real_from_word(first), (real)(0x1p-32f), (real)(0x1p-33f));
  real radius = exact_square_root((real)(-2.0f) * log_real(uniform));
  word quadrant = (second + (word)(0x20000000u)) >> 30;
  whole rest = as_whole(second - (quadrant << 30));
  real t = real_from_whole(rest) * (real)(0x1.921fb6p-30f);
  real z = t * t;
  real s = (real)(-0x1.994e86p-13f);
  s = fma(s, z, (real)(0x1.110760p-7f));
  s = fma(s, z, (real)(-0x1.555546p-3f));
  s = fma(s * z, t, t);
  real c = (real)(0x1.9a0230p-16f);
  c = fma(c, z, (real)(-0x1.6c0c8cp-10f));
  c = fma(c, z, (real)(0x1.55554ap-5f));
  c = fma(c * z, z, fma((real)(-0.5f), z, (real)(1.0f)));
  whole swapped = as_whole(quadrant & (word)(1u)) != (whole)(0);
  real upright = swapped ? c : s;
  real across = swapped ? s : c;
  word sine_sign = (quadrant & (word)(2u)) << 30;
  word cosine_sign = ((quadrant + (word)(1u)) & (word)(2u)) << 30;
  *sine = radius * as_real(as_word(upright) ^ sine_sign);
  *cosine = radius * as_real(as_word(across) ^ cosine_sign);
}

// The four normals of a call, in the order of their columns.
static inline void normals(philox_words words, real *values) {
  box_muller(words.w[0], words.w[1], &values[0], &values[1]);
  box_muller(words.w[2], words.w[3], &values[2], &values[3]);
}

// One uniform number in [0, 1): that of column 0, which is the first word of the first lane's call.
static inline float uniform_number(
    uint purpose, uint sample, uint image, uint time, uint seed_low, uint seed_high) {
  philox_words words = philox(purpose, LANE, sample, image, time, seed_low, seed_high);
  return convert_float(FIRST_LANE(words.w[0]) >> 8) * 0x1p-24f;
}

ROUTINE void run_noise(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  int samples = noise_samples(d);
  for (int row = begin; row < end; row++) {
    uint image = as_uint(load_value(c, noise_indices(d), row / samples));
    uint position = is_present(noise_drawn(d))
        ? as_uint(load_value(c, noise_drawn(d), row)) : (uint)(row % samples);
    FOR_CALLS(call, d->columns) {
      philox_words words = philox((uint)noise_purpose(d), CALL_INDEX(call),
                                  c->control->sample_offset + position, image, c->control->step,
                                  c->control->seed_low, c->control->seed_high);
      real values[4];
      if (noise_distribution(d) == DISTRIBUTION_NORMAL) {
        normals(words, values);
      } else {
        UNROLL for (int w = 0; w < 4; w++)
          values[w] = real_from_word(words.w[w] >> 8 | (word)(1u)) * (real)(0x1p-24f);
      }
      UNROLL for (int w = 0; w < 4; w++) {
        int chunk = CALL_CHUNK(call, w);
        if (chunk < CHUNKS(d->columns))
          store(c, noise_output(d), row, chunk, with_padding(values[w], chunk, d->columns, 0.0f));
      }
    }
  }
}
