// Normalization of sums over weights: elements in arenas, whatever their shape.
//
// Defines: those of lanes.cl. Work-groups: any; a unit is LANES elements. (`normalize` itself is a
// function of the language.)

#include "descriptor.cl"

ROUTINE void run_normalize(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  float sum = load_value(c, normalize_sum(d), 0);
  float factor = 1.0f / sum;
  if (normalize_degree(d) == 2) factor /= sum;
  if (sum == 0.0f || factor == 0.0f) return;
  for (int unit = begin + WORKER; unit < end; unit += GROUP) {
    int count = normalize_elements(d) - unit * LANES;
    __global const float *input = base_of(c, normalize_input(d)) + (size_t)unit * LANES;
    __global float *output = base_of(c, normalize_output(d)) + (size_t)unit * LANES;
    real value = fma((real)(factor), load_span(input, count), load_span(output, count));
    store_span(value, output, count);
  }
}
