// Sum of samples: the rows of an image, added up.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is one of the output.

#include "descriptor.cl"

static void run_sum_samples(const context *c, const descriptor *d, int begin, int end) {
  int samples = sum_samples_samples(d);
  for (int row = begin; row < end; row++) {
    float decay =
        is_present(sum_samples_decay(d)) ? load_value(c, sum_samples_decay(d), row) : 1.0f;
    FOR_CHUNKS(chunk, d->columns) {
      real total = (real)(0.0f);
      for (int i = 0; i < samples; i++)
        total += load(c, sum_samples_input(d), row * samples + i, chunk);
      total *= (real)(sum_samples_scale(d));
      if (sum_samples_accumulates(d) && decay != 0.0f)
        total = fma((real)(decay), load(c, sum_samples_output(d), row, chunk), total);
      store(c, sum_samples_output(d), row, chunk, total);
    }
  }
}
