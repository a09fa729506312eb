/// Walks a program backwards over its rows: from what is differentiated to every tensor that it was
/// computed from, with one rule for each kind of operation.
///
///     y = act(x W^T + b)      x' += (y' act'(y)) W;  W and b get the sums over rows of what they met
///     r = f(a, b, ...)        a' += r' df/da, and so on; a sum over a row spreads over it
///
/// Rows never meet, so cotangents are those of one row with a coefficient of one; coefficients enter
/// where rows are summed into a parameter's gradient.
public struct Derivation {
  private var cotangents: [Tensor: Cotangent] = [:]
  private let suffix: String
  /// Tensors that no operation of the program computes and that are differentiated by all the same.
  private let leaves: Set<Tensor>

  /// - Parameters:
  ///   - suffix: Distinguishes the tensors of two walks over one program.
  ///   - leaves: What is differentiated by beside what the program computes.
  public init(suffix: String = "", leaves: Set<Tensor> = []) {
    self.suffix = suffix
    self.leaves = leaves
  }

  /// Adds to the cotangent of a tensor.
  public mutating func add(_ contribution: BoundFormula, to tensor: Tensor) {
    cotangents[tensor, default: Cotangent()].add(
      contribution.formula, reading: contribution.sources)
  }

  /// Walks some of a program's operations backwards.
  ///
  /// - Parameters:
  ///   - range: The operations, by their positions.
  ///   - program: The program, to which the way back is appended. Where a map can compute a
  ///     derivative beside its results, it does.
  ///   - gradients: What parameters get.
  public mutating func walk(
    _ range: Range<Int>, of program: inout ProgramBuilder, gradients: [RowGradient] = []
  ) throws(ProgramError) {
    for index in range.reversed() {
      switch program.operations[index] {
      case .multiply(let product):
        try reverse(product, before: index, of: &program, gradients)
      case .map(let map):
        let position = Position(index: index, operations: program.operations, isOwn: true)
        try reverse(map, at: position, of: &program, gradients)
      default: try expectNothing(from: program.operations[index], in: program)
      }
    }
  }

  /// Walks another program's operations backwards, whose results are states that it left.
  public mutating func walk(
    _ operations: [Operation], of program: inout ProgramBuilder, gradients: [RowGradient]
  ) throws(ProgramError) {
    for (index, operation) in operations.enumerated().reversed() {
      switch operation {
      case .multiply(let product): try reverse(product, before: nil, of: &program, gradients)
      case .map(let map):
        let position = Position(index: index, operations: operations, isOwn: false)
        try reverse(map, at: position, of: &program, gradients)
      default: try expectNothing(from: operation, in: program)
      }
    }
  }

  /// Refuses an operation that lies on the way and has no rule. Data and noise are where ways end.
  private func expectNothing(
    from operation: Operation, in program: ProgramBuilder
  ) throws(ProgramError) {
    switch operation {
    case .gather, .noise: return
    default:
      try program.expect(
        !operation.writes.contains { cotangents[$0] != nil }, "'\(operation.kind)'")
    }
  }

  /// A map that is walked backwards, among what is computed forwards.
  private struct Position {
    var index: Int
    var operations: [Operation]
    /// True in the program that gets the way back. There a map can compute more.
    var isOwn: Bool
  }

  // MARK: Products

  private mutating func reverse(
    _ product: Multiply, before index: Int?, of program: inout ProgramBuilder,
    _ gradients: [RowGradient]
  ) throws(ProgramError) {
    guard cotangents[product.output] != nil else { return }
    try program.expect(
      !product.transposed && product.derivativeAt == nil && !product.accumulates,
      "a product that is itself a way back, or that adds to its output")
    if let index {
      let later = program.operations[(index + 1)...]
      for tensor in [product.input, product.output] {
        try program.expect(
          !later.contains { $0.writes.contains(tensor) },
          "a product whose '\(tensor.name)' is replaced afterwards")
      }
    }
    guard let delta = try delta(of: product, before: index, of: &program) else { return }
    for gradient in gradients {
      let target = gradient.target
      let toWeight = target.tensor(of: product.weight)
      try program.append(
        .weightGradient(
          WeightGradient(
            delta: delta, input: product.input, rowScale: gradient.rowScale,
            accumulates: target.accumulates || program.writes(toWeight),
            decay: program.writes(toWeight) ? nil : target.decay, gradient: toWeight)))
      if let bias = product.bias { try appendSum(delta, into: bias, gradient, of: &program) }
    }
    cotangents[product.input, default: Cotangent()].products.append(
      .init(delta: delta, weight: product.weight))
  }

