// Estimators: bounds and coefficients of an objective from the log-weights of each image.
//
// An objective is data (EstimatorRule.swift): every column of coefficients is a polynomial in
// w = softmax(temperature * log w) over a group's samples or over all of an image's. A Riemann sum
// over temperatures (RiemannSum.swift) is of a group.
//
// Defines: those of lanes.cl. Work-groups: as lanes.cl says; a row is an image.

#include "descriptor.cl"
#include "numerics.cl"

// The log-weight of a scope whose tempered share is largest, and the sum of
// exp(temperature * (log w - reference)). Differences come before the temperature, because large
// log-weights times a temperature would round away what tells them apart. NaN among the log-weights
// makes the sum NaN; where all are -infinity times the temperature the sum is 0.
typedef struct {
  float reference;
  float sum;
} scope_sums;

static inline int is_empty(scope_sums sums, float temperature) {
  return sums.reference == (temperature > 0.0f ? -INFINITY : INFINITY);
}

static inline real share_of(real weight, scope_sums sums, float temperature) {
  real reference = (real)(is_empty(sums, temperature) ? 0.0f : sums.reference);
  return exp_real((weight - reference) * (real)(temperature));
}

// The largest of some log-weights times a sign.
static inline float largest_of(
    __global const float *weights, int count, float sign, __local float *scratch) {
  real best = (real)(-INFINITY);
  FOR_SPANS(first, count) {
    real value = load_span(weights + first, count - first) * (real)(sign);
    value = first + LANE < count ? value : (real)(-INFINITY);
    best = value > best ? value : best;
  }
  return group_max(best, scratch);
}

static inline scope_sums sum_scope(
    __global const float *weights, int count, float temperature, __local float *scratch) {
  float sign = temperature > 0.0f ? 1.0f : -1.0f;
  scope_sums sums;
  sums.reference = sign * largest_of(weights, count, sign, scratch);
  real total = (real)(0.0f);
  FOR_SPANS(first, count) {
    real share = share_of(load_span(weights + first, count - first), sums, temperature);
    total += first + LANE < count ? share : (real)(0.0f);
  }
  sums.sum = group_sum(total, scratch);
  return sums;
}

// An image's results are two bounds, then three columns. What the descriptor holds of one is chosen by
// value: an index, or a choice between places, would keep all of it in memory.
#define RESULTS 5
#define BOUNDS 2
#define CHOSEN(result, a, b, c, d, e) \
  ((result) == 0 ? (a) : (result) == 1 ? (b) : (result) == 2 ? (c) : (result) == 3 ? (d) : (e))

static inline float chosen_number(int result, float a, float b, float c, float d, float e) {
  return CHOSEN(result, a, b, c, d, e);
}

static inline int chosen_int(int result, int a, int b, int c, int d, int e) {
  return CHOSEN(result, a, b, c, d, e);
}

#define CHOSEN_PART(part, d, result) \
  chosen_int(result, estimate_bounds(d).part, estimate_encoder_bounds(d).part, \
             estimate_decoder(d).part, estimate_path(d).part, estimate_score(d).part)

#define RESULT_OUTPUT(d, result) \
  {CHOSEN_PART(arena, d, result), (uint)CHOSEN_PART(offset, d, result), \
   (uint)CHOSEN_PART(stride, d, result), CHOSEN_PART(sharing, d, result)}

#define BOUND_FIELD(field, d, result) \
  ((result) == 0 ? field(estimate_bound_rule(d)) : field(estimate_encoder_bound_rule(d)))
#define COLUMN_FIELD(field, d, result) \
  chosen_number(result, 0.0f, 0.0f, field(estimate_decoder_rule(d)), field(estimate_path_rule(d)), \
                field(estimate_score_rule(d)))
