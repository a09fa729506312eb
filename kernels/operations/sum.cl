// Sum: consecutive values of a vector, or the rows of an image, added up.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is one of the output.

#include "descriptor.cl"

ROUTINE void run_sum(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  int samples = sum_samples(d);
  int is_vector = d->columns == 0;
  for (int row = begin; row < end; row++) {
    float decay = is_present(sum_decay(d)) ? load_value(c, sum_decay(d), row) : 1.0f;
    int accumulates = sum_accumulates(d) && decay != 0.0f;
    // The group's sum stands outside of branches: PoCL lets every work-item do what the first one is to
    // do after a barrier in a branch.
    real values = (real)(0.0f);
    FOR_SPANS(first, is_vector ? samples : 0)
      values += load_span(base_of(c, sum_input(d)) + (size_t)row * samples + first, samples - first);
    float sum = sum_scale(d) * group_sum(values, scratch);
    if (is_vector) {
      if (WORKER == 0) {
        if (accumulates) sum = fma(decay, load_value(c, sum_output(d), row), sum);
        store_value(c, sum_output(d), row, sum);
      }
    }
    FOR_CHUNKS(chunk, d->columns) {
      real total = (real)(0.0f);
      for (int i = 0; i < samples; i++) total += load(c, sum_input(d), row * samples + i, chunk);
      total *= (real)(sum_scale(d));
      if (accumulates) total = fma((real)(decay), load(c, sum_output(d), row, chunk), total);
      store(c, sum_output(d), row, chunk, total);
    }
  }
}