  /// Sums the rows of a delta into a vector parameter's gradient.
  private func appendSum(
    _ delta: Tensor, into parameter: Tensor, _ gradient: RowGradient,
    of program: inout ProgramBuilder
  ) throws(ProgramError) {
    let target = gradient.target
    let tensor = target.tensor(of: parameter)
    try program.append(
      .biasGradient(
        BiasGradient(
          delta: delta, rowScale: gradient.rowScale,
          accumulates: target.accumulates || program.writes(tensor),
          decay: program.writes(tensor) ? nil : target.decay, gradient: tensor)))
  }

  /// The cotangent of what a layer computes before its activation; nil if nothing depends on it.
  private mutating func delta(
    of product: Multiply, before index: Int?, of program: inout ProgramBuilder
  ) throws(ProgramError) -> Tensor? {
    guard let cotangent = cotangents[product.output] else { return nil }
    if cotangent.products.isEmpty, let formula = cotangent.formula {
      let slope = product.activation.slope(at: product.output.value)
      if slope == nil, let stored = stored(cotangent, product.output) { return stored }
      let whole = slope.map { formula * $0 } ?? formula
      let bound = BoundFormula(whole, reading: cotangent.sources + [product.output])
      let delta = try materialize(product.output, bound, before: index, of: &program)
      if slope == nil {
        cotangents[product.output] = Cotangent(formula: delta.value, sources: [delta])
      }
      return delta
    }
    let target: Tensor
    if let formula = cotangent.formula {
      let bound = BoundFormula(formula, reading: cotangent.sources)
      if let held = stored(cotangent, product.output) {
        target = held
      } else {
        target = try materialize(product.output, bound, before: nil, of: &program)
      }
    } else {
      target = delta(of: product.output)
    }
    try append(
      cotangent.products, to: target, accumulates: cotangent.formula != nil,
      through: product.activation, at: product.output, of: &program)
    return target
  }

  private func append(
    _ products: [Cotangent.Product], to target: Tensor, accumulates: Bool,
    through activation: Activation, at output: Tensor, of program: inout ProgramBuilder
  ) throws(ProgramError) {
    for (position, product) in products.enumerated() {
      let isLast = position == products.count - 1
      let ends = isLast && activation != .identity
      try program.append(
        .multiply(
          Multiply(
            input: product.delta, weight: product.weight, transposed: true,
            activation: ends ? activation : .identity, derivativeAt: ends ? output : nil,
            accumulates: accumulates || position > 0, output: target)))
    }
  }

  /// The tensor that holds the cotangent of another, once it is computed.
  public func delta(of tensor: Tensor) -> Tensor {
    Tensor("\(tensor.name).delta\(suffix)", tensor.shape, .temporary)
  }

  /// A tensor of a name that nothing is written to yet: several operations may each contribute what
  /// has to be kept apart until it is added up.
  private func unused(
    _ name: String, _ shape: Shape, in program: ProgramBuilder
  ) -> Tensor {
    var tensor = Tensor(name, shape, .temporary)
    var number = 1
    while program.writes(tensor) {
      number += 1
      tensor = Tensor("\(name).\(number)", shape, .temporary)
    }
    return tensor
  }

  /// The tensor that holds a cotangent already.
  private func stored(_ cotangent: Cotangent, _ tensor: Tensor) -> Tensor? {
    guard cotangent.products.isEmpty || cotangent.formula == delta(of: tensor).value else {
      return nil
    }
    // Nothing has to be computed where another tensor holds just that.
    return cotangent.sources.first { $0.value == cotangent.formula && $0.shape == tensor.shape }
  }

