/// A rule by which pixels become the 0s and 1s of a Bernoulli likelihood.
public enum Binarization: Int, Hashable, Sendable, CaseIterable {
  /// Taken as they are.
  case none
  /// One where the value is at least one half.
  case threshold
  /// One with the value as probability, afresh each pass.
  case sample
}

/// A batch of images out of a resident data set: `batch[b] = scale * source[order[offset + b]]`,
/// binarized if asked; NaN, a missing value, stays NaN. The offset is the control record's; positions wrap around.
public struct Gather: SlottedFamily {
  /// `(N, D)`, `uint8` or `float32`, resident.
  public var source: Tensor
  /// `(N)`, `uint32`, resident: a permutation of the rows of `source`.
  public var order: Tensor
  public var scale: Float
  public var binarization: Binarization
  /// `(B, D)`
  public var batch: Tensor
  /// `(B)`, `uint32`: each image's row in `source`, which addresses its noise.
  public var indices: Tensor

  public init(
    source: Tensor, order: Tensor, scale: Float = 1, binarization: Binarization = .none,
    batch: Tensor, indices: Tensor
  ) {
    self.source = source
    self.order = order
    self.scale = scale
    self.binarization = binarization
    self.batch = batch
    self.indices = indices
  }
}

extension Gather {
  public static let slots = [
    Slot<Gather>(
      "source", elements: [.uint8, .float32], place: .resident, of: { $0.source },
      extent: { _ in .matrix }),
    Slot(
      "order", elements: [.uint32], place: .resident, of: { $0.order },
      extent: { .exactly(.vector($0.source.shape.rows)) }),
    Slot(
      "batch", .write, of: { $0.batch },
      extent: { .exactly(.matrix(rows: $0.batch.shape.rows, columns: $0.source.shape.columns)) }),
    Slot(
      "indices", .write, elements: [.uint32], of: { $0.indices },
      extent: { .exactly(.vector($0.batch.shape.rows)) }),
  ]

  public var rows: Int? { batch.shape.rows }
  public var arithmetic: Double { 2 * batch.size }

  /// Of the data set and its order, only the batch's rows are touched.
  public func cost(parameterCount: Int) -> Cost {
    let (count, rows) = (batch.size, indices.size)
    return Cost(
      floatingPointOperations: arithmetic,
      bytes: count * Double(source.element.byteCount) + rows * 4 + (count + rows) * 4)
  }

  public func validate() throws(ProgramError) {
    let columns = source.shape.columns
    try expect(!batch.shape.isVector, "expected 'batch' to be a matrix.")
    try expect(
      columns <= NoiseAddress.maximumColumns,
      "expected at most \(NoiseAddress.maximumColumns) columns, found \(columns).")
  }
}
