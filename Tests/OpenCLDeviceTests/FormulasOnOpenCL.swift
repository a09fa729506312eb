import Compute
import Testing

@testable import OpenCLDevice
@testable import RandomFormulas

/// The code that maps are written as, against the formulas' meaning in double precision.
@Suite struct FormulasOnOpenCL {
  /// How a map finds its operands.
  enum Form: CaseIterable {
    /// An element, one that two rows share, a row's value, a column's and a single one.
    case elements
    /// Rows are all there is.
    case vectors
    /// The sums of products, before they are stored.
    case products
  }

  /// A map of random formulas.
  struct Trial {
    let form: Form
    let formulas: [Formula]
    /// The positions of the formulas of which rows' sums are taken.
    let sums: Set<Int>
  }

  private static let seed: UInt64 = 20_151
  private static let names = ["x", "y", "r", "c", "s"]
  private static let rows = 4

  static let trials: [Trial] = {
    var random = RandomFormulas(seed: seed)
    let forms =
      Array(repeating: Form.elements, count: 20) + Array(repeating: .vectors, count: 6)
      + Array(repeating: .products, count: 6)
    return forms.map { form in
      let names = form == .vectors ? ["x", "y", "s"] : names
      var formulas: [Formula] = []
      while formulas.count < 10 {
        let formula = random.next(variables: names)
        formulas.append(formula)
        // Derivatives are what gradients are made of; digamma has none.
        if formulas.count < 10, let slope = try? formula.derivative(by: "x"),
          FormulaSteps([slope]).arithmetic <= 60
        {
          formulas.append(slope)
        }
      }
      return Trial(form: form, formulas: formulas, sums: form == .vectors ? [] : [2, 5, 8])
    }
  }()

  /// A program with a trial's map, and what its operands hold.
  struct Scene {
    var program: Program
    var results: [Tensor]
    var parameters: [Tensor] = []
    var values: [Tensor: [Float]] = [:]
    /// The values of the variables at each element.
    var places: [[String: Double]]
  }

  static func scene(_ trial: Trial, columns: Int) throws -> Scene {
    var random = RandomFormulas(seed: seed &+ UInt64(columns))
    func numbers(_ count: Int) -> [Float] {
      (0..<count).map { _ in Float(random.number(in: 0.3...2)) }
    }
    let isOfVectors = trial.form == .vectors
    let shape = isOfVectors ? Shape.vector(rows) : .matrix(rows: rows, columns: columns)
    var values: [Tensor: [Float]] = [:]
    func tensor(_ name: String, _ shape: Shape, _ role: Role = .input) -> Tensor {
      let tensor = Tensor(name, shape, role)
      values[tensor] = numbers(shape.count)
      return tensor
    }
    let single = tensor("s", .vector(1), .parameter)
    var builder = ProgramBuilder("formulas")
    var inputs = [single]
    var factors: [(row: Tensor, column: Tensor)] = []
    if isOfVectors {
      inputs += [tensor("x", shape), tensor("y", shape)]
    } else {
      inputs += [tensor("r", .vector(rows)), tensor("c", .vector(columns), .parameter)]
      if trial.form == .elements {
        inputs += [
          tensor("x", shape), tensor("y", .matrix(rows: rows / 2, columns: columns)),
        ]
      } else {
        // Sums of one term each, which are rounded once.
        for name in ["x", "y"] {
          let factor = tensor("\(name).row", .matrix(rows: rows, columns: 1))
          let weight = tensor("\(name).weight", .matrix(rows: columns, columns: 1), .parameter)
          let product = Tensor(name, shape, .temporary)
          try builder.append(.multiply(Multiply(input: factor, weight: weight, output: product)))
          factors.append((factor, weight))
          inputs.append(product)
        }
      }
    }
    let results = trial.formulas.indices.map { index in
      Tensor("f\(index)", trial.sums.contains(index) ? .vector(rows) : shape, .output)
    }
    try builder.append(
      .map(
        Map(
          zip(trial.formulas, results).enumerated().map { index, pair in
            trial.sums.contains(index)
              ? .init(sumOf: pair.0, into: pair.1) : .init(pair.0, into: pair.1)
          }, reading: inputs)))
    let places = (0..<rows * (isOfVectors ? 1 : columns)).map { place -> [String: Double] in
      let (row, column) = isOfVectors ? (place, 0) : (place / columns, place % columns)
      var result = ["s": Double(values[single]![0])]
      for input in inputs where input != single && values[input] != nil {
        let numbers = values[input]!
        result[input.name] = Double(
          input.role == .parameter
            ? numbers[column]
            : input.shape.isVector
              ? numbers[row] : numbers[row / (rows / input.shape.rows) * columns + column])
      }
      for (name, factor) in zip(["x", "y"], factors) {
        result[name] = Double(values[factor.row]![row] * values[factor.column]![column])
      }
      return result
    }
    let program = builder.build()
    return Scene(
      program: program, results: results, parameters: program.tensors(.parameter),
      values: values.filter { program.tensors.contains($0.key) }, places: places)
  }