  /// Computes a cotangent that is a formula. Others that are as ready come along, for they mostly
  /// share parts.
  private mutating func materialize(
    _ tensor: Tensor, _ bound: BoundFormula, before index: Int?, of program: inout ProgramBuilder
  ) throws(ProgramError) -> Tensor {
    var results = [Map.Result(bound.formula, into: delta(of: tensor))]
    var sources = bound.sources
    if let index {
      for other in companions(of: tensor, before: index, in: program) {
        guard let cotangent = cotangents[other], let formula = cotangent.formula else { continue }
        results.append(.init(formula, into: delta(of: other)))
        sources += cotangent.sources
        cotangents[other] = Cotangent(
          formula: delta(of: other).value, sources: [delta(of: other)])
      }
    }
    try program.append(.map(Map(results, reading: sources)))
    return results[0].tensor
  }

  /// Other linear layers' outputs whose cotangents are complete, and formulas that wait.
  private func companions(
    of tensor: Tensor, before index: Int, in program: ProgramBuilder
  ) -> [Tensor] {
    program.operations[..<index].compactMap { operation in
      guard case .multiply(let product) = operation, product.activation == .identity,
        product.output.shape == tensor.shape, let cotangent = cotangents[product.output],
        cotangent.products.isEmpty, cotangent.formula != nil,
        stored(cotangent, product.output) == nil,
        !program.operations[..<index].contains(where: { $0.reads.contains(product.output) })
      else { return nil }
      return product.output
    }
  }

  // MARK: Maps

  private mutating func reverse(
    _ map: Map, at position: Position, of program: inout ProgramBuilder, _ gradients: [RowGradient]
  ) throws(ProgramError) {
    var incoming: [(result: Map.Result, cotangent: Formula)] = []
    var sources = map.inputs
    for result in map.results {
      guard let known = try value(of: result.tensor, in: &program) else { continue }
      // What replaces an operand starts anew before it.
      if map.inputs.contains(result.tensor) { cotangents[result.tensor] = nil }
      incoming.append((result, known.formula))
      sources += known.sources
    }
    guard !incoming.isEmpty else { return }
    for input in map.inputs
    where input.role == .parameter || isWanted(input, among: position.operations) {
      var total: Formula?
      for (result, cotangent) in incoming {
        let slope = try derivative(of: result, by: input)
        if slope.number == 0 { continue }
        try expectLasting(map.inputs, in: slope, from: position, of: program)
        total = total.map { $0 + cotangent * slope } ?? cotangent * slope
      }
      guard let total else { continue }
      let bound = BoundFormula(total, reading: sources)
      if input.role == .parameter {
        try settle(input, bound, map, at: position, of: &program, gradients)
      } else {
        try contribute(bound, to: input, map, at: position, of: &program)
      }
    }
  }

  /// Refuses a derivative that mentions what no longer holds what the map read.
  private func expectLasting(
    _ inputs: [Tensor], in formula: Formula, from position: Position,
    of program: ProgramBuilder
  ) throws(ProgramError) {
    let mentioned = mentioned(formula)
    for input in inputs where mentioned.contains(input.name) {
      try program.expect(
        !position.operations[position.index...].contains { $0.writes.contains(input) },
        "a map that is not linear in '\(input.name)', which is replaced afterwards")
    }
  }

  private func derivative(
    of result: Map.Result, by input: Tensor
  ) throws(ProgramError) -> Formula {
    do throws(FormulaError) {
      return try result.formula.derivative(by: input.name)
    } catch {
      throw .invalid(operation: "derivation", problem: "\(error)")
    }
  }

  /// Whether anything is differentiated by a tensor: the program computes it from others, or it is a
  /// leaf.
  private func isWanted(_ tensor: Tensor, among operations: [Operation]) -> Bool {
    leaves.contains(tensor)
      || operations.contains {
        switch $0 {
        case .map, .multiply: $0.writes.contains(tensor)
        default: false
        }
      }
  }

  /// Adds what a map contributes to the cotangent of an operand. What mentions the operand alone is
  /// worked out where it is needed, and so is what has more rows than the operand; what the map knows
  /// all of, the map computes.
  private mutating func contribute(
    _ bound: BoundFormula, to input: Tensor, _ map: Map, at position: Position,
    of program: inout ProgramBuilder
  ) throws(ProgramError) {
    let isShared = !input.shape.isVector && input.shape.rows != map.rows
    let others = mentioned(bound.formula).subtracting([input.name])
    let delta = unused(delta(of: input).name, input.shape, in: program)
    guard !input.shape.isVector, !isShared, !others.isEmpty,
      try amend(&program, position, with: .init(bound.formula, into: delta))
    else {
      try program.expect(
        !input.shape.isVector || map.isOfVectors,
        "a row's value '\(input.name)' in a formula over elements")
      add(bound, to: input)
      return
    }
    add(BoundFormula(delta.value, reading: [delta]), to: input)
  }

