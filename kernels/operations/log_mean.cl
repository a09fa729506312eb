// Logarithms of mean weights, from running sums.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is an image.

#include "estimate.cl"

static void run_log_mean(const context *c, const descriptor *d, int begin, int end) {
  for (int image = begin + WORKER; image < end; image += GROUP) {
    __global float *output = base_of(c, log_mean_output(d)) + image;
    float mean = load_value(c, log_mean_sum(d), image) / log_mean_count(d);
    float bound =
        load_value(c, log_mean_maximum(d), image) + log_value(mean) / log_mean_temperature(d);
    *output = (log_mean_accumulates(d) ? *output : 0.0f) + log_mean_scale(d) * bound;
  }
}
