// Peak: how many multiply-adds a device does in a second, and how many bytes it moves, when nothing else
// holds it up.
//
// Defines: those of lanes.cl; CHAINS, of multiply-adds, whose sums registers hold. Work-groups: GROUP
// work-items, any number of groups.

#include "lanes.cl"

// Independent chains of multiply-adds in registers, enough to hide the latency of each.
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

// Copies chunks, so many a group.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void measure_copy(__global const float *from, __global float *to, int chunks) {
  size_t begin = get_group_id(0) * (size_t)chunks;
  for (size_t chunk = begin + WORKER; chunk < begin + chunks; chunk += GROUP)
    store_real(load_real(from + chunk * LANES), to + chunk * LANES);
}
