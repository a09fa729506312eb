import Compute
import Foundation
import Testing

@testable import Conformance
@testable import OpenCLDevice

/// The kernels' elementary functions at zeros, infinities, NaN and large numbers.
@Suite struct ExtremesOnOpenCL {
  private static let extremes: [Float] = [
    .nan, -.infinity, -1e30, -200, -1, -0.0, 0, 1, 200, 1e30, .infinity,
  ]

  private func agree(_ a: Float, _ b: Float) -> Bool {
    a.isNaN || b.isNaN
      ? a.isNaN && b.isNaN
      : a == b || abs(a - b) <= 4 * max(a.magnitude.ulp, .leastNormalMagnitude)
  }

  @Test(arguments: Schedule.allCases) func extremesAreWhatTheyShouldBe(schedule: Schedule) throws {
    let functions = try DeviceFunctions(schedule)
    defer { functions.device.close() }
    let e = Float(exp(1.0))
    let half = Float(log(2.0)) * 0.5
    let (nan, inf) = (Float.nan, Float.infinity)
    let (one, s) = (1 / (1 + 1 / e), Float(log1p(exp(1.0))))
    let table: [(Formula.Function, [Float])] = [
      (.exp, [nan, 0, 0, 0, 1 / e, 1, 1, e, inf, inf, inf]),
      (.log, [nan, nan, nan, nan, nan, -inf, -inf, 0, 5.2983174, 69.07755, inf]),
      (.log1p, [nan, nan, nan, nan, -inf, -0.0, 0, 2 * half, 5.303305, 69.07755, inf]),
      (.expm1, [nan, -1, -1, -1, 1 / e - 1, -0.0, 0, e - 1, inf, inf, inf]),
      (.sqrt, [nan, nan, nan, nan, nan, -0.0, 0, 1, 14.142136, 1e15, inf]),
      (.tanh, [nan, -1, -1, -1, -0.7615942, -0.0, 0, 0.7615942, 1, 1, 1]),
      (.sigmoid, [nan, 0, 0, 0, 1 - one, 0.5, 0.5, one, 1, 1, 1]),
      (.softplus, [nan, 0, 0, 0, s - 1, 2 * half, 2 * half, s, 200, 1e30, inf]),
      (.abs, [nan, inf, 1e30, 200, 1, 0, 0, 1, 200, 1e30, inf]),
      (.sign, [nan, -1, -1, -1, -1, 0, 0, 1, 1, 1, 1]),
    ]
    for (function, expected) in table {
      let found = try functions(function.formula("x", "x"), Self.extremes)
      for (x, (expected, found)) in zip(Self.extremes, zip(expected, found)) {
        #expect(agree(expected, found), "\(function)(\(x)) is \(found), not \(expected)")
      }
    }
    let gamma: [(Float, Float)] = [
      (.nan, .nan), (.infinity, .infinity), (1, 0), (2, 0), (0.5, 0.5723649), (200, 857.9337),
    ]
    let found = try functions(.lgamma("x"), gamma.map(\.0))
    for ((x, expected), found) in zip(gamma, found) {
      #expect(agree(expected, found), "lgamma(\(x)) is \(found), not \(expected)")
    }
    let slopes = try functions(.digamma("x"), [.nan, .infinity])
    #expect(slopes[0].isNaN && slopes[1] == .infinity)
  }

  /// Functions of two operands at every pair of extremes, by what IEEE 754 says and by C's pow.
  @Test(arguments: Schedule.allCases) func pairsAreWhatTheyShouldBe(schedule: Schedule) throws {
    let functions = try DeviceFunctions(schedule)
    defer { functions.device.close() }
    let x = Self.extremes.flatMap { x in Self.extremes.map { _ in x } }
    let y = Self.extremes.flatMap { _ in Self.extremes }
    func check(_ name: String, _ formula: Formula, _ exact: (Float, Float) -> Float) throws {
      for (place, found) in try functions(formula, x, y).enumerated() {
        let expected = exact(x[place], y[place])
        #expect(
          agree(expected, found), "\(name)(\(x[place]), \(y[place])) is \(found), not \(expected)")
      }
    }
    try check("min", .min("x", "y")) { $0.isNaN || $1.isNaN ? .nan : Swift.min($0, $1) }
    try check("max", .max("x", "y")) { $0.isNaN || $1.isNaN ? .nan : Swift.max($0, $1) }
    try check("less", .less("x", "y")) { $0 < $1 ? 1 : 0 }
    try check("where", .where("x", "y", 2)) { $0 < 0 || $0 > 0 ? $1 : 2 }
    try check("power", Formula.variable("x").power("y")) { Float(pow(Double($0), Double($1))) }
    for exponent in DeviceFunctions.powers {
      try check("power \(exponent)", Formula.variable("x").power(Formula(exponent))) { x, _ in
        Float(pow(Double(x), exponent))
      }
    }
    // A branch that is not taken has no say, whatever it is.
    try check("branches", .where(.less("x", 0), .log("x"), .sqrt("x"))) { x, _ in
      x < 0 ? .nan : x.squareRoot()
    }
  }
}
