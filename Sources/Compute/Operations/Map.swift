/// Formulas over rows: each result is a formula's value at every element, or its sum over a row.
///
/// A formula's variables are the names of tensors. With R rows and N columns, a tensor is read as its
/// shape and its role say:
///
///     matrix (R, N), or with fewer rows     the element; rows are broadcast
///     vector (R), or of a divisor of R      the row's value
///     parameter [N]                         the column's value
///     parameter [1]                         one value
///
/// and `Control.Value` names what the control record holds. Where every result is a vector, rows are
/// all there is. A result may replace an operand of its own shape.
public struct Map: OperationFamily {
  public struct Result: Hashable, Sendable {
    public var formula: Formula
    public var tensor: Tensor
    /// True if a row's values are added up.
    public var isSum: Bool

    public init(_ formula: Formula, into tensor: Tensor) {
      self.init(formula, tensor, isSum: false)
    }

    /// The sum over each row: `(R)`, or `(R, 1)` where a product or a gradient is to read it.
    public init(sumOf formula: Formula, into tensor: Tensor) {
      self.init(formula, tensor, isSum: true)
    }

    private init(_ formula: Formula, _ tensor: Tensor, isSum: Bool) {
      self.formula = formula
      self.tensor = tensor
      self.isSum = isSum
    }
  }

  /// The way in which a tensor's values are spread over the elements of the results.
  public enum Reading: Hashable, Sendable {
    case element, rowValue, columnValue, single
  }

  /// The tensors that the formulas mention.
  public private(set) var inputs: [Tensor]
  public private(set) var results: [Result]

  /// The most operands that a kernel takes.
  public static let maximumOperands = 16

  /// - Parameters:
  ///   - results: The results to compute.
  ///   - tensors: The tensors that formulas may mention; those that none mentions are left out.
  public init(_ results: [Result], reading tensors: [Tensor]) {
    self.results = results
    let mentioned = results.reduce(into: Set<String>()) { $0.formUnion($1.formula.variables) }
    var inputs: [Tensor] = []
    for tensor in tensors where mentioned.contains(tensor.name) && !inputs.contains(tensor) {
      inputs.append(tensor)
    }
    self.inputs = inputs
  }
}

extension Map {
  public var rows: Int? { results.first?.tensor.shape.rows }

  /// True if rows are all there is: vectors in, vectors out.
  public var isOfVectors: Bool {
    results.allSatisfy { !$0.isSum && $0.tensor.shape.isVector }
  }

  /// The columns of a row.
  public var columns: Int {
    let elements = results.filter { !$0.isSum }.map(\.tensor) + inputs
    return elements.first { !$0.shape.isVector }?.shape.columns
      ?? inputs.filter { $0.role == .parameter }.map(\.shape.count).max() ?? 1
  }

  public func reading(of tensor: Tensor) -> Reading {
    if !tensor.shape.isVector { return .element }
    if tensor.role != .parameter { return .rowValue }
    return tensor.shape.count == 1 ? .single : .columnValue
  }

  public var operands: [Operand] {
    let (rows, columns) = (rows ?? 1, columns)
    let read = inputs.map { tensor in
      let reading = reading(of: tensor)
      let isShared = reading == .columnValue || reading == .single
      return Operand(
        tensor.name, tensor, place: .mapped, extent: extent(of: tensor, reading, rows, columns),
        sharing: isShared ? 0 : max(1, rows / max(1, tensor.shape.rows)))
    }
    return read
      + results.map { result in
        let shape: Shape =
          isOfVectors || result.isSum && result.tensor.shape.isVector
          ? .vector(rows) : .matrix(rows: rows, columns: result.isSum ? 1 : columns)
        return Operand(result.tensor.name, result.tensor, .write, extent: .exactly(shape))
      }
  }

  private func extent(
    of tensor: Tensor, _ reading: Reading, _ rows: Int, _ columns: Int
  ) -> Extent {
    switch reading {
    case .element: .broadcast(rows: rows, columns: columns)
    case .rowValue: .vector
    case .columnValue: .exactly(.vector(columns))
    case .single: .exactly(.vector(1))
    }
  }

  public var arithmetic: Double {
    let each = FormulaSteps(results.map(\.formula)).arithmetic
    return Double(each) * Double(rows ?? 1) * Double(isOfVectors ? 1 : columns)
  }

  public func validate() throws(ProgramError) {
    try expect(!results.isEmpty, "expected at least one result.")
    try expect(
      operands.count <= Self.maximumOperands,
      "expected at most \(Self.maximumOperands) operands, found \(operands.count).")
    let known = Set(inputs.map(\.name) + Control.Value.allCases.map(\.variable))
    for result in results {
      let missing = result.formula.variables.subtracting(known).sorted()
      try expect(missing.isEmpty, "no operand is named '\(missing.first ?? "")'.")
    }
    try expect(
      Set(inputs.map(\.name)).count == inputs.count, "two operands have one name.")
    try expect(
      Set(results.map(\.tensor)).count == results.count, "every result needs a tensor of its own.")
    for tensor in inputs where tensor.role == .parameter {
      try expect(
        tensor.shape.isVector,
        "expected '\(tensor.name)' to be a vector, as every parameter in a formula, found "
          + "\(tensor.shape).")
      try expect(
        !isOfVectors || tensor.shape.count == 1,
        "expected '\(tensor.name)' to have one value, for vectors have no columns, found "
          + "\(tensor.shape).")
    }
    let rows = rows ?? 1
    for tensor in inputs where reading(of: tensor) == .rowValue {
      try expect(
        rows % tensor.shape.count == 0,
        "expected the \(rows) rows to be divided among the \(tensor.shape.count) of "
          + "'\(tensor.name)'.")
      try expect(
        !isOfVectors || tensor.shape.count == rows,
        "expected '\(tensor.name)' to have \(rows) values, found \(tensor.shape.count).")
    }
    for result in results where inputs.contains(result.tensor) {
      try expect(
        !result.isSum, "the sum '\(result.tensor.name)' cannot replace what it is a sum of.")
    }
    try expect(!isOfVectors || inputs.allSatisfy(\.shape.isVector), "vectors are made of vectors.")
  }
}

extension Tensor {
  /// The tensor's value in a formula of a map.
  public var value: Formula { .variable(name) }
}
