/// Some columns of a matrix, put among the columns of another:
///
///     output[r, to + j] = input[r / sharing, from + j]        for j < count
///
/// Every other column is 0. If it accumulates, the values are added to what is there, and other
/// columns stay as they are: two of these lay one matrix beside another.
public struct Columns: SlottedFamily {
  /// `(R, N)`, or with fewer rows, each of which consecutive rows share.
  public var input: Tensor
  /// The first column that is taken.
  public var from: Int
  /// The columns that are taken.
  public var count: Int
  /// The column of the output where the first of them goes.
  public var to: Int
  public var accumulates: Bool
  /// `(R, M)`
  public var output: Tensor

  /// - Parameters:
  ///   - input: The matrix that columns are taken from.
  ///   - from: The first column that is taken.
  ///   - count: The columns; nil for all from the first on.
  ///   - to: The column of the output where the first of them goes.
  ///   - accumulates: True to add to what is there.
  ///   - output: The matrix that they go to.
  public init(
    input: Tensor, from: Int = 0, count: Int? = nil, to: Int = 0, accumulates: Bool = false,
    output: Tensor
  ) {
    self.input = input
    self.from = from
    self.count = count ?? input.shape.columns - from
    self.to = to
    self.accumulates = accumulates
    self.output = output
  }
}

extension Columns {
  public static let slots = [
    Slot<Columns>("input", of: { $0.input }, extent: { _ in .matrix }),
    Slot(
      "output", .write, accumulates: { $0.accumulates }, of: { $0.output },
      extent: { _ in .matrix }),
  ]

  public var rows: Int? { output.shape.rows }
  public var arithmetic: Double {
    accumulates ? Double(output.shape.rows) * Double(count) : 0
  }

  public func validate() throws(ProgramError) {
    let (inputs, outputs) = (input.shape, output.shape)
    try expect(
      outputs.rows % inputs.rows == 0,
      "expected the \(outputs.rows) rows of '\(output.name)' to be divided among the "
        + "\(inputs.rows) of '\(input.name)'.")
    try expect(
      count >= 1 && from >= 0 && from <= inputs.columns - count,
      "expected some of the \(inputs.columns) columns of '\(input.name)', found \(count) from "
        + "\(from) on.")
    try expect(
      to >= 0 && to <= outputs.columns - count,
      "expected room for \(count) columns from \(to) on among the \(outputs.columns) of "
        + "'\(output.name)'.")
    try expect(input != output, "the output cannot replace the input.")
  }
}
