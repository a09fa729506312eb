// Normalization of sums over weights: elements in arenas, whatever their shape.
//
// Defines: those of lanes.cl. Work-groups: any; a unit is LANES elements. (`normalize` itself is a
// function of the language.)

#include "descriptor.cl"

static void run_normalize(const context *c, const descriptor *d, int begin, int end) {
  float sum = is_present(normalize_sum(d)) ? load_value(c, normalize_sum(d), 0) : 1.0f;
  float factor = normalize_scale(d) * (sum == 0.0f ? 0.0f : 1.0f / sum);
  if (normalize_degree(d) == 2 && sum != 0.0f) factor /= sum;
  for (int unit = begin + WORKER; unit < end; unit += GROUP) {
    int count = normalize_elements(d) - unit * LANES;
    __global const float *input = base_of(c, normalize_input(d)) + (size_t)unit * LANES;
    __global float *output = base_of(c, normalize_output(d)) + (size_t)unit * LANES;
    real value = normalize_accumulates(d) ? load_span(output, count) : (real)(0.0f);
    if (factor != 0.0f) value = fma((real)(factor), load_span(input, count), value);
    store_span(value, output, count);
  }
}
