// Sum: consecutive values of a vector.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is a sum.

#include "descriptor.cl"

static void run_sum(const context *c, const descriptor *d, int begin, int end) {
  int count = sum_values(d);
  for (int row = begin; row < end; row++) {
    __global const float *input = base_of(c, sum_input(d)) + (size_t)row * count;
    real total = (real)(0.0f);
    FOR_SPANS(first, count) total += load_span(input + first, count - first);
    float sum = sum_scale(d) * group_sum(total, c->scratch);
    if (WORKER == 0) {
      if (sum_accumulates(d)) sum += load_value(c, sum_output(d), row);
      store_value(c, sum_output(d), row, sum);
    }
  }
}
