import Compute
import Foundation
import Testing

@testable import Conformance
@testable import OpenCLDevice

/// Sums over rows whose softplus terms are logarithms of running products.
@Suite struct RowSumsOnOpenCL {
  private static let (x, y): (Formula, Formula) = ("x", "y")

  /// Several softplus terms of both signs in one sum, beside numbers and other terms.
  private static let formulas: [Formula] = [
    .softplus(x), -.softplus(x),
    .softplus(x) + .softplus(y) - .softplus(x - y) - .softplus(-x) + .softplus(x * y) - 0.5,
    y * x - .softplus(x) - 0.25 * .softplus(y), 1.5,
    // Twelve factors an element, so that logarithms are taken every eighth chunk.
    (1...12).reduce(0) { $0 + .softplus(x * Formula(Double($1) / 8)) },
  ]

  private static func program(_ formulas: [Formula], rows: Int, columns: Int) throws -> Program {
    let shape = Shape.matrix(rows: rows, columns: columns)
    let inputs = ["x", "y"].map { Tensor($0, shape, .input) }
    var builder = ProgramBuilder("sums")
    // A column and a vector of sums, and an element beside them.
    var results = formulas.enumerated().map { index, formula in
      Map.Result(
        sumOf: formula,
        into: Tensor(
          "sum\(index)", index % 2 == 0 ? .vector(rows) : .matrix(rows: rows, columns: 1), .output))
    }
    results.append(.init(x + y, into: Tensor("element", shape, .output)))
    try builder.append(.map(Map(results, reading: inputs)))
    return builder.build()
  }

  private func run(
    _ formulas: [Formula], _ x: [Float], _ y: [Float], columns: Int, on device: OpenCLDevice
  ) throws -> [[Float]] {
    let program = try Self.program(formulas, rows: x.count / columns, columns: columns)
    // With guards, so that padding holds NaN before and must hold 0 after.
    let memory = try device.allocate([], protection: .guarded)
    let executable = try device.compile(program, on: memory, protection: .guarded)
    try executable.poison(program.tensors(.output))
    for (tensor, values) in zip(program.tensors(.input), [x, y]) {
      try executable.upload(values, to: tensor)
    }
    try executable.run(Control())
    #expect(try executable.damage() == [])
    return try formulas.indices.map { index in
      try executable.floats(program.tensors(.output).first { $0.name == "sum\(index)" }!)
    }
  }

  /// Narrow rows, rows that end beside a chunk, and rows of more than 96 chunks of either schedule.
  @Test(arguments: Schedule.allCases) func longSums(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    var worst = 0.0
    for columns in [1, 15, 16, 17, 64, 65, 1601, 7000] {
      var inputs = CaseInputs(case: "sums of \(columns)", seed: CaseTable.defaultSeed)
      let rows = 3
      let (x, y) = (
        inputs.normals(rows * columns, scale: 3), inputs.normals(rows * columns, scale: 3)
      )
      let found = try run(Self.formulas, x, y, columns: columns, on: device)
      let exact = FormulaSteps(Self.formulas).evaluate(
        count: x.count, ["x": x.map(Double.init), "y": y.map(Double.init)])
      for index in Self.formulas.indices {
        for row in 0..<rows {
          let terms = exact[index][row * columns..<(row + 1) * columns]
          let size = terms.reduce(0) { $0 + abs($1) + 1 }
          let limit = 0x1p-24 * (4 + Double(columns).squareRoot()) * size
          let error = abs(Double(found[index][row]) - terms.reduce(0, +))
          #expect(error <= limit, "\(Self.formulas[index]) of \(columns) errs by \(error)")
          worst = max(worst, error / limit)
        }
      }
    }
    print("\(schedule): sums over rows, worst \(worst), seed \(CaseTable.defaultSeed)")
  }

  /// What is not taken has no say in a sum, and what is NaN makes its own row NaN and no other.
  @Test(arguments: Schedule.allCases) func whatIsNotTakenDoesNotPoison(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    let formulas: [Formula] = [
      .where(.less(0, Self.x), .log(Self.x), 0.25),
      .where(.less(0, Self.x), .softplus(Self.x), -1),
      .softplus(.where(.less(0, Self.x), Self.x, -100)),
      .where(.less(Self.x, 0), 1, .sqrt(Self.x)) - .softplus(Self.y),
      .softplus(Self.x) - .softplus(Self.y),
    ]
    for columns in [1, 15, 16, 17, 130] {
      var x = (0..<4 * columns).map { Float($0 % 5) + 0.5 }
      // The second row holds what logarithms do not take; the fourth, NaN and infinity.
      for column in 0..<columns { x[columns + column] = column % 2 == 0 ? -1 : -.infinity }
      x[3 * columns] = .nan
      if columns > 1 { x[4 * columns - 1] = -.infinity }
      let y = x.map { _ in Float(-200) }
      let found = try run(formulas, x, y, columns: columns, on: device)
      let exact = FormulaSteps(formulas).evaluate(
        count: x.count, ["x": x.map(Double.init), "y": y.map(Double.init)])
      for index in formulas.indices {
        for row in 0..<4 {
          let sum = exact[index][row * columns..<(row + 1) * columns].reduce(0, +)
          let value = Double(found[index][row])
          let isRight =
            sum.isFinite
            ? abs(value - sum) <= 1e-5 * max(1, abs(sum)) : sum.isNaN ? value.isNaN : value == sum
          #expect(isRight, "\(formulas[index]), row \(row) of \(columns): \(value), not \(sum)")
        }
        let isFinite = found[index][..<3].allSatisfy(\.isFinite)
        #expect(isFinite)
      }
    }
  }
}