  /// The tensors that a formula mentions, by their names.
  private func mentioned(_ formula: Formula) -> Set<String> {
    formula.variables.subtracting(Control.Value.allCases.map(\.variable))
  }

  /// The gradient of a parameter that formulas mention.
  private mutating func settle(
    _ parameter: Tensor, _ bound: BoundFormula, _ map: Map, at position: Position,
    of program: inout ProgramBuilder, _ gradients: [RowGradient]
  ) throws(ProgramError) {
    guard !gradients.isEmpty, let rows = map.rows else { return }
    let isOfColumns = map.reading(of: parameter) == .columnValue
    let tensor = unused(
      delta(of: parameter).name, .matrix(rows: rows, columns: isOfColumns ? map.columns : 1),
      in: program)
    let result: Map.Result =
      isOfColumns ? .init(bound.formula, into: tensor) : .init(sumOf: bound.formula, into: tensor)
    if try !amend(&program, position, with: result) {
      try program.append(.map(Map([result], reading: bound.sources)))
    }
    for gradient in gradients {
      try appendSum(result.tensor, into: parameter, gradient, of: &program)
    }
  }

  /// Lets a map compute something more; false if it lacks what that needs.
  private func amend(
    _ program: inout ProgramBuilder, _ position: Position, with result: Map.Result
  ) throws(ProgramError) -> Bool {
    let names = mentioned(result.formula)
    guard position.isOwn, case .map(let map) = program.operations[position.index],
      !map.isOfVectors, names.isSubset(of: map.inputs.map(\.name)),
      // The map must read what is meant.
      !program.operations[position.index...].contains(where: { operation in
        operation.writes.contains { names.contains($0.name) }
      }), !map.results.contains(where: { $0.tensor == result.tensor }),
      map.operands.count < Map.maximumOperands
    else { return false }
    try program.amend(position.index, .map(map.adding([result], reading: [])))
    return true
  }

  // MARK: Reading

  /// The cotangent of a tensor as a formula, products computed; nil if nothing depends on the tensor.
  public mutating func value(
    of tensor: Tensor, in program: inout ProgramBuilder
  ) throws(ProgramError) -> BoundFormula? {
    guard var cotangent = cotangents[tensor] else { return nil }
    if !cotangent.products.isEmpty {
      let held = stored(cotangent, tensor)
      // What the formula mentions must stay as it is.
      let target = held ?? unused(delta(of: tensor).name, tensor.shape, in: program)
      try append(
        cotangent.products, to: target, accumulates: held != nil, through: .identity, at: tensor,
        of: &program)
      cotangent.products = []
      if held == nil { cotangent.add(target.value, reading: [target]) }
      cotangents[tensor] = cotangent
    }
    return cotangent.formula.map { BoundFormula($0, reading: cotangent.sources) }
  }

  /// Computes the cotangent of a tensor into another.
  public mutating func store(
    _ tensor: Tensor, into target: Tensor, of program: inout ProgramBuilder
  ) throws(ProgramError) {
    guard let cotangent = cotangents[tensor] else { return }
    if let formula = cotangent.formula {
      try program.append(
        .map(Map([.init(formula, into: target)], reading: cotangent.sources)))
    }
    try append(
      cotangent.products, to: target, accumulates: cotangent.formula != nil, through: .identity,
      at: tensor, of: &program)
    cotangents[tensor] = Cotangent(formula: target.value, sources: [target])
  }
}

extension Activation {
  /// The derivative in terms of the activation's own output; nil for the identity.
  func slope(at y: Formula) -> Formula? {
    switch self {
    case .identity: nil
    case .tanh: 1 - y * y
    case .relu: Formula.where(Formula.less(0, y), 1, 0)
    case .softplus: -Formula.expm1(-y)
    case .logistic: y * (1 - y)
    }
  }
}
