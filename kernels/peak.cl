// Peak: how many multiply-adds a device does in a second when nothing else holds it up.
//
// Independent chains of multiply-adds in registers, enough to hide the latency of each.
// Defines: those of lanes.cl. Work-groups: GROUP work-items, any number of groups.

#include "lanes.cl"

#define CHAINS 24

// output: one float a work-item, so that no chain can be left out.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void measure_peak(__global float *output, int rounds) {
  real chains[CHAINS];
  UNROLL for (int i = 0; i < CHAINS; i++)
    chains[i] = real_from_whole(LANE + (whole)(i + (int)get_global_id(0)));
  // Every chain approaches 1, so that none overflows or becomes denormal.
  for (int round = 0; round < rounds; round++)
    UNROLL for (int i = 0; i < CHAINS; i++)
      chains[i] = fma(chains[i], (real)(0.5f), (real)(0.5f));
  real total = (real)(0.0f);
  UNROLL for (int i = 0; i < CHAINS; i++) total += chains[i];
#ifdef PANELS
  float8 half_total = total.lo + total.hi;
  output[get_global_id(0)] = half_total.s0 + half_total.s7;
#else
  output[get_global_id(0)] = total;
#endif
}
