import Compute
import Foundation
import Testing

@testable import Conformance
@testable import OpenCLDevice

/// The kernels' elementary functions, in units of the last place or relative to what they are near
/// their roots.
@Suite struct NumericsOnOpenCL {
  /// The largest error in units of the last place, denormal numbers counting as zero.
  private func worstUlps(
    _ inputs: [Float], _ found: [Float], _ exact: (Double) -> Double
  ) -> Double {
    zip(inputs, found).reduce(0) { worst, pair in
      let expected = exact(Double(pair.0))
      let smallest = Double(Float.leastNormalMagnitude)
      if abs(expected) < smallest, abs(Double(pair.1)) <= smallest { return worst }
      let ulp = Double(max(Float(expected).ulp, Float.leastNormalMagnitude.ulp))
      let error = abs(Double(pair.1) - expected) / ulp
      // A NaN counts as infinite, which no later error replaces.
      return error.isNaN ? .infinity : max(worst, error)
    }
  }

  /// The largest error relative to the value, or to a floor near its roots.
  private func worstError(
    _ inputs: [Float], _ found: [Float], floor: Double, _ exact: (Double) -> Double
  ) -> Double {
    zip(inputs, found).reduce(0) { worst, pair in
      let expected = exact(Double(pair.0))
      let error = abs(Double(pair.1) - expected) / max(abs(expected), floor)
      return error.isNaN ? .infinity : max(worst, error)
    }
  }

  private func grid(_ range: ClosedRange<Float>, _ count: Int = 20_000) -> [Float] {
    (0..<count).map {
      range.lowerBound + (range.upperBound - range.lowerBound) * Float($0) / Float(count - 1)
    }
  }

  /// From the lowest to the highest power of ten, evenly in logarithms.
  private func logarithmic(_ exponents: ClosedRange<Double>, _ count: Int = 20_000) -> [Float] {
    let width = exponents.upperBound - exponents.lowerBound
    return (0..<count).map {
      Float(pow(10, exponents.lowerBound + width * Double($0) / Double(count - 1)))
    }
  }

  private func expect(
    _ name: String, _ function: Formula, _ inputs: [Float], ulps: Double,
    _ functions: DeviceFunctions, _ exact: @escaping (Double) -> Double
  ) throws {
    let worst = worstUlps(inputs, try functions(function, inputs), exact)
    #expect(worst <= ulps, "\(name) from \(inputs[0]) errs by \(worst) units")
  }

  @Test(arguments: Schedule.allCases) func functionsAreAccurate(schedule: Schedule) throws {
    let functions = try DeviceFunctions(schedule)
    defer { functions.device.close() }
    let fifth = grid(-1...1).map { $0 * $0 * $0 * $0 * $0 }
    let positive = logarithmic(-37...38)
    try expect("exp", .exp("x"), grid(-87...88), ulps: 2, functions, exp)
    try expect("log", .log("x"), positive, ulps: 2, functions, log)
    try expect("log", .log("x"), grid(0.5...2), ulps: 2, functions, log)
    for inputs in [positive, grid(-0.999...3), fifth.dropEnds, positive.map { -$0 }.above(-1)] {
      try expect("log1p", .log1p("x"), inputs, ulps: 3, functions, log1p)
    }
    for inputs in [grid(-80...88), grid(-1...1), fifth] {
      try expect("expm1", .expm1("x"), inputs, ulps: 3, functions, expm1)
    }
    try expect("sqrt", .sqrt("x"), positive, ulps: 3, functions) { $0.squareRoot() }
    for inputs in [grid(-12...12), fifth] {
      try expect("tanh", .tanh("x"), inputs, ulps: 6, functions, tanh)
    }
    for inputs in [grid(-80...80), fifth] {
      try expect("sigmoid", .sigmoid("x"), inputs, ulps: 4, functions) { 1 / (1 + exp(-$0)) }
      try expect("softplus", .softplus("x"), inputs, ulps: 4, functions) {
        max($0, 0) + log1p(exp(-abs($0)))
      }
    }
    // Single precision has no sigmoid below -104, and its logarithm all the same.
    let (inputs, logarithm) = (grid(-300...80), Formula.log(.sigmoid("x")))
    try expect("log sigmoid", logarithm, inputs, ulps: 4, functions) {
      min($0, 0) - log1p(exp(-abs($0)))
    }
    let slopes = try functions(logarithm.derivative(by: "x"), inputs)
    let worst = worstError(inputs, slopes, floor: 1) { 1 / (1 + exp($0)) }
    #expect(worst <= 4e-7, "the slope of log sigmoid errs by \(worst)")
  }

  /// Errors relative to the value, or to a floor where it is near a root: 1 and 2 for lgamma, 1.46 for
  /// digamma.
  @Test(arguments: Schedule.allCases) func gammaFunctionsAreAccurate(schedule: Schedule) throws {
    let functions = try DeviceFunctions(schedule)
    defer { functions.device.close() }
    for inputs in [logarithmic(-6...6), grid(0.1...10)] {
      let values = try functions(.lgamma("x"), inputs)
      let worst = worstError(inputs, values, floor: 0.5) { lgamma($0) }
      #expect(worst <= 2e-7, "lgamma errs by \(worst)")
      let slopes = try functions(.digamma("x"), inputs)
      let worstSlope = worstError(inputs, slopes, floor: 0.5) { self.digamma($0) }
      #expect(worstSlope <= 2e-7, "digamma errs by \(worstSlope)")
    }
  }

  /// The derivative of log Gamma: the recurrence up to 30, and Stirling's series.
  private func digamma(_ x: Double) -> Double {
    var (z, shift) = (x, 0.0)
    while z < 30 {
      shift -= 1 / z
      z += 1
    }
    let w = 1 / (z * z)
    let series = w * (1.0 / 12 - w * (1.0 / 120 - w * (1.0 / 252 - w * (1.0 / 240 - w / 132))))
    return shift + log(z) - 0.5 / z - series
  }

  @Test(arguments: Schedule.allCases) func powersAreAccurate(schedule: Schedule) throws {
    let functions = try DeviceFunctions(schedule)
    defer { functions.device.close() }
    let bases = logarithmic(-6...6)
    for exponent in [-6.3, -1, -0.7, 0, 0.3, 1, 2.5, 6] as [Float] {
      let found = try functions(
        Formula.variable("x").power("y"), bases, bases.map { _ in exponent })
      let worst = worstUlps(bases, found) { pow($0, Double(exponent)) }
      #expect(worst <= 4, "power \(exponent) errs by \(worst) units")
    }
    let small = logarithmic(-2...2)
    for exponent in DeviceFunctions.powers {
      let worst = worstUlps(
        small, try functions(Formula.variable("x").power(Formula(exponent)), small)
      ) {
        pow($0, exponent)
      }
      // A power by squaring rounds as often as it multiplies.
      #expect(worst <= max(4, exponent.magnitude), "power \(exponent) errs by \(worst) units")
    }
  }

}

extension [Float] {
  fileprivate var dropEnds: [Float] { self[0] == -1 ? [-0.5] + dropFirst() : self }

  fileprivate func above(_ bound: Float) -> [Float] { map { $0 > bound ? $0 : bound / 2 } }
}
