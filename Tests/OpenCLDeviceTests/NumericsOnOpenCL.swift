import Compute
import Foundation
import Testing

@testable import Conformance
@testable import OpenCLDevice

/// Elementary functions as a device computes them in maps.
struct DeviceFunctions {
  let device: OpenCLDevice

  init(_ schedule: Schedule) throws {
    device = try OpenCLDevice.open(schedule: schedule)
    try device.prepare(Self.formulas.map { Self.program($0, count: 2) })
  }

  /// What the tests evaluate, so that all of it is compiled at once.
  static let formulas: [Formula] = {
    let functions = Formula.Function.allCases.filter { $0.argumentCount == 1 && $0 != .digamma }
    let (x, y): (Formula, Formula) = ("x", "y")
    return functions.map { $0.formula(x, x) } + powers.map { x.power(Formula($0)) } + [
      .digamma(x), .min(x, y), .max(x, y), x.power(y), .less(x, y),
      .where(x, y, 2), .where(.less(x, 0), .log(x), .sqrt(x)),
      .log(.sigmoid(x)), try! Formula.log(.sigmoid(x)).derivative(by: "x"),
    ]
  }()

  /// Exponents that kernels know.
  static let powers: [Double] = [-3, -2, -1, -0.5, 0.5, 2, 3, 16]

  static func program(_ formula: Formula, count: Int) -> Program {
    let shape = Shape.matrix(rows: (count + 999) / 1000, columns: min(count, 1000))
    let inputs = ["x", "y"].map { Tensor($0, shape, .input) }
    var builder = ProgramBuilder("function")
    do throws(ProgramError) {
      try builder.append(
        .map(Map([.init(formula, into: Tensor("value", shape, .output))], reading: inputs)))
    } catch {
      preconditionFailure("\(error)")
    }
    return builder.build()
  }

  /// The values of a formula in "x" and "y".
  ///
  /// - Precondition: At most 1000 numbers or a multiple of them.
  func callAsFunction(_ formula: Formula, _ x: [Float], _ y: [Float] = []) throws -> [Float] {
    let program = Self.program(formula, count: x.count)
    let executable = try device.compile(program, on: device.allocate([]))
    for tensor in program.tensors(.input) {
      try executable.upload(tensor.name == "x" ? x : y, to: tensor)
    }
    try executable.run(Control())
    return try executable.floats(program.tensors(.output)[0])
  }
}

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

  // MARK: Extremes

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

extension [Float] {
  fileprivate var dropEnds: [Float] { self[0] == -1 ? [-0.5] + dropFirst() : self }

  fileprivate func above(_ bound: Float) -> [Float] { map { $0 > bound ? $0 : bound / 2 } }
}
