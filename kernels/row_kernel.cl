// Row kernels: an operation that is a kernel by itself, as those that walk rows are in tiles.
//
// Defines: those of lanes.cl. Work-groups: GROUP work-items.

#include "descriptor.cl"

#define GROUPED __attribute__((reqd_work_group_size(GROUP, 1, 1)))

// A kernel that walks rows: each group takes some units of its one operation.
#define ROW_KERNEL(operation) \
  __kernel GROUPED void row_##operation(KERNEL_ARGUMENTS) { \
    MAKE_CONTEXT \
    const descriptor d = table[first]; \
    int begin = (int)get_group_id(0) * units_per_group; \
    int end = min(begin + units_per_group, units); \
    run_##operation(&c, &d, begin * d.rows_per_unit, end * d.rows_per_unit, scratch); \
  }
