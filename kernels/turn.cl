// Squares of 16 rows and 16 columns.

#ifdef PANELS
// Turns a square of 16 columns of 16 rows: lane r of vector j becomes lane j of vector r. An element's
// place, vector and lane, is eight bits, of which each shuffle moves the first to the end: four of
// them exchange vector and lane.
static inline void turn(real *s) {
  real t[16];
  UNROLL for (int pass = 0; pass < 4; pass++) {
    UNROLL for (int v = 0; v < 8; v++) {
      t[2 * v].even = s[v].lo;
      t[2 * v].odd = s[v + 8].lo;
      t[2 * v + 1].even = s[v].hi;
      t[2 * v + 1].odd = s[v + 8].hi;
    }
    UNROLL for (int v = 0; v < 16; v++) s[v] = t[v];
  }
}
#endif
