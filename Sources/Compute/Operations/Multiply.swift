/// The function at the end of a layer. Its derivative is written in terms of its own output.
public enum Activation: Int, Hashable, Sendable, CaseIterable {
  case identity, tanh, relu, softplus, logistic
}

/// A layer or its transpose: `output = finish(input W^T + bias)`, or `finish(input W + bias)`.
///
/// W is a parameter; transposed, it may also be rows that were worked out from some.
///
/// `finish` adds what `output` holds if `accumulates`, then applies the activation; with
/// `derivativeAt` it multiplies by the activation's derivative there instead.
public struct Multiply: SlottedFamily {
  /// `(R, in)`, or `(R, out)` if `transposed`.
  public var input: Tensor
  /// `(out, in)`
  public var weight: Tensor
  /// Walks the layer backwards, from its outputs to its inputs.
  public var transposed: Bool
  /// One value for each column of the output; none with `transposed`.
  public var bias: Tensor?
  public var activation: Activation
  /// `(R, columns of output)`: the activation's own output.
  public var derivativeAt: Tensor?
  public var accumulates: Bool
  /// `(R, out)`, or `(R, in)` if `transposed`.
  public var output: Tensor

  public init(
    input: Tensor, weight: Tensor, transposed: Bool = false, bias: Tensor? = nil,
    activation: Activation = .identity, derivativeAt: Tensor? = nil, accumulates: Bool = false,
    output: Tensor
  ) {
    self.input = input
    self.weight = weight
    self.transposed = transposed
    self.bias = bias
    self.activation = activation
    self.derivativeAt = derivativeAt
    self.accumulates = accumulates
    self.output = output
  }

  /// The length of each sum.
  public var depth: Int { input.shape.columns }
}

extension Multiply {
  public static let slots = [
    Slot<Multiply>(
      "input", of: { $0.input },
      extent: { .exactly(.matrix(rows: $0.input.shape.rows, columns: $0.sizes.from)) }),
    Slot("weight", place: .factor, of: { $0.weight }, extent: { _ in .matrix }),
    Slot(
      "bias", place: .parameter, of: { $0.bias }, extent: { .exactly(.vector($0.sizes.to)) }),
    Slot("derivative_at", of: { $0.derivativeAt }, extent: { .exactly($0.output.shape) }),
    Slot(
      "output", .write, accumulates: { $0.accumulates }, of: { $0.output },
      extent: { .exactly(.matrix(rows: $0.input.shape.rows, columns: $0.sizes.to)) }),
  ]

  /// The columns of the input and of the output that the weight's shape asks for.
  private var sizes: (from: Int, to: Int) {
    let (outputs, inputs) = (weight.shape.rows, weight.shape.columns)
    return transposed ? (outputs, inputs) : (inputs, outputs)
  }

  public var kind: String { transposed ? "multiplyTransposed" : "multiply" }
  public var rows: Int? { output.shape.rows }
  public var isMatrixProduct: Bool { true }
  public var arithmetic: Double { 2 * output.size * Double(depth) }

  public func validate() throws(ProgramError) {
    try expect(bias == nil || !transposed, "a transposed layer has no bias.")
    try expect(
      transposed || weight.role == .parameter, "rows are multiplied by transposed, as they lie.")
    try expect(input != output, "the output cannot replace the input.")
  }
}
