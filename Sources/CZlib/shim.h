#pragma once
#include <zlib.h>

// Macros with a size in them, which Swift does not import.
static inline int iwae_inflate_begin(z_stream *stream, int window_bits) {
  return inflateInit2(stream, window_bits);
}

static inline int iwae_deflate_begin(z_stream *stream, int level, int window_bits) {
  return deflateInit2(stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
}