  /// What came of comparing some values.
  struct Tally {
    var compared = 0
    var skipped = 0
    var worst = 0.0
    var failures: [String] = []

    mutating func add(
      _ found: Float, _ exact: Double, limit: Double?, _ name: @autoclosure () -> String
    ) {
      guard let limit else {
        skipped += 1
        return
      }
      compared += 1
      if exact.isNaN && found.isNaN || Double(found) == exact { return }
      let ratio = abs(Double(found) - exact) / limit
      if !(ratio <= worst) { worst = ratio }
      if !(ratio <= 1) {
        failures.append("\(name()) is \(found), not \(exact) within \(limit)")
      }
    }
  }

  private func run(_ scene: Scene, on device: OpenCLDevice) throws -> [[Float]] {
    let memory = try device.allocate(scene.parameters)
    let executable = try device.compile(scene.program, on: memory)
    for (tensor, values) in scene.values { try executable.upload(values, to: tensor) }
    try executable.run(Control())
    return try scene.results.map { try executable.floats($0) }
  }

  private func compare(
    _ trial: Trial, columns: Int, on device: OpenCLDevice, _ elements: inout Tally,
    _ sums: inout Tally
  ) throws {
    let scene = try Self.scene(trial, columns: columns)
    let found = try run(scene, on: device)
    var errors = RandomFormulas(seed: Self.seed)
    let exact = FormulaTrial(trial.formulas, at: scene.places, errors: &errors)
    for (index, formula) in trial.formulas.enumerated() {
      let values = exact.values[index]
      func name(_ place: Int) -> String { "\(formula) at \(scene.places[place])" }
      guard trial.sums.contains(index) else {
        for (place, value) in values.enumerated() {
          elements.add(found[index][place], value.exact, limit: value.limit, name(place))
        }
        continue
      }
      for row in 0..<Self.rows {
        let terms = values[row * columns..<(row + 1) * columns]
        let isKnown = terms.allSatisfy { $0.limit != nil }
        // A softplus of which a row's product is taken has the rounding of 1 + e^-|x|.
        let rounding = terms.reduce(0) { $0 + 0x1p-22 * (1 + abs($1.exact)) }
        sums.add(
          found[index][row], terms.reduce(0) { $0 + $1.exact },
          limit: isKnown ? terms.reduce(rounding) { $0 + ($1.limit ?? 0) } : nil,
          "sum of \(name(row * columns))")
      }
    }
  }

  @Test(arguments: Schedule.allCases) func randomFormulas(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule, optimizes: schedule == .panels)
    defer { device.close() }
    // The code does not depend on sizes, but a parameter of one column is a single value.
    try device.prepare(Self.trials.map { try Self.scene($0, columns: 16).program })
    var (elements, sums) = (Tally(), Tally())
    for trial in Self.trials {
      for columns in trial.form == .vectors ? [1] : [15, 16, 17, 33] {
        try compare(trial, columns: columns, on: device, &elements, &sums)
      }
    }
    let narrow = Self.trials.filter { $0.form != .vectors }.prefix(4)
    try device.prepare(narrow.map { try Self.scene($0, columns: 1).program })
    for trial in narrow { try compare(trial, columns: 1, on: device, &elements, &sums) }
    for (name, tally) in [("elements", elements), ("sums", sums)] {
      let all = tally.compared + tally.skipped
      print(
        "\(schedule): \(name): \(tally.compared) of \(all) compared, worst \(tally.worst), "
          + "seed \(Self.seed)")
      #expect(tally.failures.isEmpty, "\(tally.failures.count): \(tally.failures.prefix(5))")
      #expect(Double(tally.compared) >= 0.8 * Double(all))
    }
    #expect(elements.compared >= 40_000 && sums.compared >= 1000)
  }
}
