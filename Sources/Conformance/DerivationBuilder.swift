import Compute

/// Builds a way forward, derives the way back, and makes a problem of the two: f is the sum over rows
/// of a coefficient times the row's last term.
struct DerivationBuilder {
  private let name: String
  private var inputs: CaseInputs
  private var program: ProgramBuilder
  private var parameters: [Tensor] = []
  private var values: [Tensor: HostValues] = [:]
  private var known: [Tensor] = []
  /// The operations of the encoder, whose rows are images.
  private var encoderCount = 0

  init(_ name: String, _ seed: UInt64) {
    self.name = "derivation(\(name))"
    inputs = CaseInputs(case: self.name, seed: seed)
    program = ProgramBuilder(name)
  }

  // MARK: The way forward

  mutating func input(_ name: String, _ rows: Int, _ columns: Int? = nil) -> Tensor {
    let tensor = Tensor(name, shape(rows, columns), .input)
    values[tensor] = .floats(inputs.normals(tensor.shape.count, scale: 0.7))
    known.append(tensor)
    return tensor
  }

  mutating func parameter(_ name: String, _ shape: Shape) -> Tensor {
    let tensor = Tensor(name, shape, .parameter)
    values[tensor] = .floats(inputs.normals(shape.count, scale: 0.7))
    parameters.append(tensor)
    known.append(tensor)
    return tensor
  }

  mutating func layer(
    _ name: String, _ input: Tensor, _ outputs: Int, _ activation: Activation = .identity
  ) -> Tensor {
    let weight = parameter(
      "\(name).weight", .matrix(rows: outputs, columns: input.shape.columns))
    let bias = parameter("\(name).bias", .vector(outputs))
    return layer(name, input, weight, bias, activation)
  }

  /// A layer with parameters that another may have too.
  mutating func layer(
    _ name: String, _ input: Tensor, _ weight: Tensor, _ bias: Tensor?, _ activation: Activation
  ) -> Tensor {
    let output = Tensor(
      name, .matrix(rows: input.shape.rows, columns: weight.shape.rows), .temporary)
    append(
      .multiply(
        Multiply(
          input: input, weight: weight, bias: bias, activation: activation, output: output)))
    known.append(output)
    return output
  }

  /// A new value in the place of what a tensor holds.
  mutating func replace(_ tensor: Tensor, by formula: Formula) {
    append(.map(Map([.init(formula, into: tensor)], reading: known)))
  }

  mutating func map(_ name: String, _ rows: Int, _ columns: Int, _ formula: Formula) -> Tensor {
    map(name, .matrix(rows: rows, columns: columns), formula)
  }

  mutating func vector(_ name: String, _ rows: Int, _ formula: Formula) -> Tensor {
    map(name, .vector(rows), formula)
  }

  private mutating func map(_ name: String, _ shape: Shape, _ formula: Formula) -> Tensor {
    let tensor = Tensor(name, shape, .temporary)
    append(.map(Map([.init(formula, into: tensor)], reading: known)))
    known.append(tensor)
    return tensor
  }

  /// Some columns of matrices side by side.
  mutating func columns(
    _ name: String, _ rows: Int, _ parts: [(of: Tensor, columns: Range<Int>)]
  ) -> Tensor {
    let width = parts.reduce(0) { $0 + $1.columns.count }
    let tensor = Tensor(name, .matrix(rows: rows, columns: width), .temporary)
    var place = 0
    for part in parts {
      append(
        .columns(
          Columns(
            input: part.of, from: part.columns.lowerBound, count: part.columns.count, to: place,
            accumulates: place > 0, output: tensor)))
      place += part.columns.count
    }
    known.append(tensor)
    return tensor
  }

  /// The product of lower triangles by noise.
  mutating func triangle(_ name: String, _ lower: Tensor, _ noise: Tensor) -> Tensor {
    let tensor = Tensor(name, noise.shape, .temporary)
    append(.triangle(Triangle(.product(lower: lower), input: noise, output: tensor)))
    known.append(tensor)
    return tensor
  }

  /// The log density of data that are classes.
  mutating func classes(
    _ name: String, _ logits: Tensor, _ count: Int, at data: Tensor
  ) -> Tensor {
    let tensor = Tensor(name, .vector(logits.shape.rows), .temporary)
    append(
      .classes(Classes(.logDensity, logits: logits, count: count, data: data, output: tensor)))
    known.append(tensor)
    return tensor
  }

  /// Sums over the rows of the longest tensor that the formula mentions.
  mutating func sum(_ name: String, of formula: Formula) -> Tensor {
    let mentioned = known.filter {
      formula.variables.contains($0.name) && $0.role != .parameter
    }
    let tensor = Tensor(name, .vector(mentioned.map(\.shape.rows).max() ?? 1), .temporary)
    append(.map(Map([.init(sumOf: formula, into: tensor)], reading: known)))
    known.append(tensor)
    return tensor
  }

  /// Rows are images up to here and samples from here on.
  mutating func endEncoder() { encoderCount = program.operations.count }

  // MARK: The way back

  /// - Parameters:
  ///   - term: `(R)`: what f adds up.
  ///   - heads: Rows that samples share, whose cotangents are summed over samples.
  mutating func finish(_ term: Tensor, heads: [Tensor] = []) -> DifferenceCheck.Problem {
    let scale = input("coefficient", term.shape.rows)
    let count = program.operations.count
    var pairs = parameters.map { ($0, $0.counterpart(.gradient)) }
    var derivation = Derivation(leaves: Set(heads))
    derivation.add(BoundFormula(1, reading: []), to: term)
    checked(name) {
      try derivation.walk(
        encoderCount..<count, of: &program,
        gradients: [RowGradient(rowScale: scale, target: GradientTarget())])
    }
    var encoder = Derivation(suffix: ".encoder")
    for head in heads {
      let total = checked(name) { try sumSamples(of: head, scale, from: &derivation) }
      encoder.add(BoundFormula(total.value, reading: [total]), to: head)
      if head.role == .input { pairs.append((head, total)) }
    }
    checked(name) {
      try encoder.walk(
        0..<encoderCount, of: &program, gradients: [RowGradient(target: GradientTarget())])
    }
    return DifferenceCheck.Problem(
      name: name, program: program.build(), shared: parameters, values: values,
      control: DifferenceCheck.control(),
      function: { executable, _ in
        zip(executable[scale], executable[term]).reduce(0) { $0 + $1.0 * $1.1 }
      },
      pairs: pairs)
  }

  /// The cotangent of a row that samples share, each sample with its coefficient.
  private mutating func sumSamples(
    of head: Tensor, _ scale: Tensor, from derivation: inout Derivation
  ) throws(ProgramError) -> Tensor {
    guard let cotangent = try derivation.value(of: head, in: &program) else {
      throw .invalid(operation: "derivation", problem: "nothing depends on '\(head.name)'.")
    }
    let each = Tensor(
      "\(head.name).samples",
      .matrix(rows: scale.shape.rows, columns: head.shape.columns), .temporary)
    let total = Tensor("\(head.name).sum", head.shape, .output)
    try program.append(
      .map(
        Map(
          [.init(cotangent.formula * scale.value, into: each)],
          reading: cotangent.sources + [scale])))
    try program.append(.sum(Sum(input: each, output: total)))
    return total
  }

  private func shape(_ rows: Int, _ columns: Int?) -> Shape {
    columns.map { .matrix(rows: rows, columns: $0) } ?? .vector(rows)
  }

  private mutating func append(_ operation: Compute.Operation) {
    checked(name) { try program.append(operation) }
  }
}