#define RESULT_FIELD(field, d, result) \
  ((result) < BOUNDS ? BOUND_FIELD(bound_##field, d, result) : COLUMN_FIELD(column_##field, d, result))

// Adds to each coefficient `share` times how much the log of the sum of weights falls when the
// sample's log-weight is replaced by the mean of the others'; nothing where no sample has any weight.
//
// Every lane sums for a sample of its own: a difference of sums would cancel for the largest.
static inline void add_leave_one_out(
    __global const float *weights, int count, float share, __global float *coefficients) {
  FOR_SPANS(first, count) {
    whole own = (whole)(first) + LANE;
    real own_weight = load_span(weights + first, count - first);
    real best = (real)(-INFINITY);
    real total = (real)(0.0f);
    for (int j = 0; j < count; j++) {
      real other = (whole)(j) == own ? (real)(-INFINITY) : (real)(weights[j]);
      best = other > best ? other : best;
      total += (whole)(j) == own ? (real)(0.0f) : (real)(weights[j]);
    }
    real mean = total / (real)((float)(count - 1));
    // The mean of the others is no larger than the largest of them.
    real reference = best == (real)(-INFINITY) ? (real)(0.0f) : best;
    real sum = exp_real(mean - reference);
    for (int j = 0; j < count; j++) {
      real other = (whole)(j) == own ? (real)(-INFINITY) : (real)(weights[j]);
      sum += exp_real(other - reference);
    }
    real largest = own_weight > best ? own_weight : best;
    real whole_reference = largest == (real)(-INFINITY) ? (real)(0.0f) : largest;
    real whole_sum = (real)(0.0f);
    for (int j = 0; j < count; j++)
      whole_sum += exp_real((real)(weights[j]) - whole_reference);
    real fall = (whole_reference + log_full(whole_sum)) - (reference + log_full(sum));
    fall = largest == (real)(-INFINITY) ? (real)(0.0f) : fall;
    real old = load_span(coefficients + first, count - first);
    store_span(fma((real)(share), fall, old), coefficients + first, count - first);
  }
}

// The points of a Riemann sum: 0, then from the first to 1.
static inline float riemann_point(const descriptor *d, int index) {
  float above = (float)(estimate_intervals(d) - index);
  return index == 0 ? 0.0f : exp_value(above * estimate_log_step(d));
}

// The share of a log-weight at a point. One of -infinity has none at any point, so that the shares at
// 0 are the limit of those above; its distance from the largest becomes 0, which the share meets.
static inline real share_at(real *away, float point) {
  real share = exp_real(*away * (real)(point));
  share = *away == (real)(-INFINITY) ? (real)(0.0f) : share;
  *away = *away == (real)(-INFINITY) ? (real)(0.0f) : *away;
  return share;
}

// The Riemann sum of one image's groups on average, 0 for a rule that has none; adds up the columns
// that are present. Log-weights are taken relative to the largest, so that their mean is that of small
// numbers. The integral begins at the log of the mean weight at 0, of which those of -infinity have none.
static inline float evaluate_riemann(
    const context *c, const descriptor *d, __global const float *weights, size_t place,
    __local float *scratch) {
  int samples = estimate_samples(d);
  int groups = estimate_groups(d);
  float bound = 0.0f;
  int count = estimate_intervals(d) > 0 ? groups * samples : 0;
  for (int begin = 0; begin < count; begin += samples) {
    float largest = largest_of(weights + begin, samples, 1.0f, scratch);
    real reference = (real)(largest == -INFINITY ? 0.0f : largest);
    real finite = (real)(0.0f);
    FOR_SPANS(first, samples) {
      real away = load_span(weights + begin + first, samples - first) - reference;
      real share = share_at(&away, 0.0f);
      finite += first + LANE < samples ? share : (real)(0.0f);
    }
    bound += largest + log_value(group_sum(finite, scratch) / (float)samples);
    for (int interval = 0; interval < estimate_intervals(d); interval++) {
      float left = riemann_point(d, interval);
      float right = riemann_point(d, interval + 1);
      float width = interval == 0 ? right : left * estimate_growth(d);
      float point = estimate_is_right(d) ? right : left;
      real total = (real)(0.0f);
      real moment = (real)(0.0f);
      FOR_SPANS(first, samples) {
        real away = load_span(weights + begin + first, samples - first) - reference;
        real share = share_at(&away, point);
        share = first + LANE < samples ? share : (real)(0.0f);
        total += share;
        moment += share * away;
      }
      float sum = group_sum(total, scratch);
      float normaliser = sum == 0.0f ? 0.0f : 1.0f / sum;
      float mean = group_sum(moment, scratch) * normaliser;
      bound += width * mean;
      for (int column = BOUNDS; column < RESULTS; column++) {
        operand output = RESULT_OUTPUT(d, column);
        if (!is_present(output)) continue;
        __global float *coefficients = base_of(c, output) + place + begin;
        real factor = (real)(COLUMN_FIELD(column_linear, d, column) * width * normaliser);
        real slope = (real)(column == RESULTS - 1 ? point - 1.0f : point);
        FOR_SPANS(first, samples) {
          real away = load_span(weights + begin + first, samples - first) - reference;
          real share = share_at(&away, point);
          real term = factor * share * fma(slope, away - (real)(mean), (real)(1.0f));
          real old = load_span(coefficients + first, samples - first);
          store_span(interval == 0 ? term : old + term, coefficients + first, samples - first);
        }
      }
    }
  }
  return bound / (float)groups;
}

// What sums over the group stands outside of branches, in one loop for all results: compilers copy what
// follows a barrier in a branch, and PoCL lets every work-item do there what the first is to do. What is
// not wanted is a loop of no turns.
ROUTINE void run_estimate(
    const context *c, const descriptor *d, int begin, int end, __local float *scratch) {
  int samples = estimate_samples(d);
  int count = estimate_groups(d) * samples;
  int is_riemann = estimate_intervals(d) > 0;
  for (int image = begin; image < end; image++) {
    __global const float *weights = base_of(c, estimate_log_weights(d)) + (size_t)image * count;
    float riemann = evaluate_riemann(c, d, weights, (size_t)image * count, scratch);
    for (int result = 0; result < RESULTS; result++) {
      operand output = RESULT_OUTPUT(d, result);
      int is_bound = result < BOUNDS;
      float temperature = RESULT_FIELD(temperature, d, result);
      int scope = RESULT_FIELD(is_over_all, d, result) != 0.0f ? count : samples;
      int summed = is_present(output) && !is_riemann ? count : 0;
      real fixed = (real)(COLUMN_FIELD(column_constant, d, result));
      real linear = (real)(COLUMN_FIELD(column_linear, d, result));
      real square = (real)(COLUMN_FIELD(column_square, d, result));
      float logs = 0.0f, total = 0.0f;
      for (int first = 0; first < summed; first += scope) {
        scope_sums sums = sum_scope(weights + first, scope, temperature, scratch);
        logs += sums.reference + log_value(sums.sum / (float)scope) / temperature;
        real plain = (real)(0.0f);
        FOR_SPANS(at, is_bound ? scope : 0)
          plain += load_span(weights + first + at, scope - at);
        total += group_sum(plain, scratch);  // of nothing for a column
        float normaliser = is_empty(sums, temperature) && sums.sum == 0.0f ? 0.0f : 1.0f / sums.sum;
        FOR_SPANS(at, is_bound ? 0 : scope) {
          real weight = load_span(weights + first + at, scope - at);
          real w = share_of(weight, sums, temperature) * (real)(normaliser);
          real coefficient = fma(fma(square, w, linear), w, fixed);
          store_span(
              coefficient, base_of(c, output) + (size_t)image * count + first + at, scope - at);
        }
      }
      if (is_bound && is_present(output)) {
        float mean_share = BOUND_FIELD(bound_mean_share, d, result);
        float bound = mean_share == 1.0f ? 0.0f : (1.0f - mean_share) * (logs / (float)(count / scope));
        bound += mean_share == 0.0f ? 0.0f : mean_share * (total / (float)count);
        store_value(c, output, image, is_riemann ? riemann : bound);
      }
    }
    SHARE_WRITES
    float share = estimate_leave_one_out(d);
    if (share != 0.0f && is_present(estimate_score(d))) {
      __global float *scores = base_of(c, estimate_score(d)) + (size_t)image * count;
      for (int first = 0; first < count; first += samples)
        add_leave_one_out(weights + first, samples, share, scores + first);
    }
  }
}
