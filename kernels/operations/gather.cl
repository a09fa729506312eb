// Gather: a batch of images out of a resident data set, binarized if asked.
//
//   batch[b] = binarize(scale * source[order[(offset + b) % N]])        indices[b] = that row
//
// NaN is a missing value and stays one.
//
// The data set lies row by row without padding, bytes or floats.
// Defines: those of lanes.cl. Work-groups: as lanes.cl says, a row is an image.

#include "descriptor.cl"
#include "noise.cl"

// A chunk of a data row; lanes past the last column are zero.
static inline real load_data(
    __global const uchar *source, int is_bytes, size_t row_start, int chunk, int columns) {
#ifdef PANELS
  float lanes[16] __attribute__((aligned(64)));
  size_t first = row_start + (size_t)chunk * 16;
  int count = min(16, columns - chunk * 16);
  if (is_bytes) {
    if (count == 16) return convert_float16(vload16(0, source + first));
    for (int i = 0; i < 16; i++) lanes[i] = i < count ? convert_float(source[first + i]) : 0.0f;
  } else {
    __global const float *values = (__global const float *)source;
    for (int i = 0; i < 16; i++) lanes[i] = i < count ? values[first + i] : 0.0f;
  }
  return vload16(0, lanes);
#else
  size_t index = row_start + chunk;
  return is_bytes ? convert_float(source[index]) : ((__global const float *)source)[index];
#endif
}

// 1 or 0 for what is a number.
static inline real binary(real value, whole is_one) {
  real bit = is_one ? (real)(1.0f) : (real)(0.0f);
  return value == value ? bit : value;
}

ROUTINE void run_gather(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  int binarization = gather_binarization(d);
  for (int row = begin; row < end; row++) {
    uint rows = (uint)gather_source_rows(d);
    uint position = (c->control->batch_offset + (uint)row) % rows;
    uint index = min(c->order[position], rows - 1);
    size_t row_start = (size_t)index * d->columns;
    store_value(c, gather_indices(d), row, as_float(index));
    FOR_CALLS(call, d->columns) {
      philox_words words;
      if (binarization == BINARIZATION_SAMPLE)
        words = philox(PURPOSE_BINARIZATION, CALL_INDEX(call), 0, index, c->control->pass,
                       c->control->seed_low, c->control->seed_high);
      UNROLL for (int w = 0; w < 4; w++) {
        int chunk = CALL_CHUNK(call, w);
        if (chunk >= CHUNKS(d->columns)) continue;
        real value = load_data(c->source, gather_is_bytes(d), row_start, chunk, d->columns)
            * (real)(gather_scale(d));
        if (binarization == BINARIZATION_THRESHOLD)
          value = binary(value, value >= (real)(0.5f));
        if (binarization == BINARIZATION_SAMPLE) {
          // A multiple of 2^-24, so the comparison is exact.
          real uniform = real_from_word(words.w[w] >> 8) * (real)(0x1p-24f);
          value = binary(value, uniform < value);
        }
        store(c, gather_batch(d), row, chunk, value);
      }
    }
  }
}
