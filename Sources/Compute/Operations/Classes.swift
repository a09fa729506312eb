/// The log density of data that are classes, its slope, or the mean class. Each of D variables has C
/// logits, side by side: with a = logits[r, d C ..< (d + 1) C] and x = data[r / sharing, d],
///
///     logDensity    output[r] = sum over d of a[x] - log of the sum over c of exp(a[c])
///     slope         output[r, d C + c] = (1 if x = c, else 0) - softmax(a)[c]
///     mean          output[r, d] = sum over c of c softmax(a)[c]
///
/// A variable whose data are NaN, which is missing, adds 0, and has a slope of 0. What is no class at
/// all has a log density of -infinity.
public struct Classes: SlottedFamily {
  /// The result that is computed.
  public enum Result: Int, Hashable, Sendable, CaseIterable {
    case logDensity, slope, mean
  }

  public var result: Result
  /// `(R, D C)`
  public var logits: Tensor
  /// The number of classes, C.
  public var count: Int
  /// `(R, D)`, or with fewer rows, each of which consecutive rows share; nil for the mean.
  public var data: Tensor?
  /// `(R)`, `(R, D C)` or `(R, D)`.
  public var output: Tensor

  public init(_ result: Result, logits: Tensor, count: Int, data: Tensor? = nil, output: Tensor) {
    self.result = result
    self.logits = logits
    self.count = count
    self.data = data
    self.output = output
  }
}

extension Classes {
  public static let slots = [
    Slot<Classes>("logits", of: { $0.logits }, extent: { _ in .matrix }),
    Slot(
      "data", of: { $0.data },
      extent: { .broadcast(rows: $0.logits.shape.rows, columns: $0.variables) }),
    Slot("output", .write, of: { $0.output }, extent: { .exactly($0.outputShape) }),
  ]

  /// The number of variables, D.
  public var variables: Int { logits.shape.columns / max(count, 1) }

  private var outputShape: Shape {
    switch result {
    case .logDensity: .vector(logits.shape.rows)
    case .slope: logits.shape
    case .mean: .matrix(rows: logits.shape.rows, columns: variables)
    }
  }

  public var rows: Int? { logits.shape.rows }
  public var arithmetic: Double { 4 * logits.size }

  public func validate() throws(ProgramError) {
    let columns = logits.shape.columns
    try expect(
      count >= 1 && columns % max(count, 1) == 0,
      "expected the \(columns) columns of '\(logits.name)' to be divided among \(count) classes.")
    try expect((data == nil) == (result == .mean), "the mean alone is one without data.")
    try expect(output != logits, "the output cannot replace the logits.")
  }
}
