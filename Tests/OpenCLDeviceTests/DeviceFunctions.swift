import Compute

@testable import Conformance
@testable import OpenCLDevice

/// Elementary functions as a device computes them in maps.
struct DeviceFunctions {
  let device: OpenCLDevice

  init(_ schedule: Schedule) throws {
    device = try OpenCLDevice.open(schedule: schedule)
    try device.prepare(Self.formulas().map { Self.program($0, count: 2) })
  }

  /// What the tests evaluate, so that all of it is compiled at once.
  static func formulas() throws(FormulaError) -> [Formula] {
    let functions = Formula.Function.allCases.filter { $0.argumentCount == 1 && $0 != .digamma }
    let (x, y): (Formula, Formula) = ("x", "y")
    return functions.map { $0.formula(x, x) } + powers.map { x.power(Formula($0)) } + [
      .digamma(x), .min(x, y), .max(x, y), x.power(y), .less(x, y),
      .where(x, y, 2), .where(.less(x, 0), .log(x), .sqrt(x)),
      .log(.sigmoid(x)), try Formula.log(.sigmoid(x)).derivative(by: "x"),
    ]
  }

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
