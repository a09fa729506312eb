/// Walks a program backwards over its rows: from what is differentiated to every tensor that it was
/// computed from, with one rule for each kind of operation.
///
///     y = act(x W^T + b)      x' += (y' act'(y)) W;  W and b get the sums over rows of what they met
///     r = f(a, b, ...)        a' += r' df/da, and so on; a sum over a row spreads over it
///     y = some columns of a   a' += those columns of y'
///     y = the product of a lower triangle by noise     the triangle gets y' times the noise
///     y = a quadratic function of x        x' += y' (m - x) s^2;  m and s get moments about m
///
/// Rows never meet, so cotangents are those of one row with a coefficient of one; coefficients enter
/// where rows are summed into a parameter's gradient.
public struct Derivation {
  var cotangents: [Tensor: Cotangent] = [:]
  let suffix: String
  /// Tensors that no operation of the program computes and that are differentiated by all the same.
  let leaves: Set<Tensor>
  /// The sums over rows that reach the factors of quadratic functions.
  var factors: [FactorMoments] = []

  /// - Parameters:
  ///   - suffix: Distinguishes the tensors of two walks over one program.
  ///   - leaves: The tensors to differentiate by that the program does not compute.
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
  ///   - gradients: The gradients that parameters get.
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
      case .logSumExp(let operation): try reverse(operation, of: &program)
      case .relay(let relay): try reverse(relay, of: &program, gradients)
      case .columns(let columns): try reverse(columns, among: program.operations, of: &program)
      case .classes(let operation): try reverse(operation, of: &program)
      case .triangle(let triangle):
        try reverse(triangle, among: program.operations, of: &program)
      case .quadratic(let quadratic): try reverse(quadratic, of: &program, gradients)
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
      case .columns(let columns): try reverse(columns, among: operations, of: &program)
      case .triangle(let triangle): try reverse(triangle, among: operations, of: &program)
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
  struct Position {
    var index: Int
    var operations: [Operation]
    /// True in the program that gets the way back. There a map can compute more.
    var isOwn: Bool
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
    try store(tensor, into: target, through: .identity, of: &program)
  }

  /// Computes the cotangent of what an activation is applied to.
  mutating func store(
    _ tensor: Tensor, into target: Tensor, through activation: Activation,
    of program: inout ProgramBuilder
  ) throws(ProgramError) {
    guard let cotangent = cotangents[tensor] else { return }
    if let formula = cotangent.formula, formula != target.value {
      try program.append(
        .map(Map([.init(formula, into: target)], reading: cotangent.sources)))
    }
    try append(
      cotangent.products, to: target, accumulates: cotangent.formula != nil,
      through: activation, at: tensor, of: &program)
    if activation == .identity {
      cotangents[tensor] = Cotangent(formula: target.value, sources: [target])
    }
  }

  // MARK: Tensors

  /// The tensor that holds the cotangent of another, once it is computed.
  public func delta(of tensor: Tensor) -> Tensor {
    Tensor("\(tensor.name).delta\(suffix)", tensor.shape, .temporary)
  }

  /// A tensor of a name that nothing is written to yet: several operations may each contribute what
  /// has to be kept apart until it is added up.
  func unused(
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
  func stored(_ cotangent: Cotangent, _ tensor: Tensor) -> Tensor? {
    guard cotangent.products.isEmpty || cotangent.formula == delta(of: tensor).value else {
      return nil
    }
    // Nothing has to be computed where another tensor holds just that.
    return cotangent.sources.first { $0.value == cotangent.formula && $0.shape == tensor.shape }
  }
}
