/// Sums over the rows of a matrix of powers of their distances from some centers. A row `c` of the
/// operation is a center, which has a weight for each row of the matrix:
///
///     count[c] = sum over r of scale[r] weight[r, c]
///     first[c, k] = sum over r of scale[r] weight[r, c] (input[r, k] - center[c, k])
///     second[c, k] = sum over r of scale[r] weight[r, c] (input[r, k] - center[c, k])^2
public struct Moments: SlottedFamily {
  /// `(R, C)`
  public var weight: Tensor
  /// `(R, K)`
  public var input: Tensor
  /// `(R)`: a coefficient of each row; 1 if absent.
  public var rowScale: Tensor?
  /// `(C, K)`
  public var center: Tensor
  /// `(C)`
  public var count: Tensor
  /// `(C, K)`
  public var first: Tensor
  /// `(C, K)`
  public var second: Tensor

  public init(
    weight: Tensor, input: Tensor, rowScale: Tensor? = nil, center: Tensor, count: Tensor,
    first: Tensor, second: Tensor
  ) {
    self.weight = weight
    self.input = input
    self.rowScale = rowScale
    self.center = center
    self.count = count
    self.first = first
    self.second = second
  }
}

extension Moments {
  public static let slots = [
    Slot<Moments>(
      "weight", of: { $0.weight },
      extent: {
        .exactly(.matrix(rows: $0.input.shape.rows, columns: $0.center.shape.rows))
      }),
    Slot(
      "input", of: { $0.input },
      extent: {
        .exactly(.matrix(rows: $0.input.shape.rows, columns: $0.center.shape.columns))
      }),
    Slot("row_scale", of: { $0.rowScale }, extent: { .exactly(.vector($0.input.shape.rows)) }),
    Slot("center", of: { $0.center }, extent: { _ in .matrix }),
    Slot("count", .write, of: { $0.count }, extent: { .exactly(.vector($0.center.shape.rows)) }),
    Slot("first", .write, of: { $0.first }, extent: { .exactly($0.center.shape) }),
    Slot("second", .write, of: { $0.second }, extent: { .exactly($0.center.shape) }),
  ]

  public var rows: Int? { center.shape.rows }
  public var isMatrixProduct: Bool { true }
  public var arithmetic: Double { 5 * center.size * Double(input.shape.rows) }
}
