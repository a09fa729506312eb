import Compute
import ReferenceDevice

/// Errors, and what is allowed of them.
extension CaseRunner {
  /// How much larger than what rounding does an error may be, for a device's functions and sums are
  /// rounded more than once; and the most that is excused so.
  private static let (timesRounding, mostExcused) = (4.0, 1e-2)

  /// For each check, the largest error of some runs in double precision that round every number that is
  /// worked out, up or down by chance.
  func roundingErrors(
    _ item: ConformanceCase, _ expected: [HostValues]
  ) throws(DeviceError) -> [Double] {
    var largest = Array(repeating: 0.0, count: item.checks.count)
    for seed in 1...16 as ClosedRange<UInt64> {
      let rounded = try execute(item, on: ReferenceDevice(rounding: seed)).values
      for (index, comparison) in comparisons(item, expected, rounded).enumerated()
      where comparison.error.isFinite {
        largest[index] = max(largest[index], comparison.error)
      }
    }
    return largest
  }

  private func comparisons(
    _ item: ConformanceCase, _ expected: [HostValues], _ found: [HostValues]
  ) -> [Comparison] {
    var pools: [String: Double] = [:]
    for (check, values) in zip(item.checks, expected) {
      guard let pool = check.pool else { continue }
      pools[pool] = max(pools[pool] ?? 0, Comparison.scale(of: values.floatBits))
    }
    return zip(item.checks, zip(expected, found)).map { check, values in
      let scales =
        [check.termSize, Comparison.scale(of: values.0.floatBits)]
        + [check.pool.flatMap { pools[$0] }].compactMap(\.self)
      return Comparison(
        expected: values.0.floatBits, found: values.1.floatBits, tolerance: check.tolerance,
        scale: scales.max() ?? 0)
    }
  }

  /// - Parameter roundings: What rounding alone does, for each check; empty for limits alone.
  func judge(
    _ item: ConformanceCase, _ expected: [HostValues], _ found: [HostValues], damage: [String],
    roundings: [Double] = []
  ) -> CaseResult {
    var messages = damage
    var worst = (ratio: damage.isEmpty ? 0.0 : .infinity, error: 0.0)
    if item.checks.isEmpty { messages.append("the case compares nothing") }
    for (index, comparison) in comparisons(item, expected, found).enumerated() {
      let rounding = roundings.isEmpty ? 0 : Self.timesRounding * roundings[index]
      let limit = max(comparison.limit, min(rounding, Self.mostExcused))
      let ratio = limit > 0 ? comparison.error / limit : comparison.error == 0 ? 0 : .infinity
      if !(ratio <= worst.ratio) { worst = (ratio, comparison.error) }
      if !(comparison.error <= limit) {
        messages.append(
          "\(item.checks[index].tensor.name): \(comparison.detail); error \(comparison.error), "
            + "limit \(limit)")
      }
    }
    return CaseResult(
      name: item.name, outcome: messages.isEmpty ? .passed : .failed(messages),
      ratio: worst.ratio, error: worst.error,
      isIllConditioned: !roundings.isEmpty && messages.isEmpty)
  }
}
