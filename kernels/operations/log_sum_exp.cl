// Log-sum-exp: the logarithm of the sum of the exponentials of each row.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is a row.

#include "descriptor.cl"
#include "numerics.cl"

ROUTINE void run_log_sum_exp(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  int columns = log_sum_exp_columns(d);
  for (int row = begin; row < end; row++) {
    real largest = (real)(-INFINITY);
    FOR_CHUNKS(chunk, columns) {
      // The padding of a row is 0, which may be larger than all of it.
      real value = with_padding(load(c, log_sum_exp_input(d), row, chunk), chunk, columns, -INFINITY);
      largest = value > largest ? value : largest;
    }
    float most = group_max(largest, scratch);
    real shift = (real)(isfinite(most) ? most : 0.0f);
    real total = (real)(0.0f);
    FOR_CHUNKS(chunk, columns) {
      real share = exp_real(load(c, log_sum_exp_input(d), row, chunk) - shift);
      total += with_padding(share, chunk, columns, 0.0f);
    }
    float sum = group_sum(total, scratch);
    // Of -infinity alone, the exponentials do not quite vanish.
    float result = most == -INFINITY && sum == sum ? -INFINITY : FIRST_LANE(shift) + log_value(sum);
    store_value(c, log_sum_exp_output(d), row, result);
  }
}
