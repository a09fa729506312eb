/// Products by strictly lower triangles. A row holds its own, packed row by row: element (i, j) of L
/// units, with j < i, is in column `i (i - 1) / 2 + j` of L (L - 1) / 2.
///
///     product   output[r, i] = sum over j < i of lower[r, (i, j)] input[r, j]
///     solve     transpose(diag(diagonal[r, :]) + lower[r]) output[r, :] = input[r, :]
///     outer     output[r, (i, j)] = input[r, i] factor[r, j]
///
/// The third is the derivative of the first by the triangle.
public struct Triangle: SlottedFamily {
  public enum Form: Hashable, Sendable {
    /// `(R, L (L - 1) / 2)`, or with fewer rows, each of which consecutive rows share.
    case product(lower: Tensor)
    /// The triangle, and the positive diagonal `(R, L)` above it; either may have fewer rows.
    case solve(lower: Tensor, diagonal: Tensor)
    /// `(R, L)`, or with fewer rows.
    case outer(factor: Tensor)
  }

  public var form: Form
  /// `(R, L)`, or with fewer rows.
  public var input: Tensor
  /// `(R, L)`; of the outer form `(R, L (L - 1) / 2)`.
  public var output: Tensor

  public init(_ form: Form, input: Tensor, output: Tensor) {
    self.form = form
    self.input = input
    self.output = output
  }
}

extension Triangle {
  /// The most units that a triangle has: a device may hold a number for each of them nearby.
  public static let maximumUnits = 512

  public static let slots = [
    Slot<Triangle>("input", of: { $0.input }, extent: { $0.broadcast($0.units) }),
    Slot("lower", of: { $0.lower }, extent: { $0.broadcast($0.packed) }),
    Slot("diagonal", of: { $0.diagonal }, extent: { $0.broadcast($0.units) }),
    Slot("factor", of: { $0.factor }, extent: { $0.broadcast($0.units) }),
    Slot(
      "output", .write, of: { $0.output },
      extent: { .exactly(.matrix(rows: $0.output.shape.rows, columns: $0.written)) }),
  ]

  public var lower: Tensor? {
    switch form {
    case .product(let lower), .solve(let lower, _): lower
    case .outer: nil
    }
  }

  public var diagonal: Tensor? { if case .solve(_, let diagonal) = form { diagonal } else { nil } }

  public var factor: Tensor? { if case .outer(let factor) = form { factor } else { nil } }

  /// L
  public var units: Int { input.shape.columns }
  /// L (L - 1) / 2
  public var packed: Int { units * (units - 1) / 2 }
  private var written: Int { factor == nil ? units : packed }

  private func broadcast(_ columns: Int) -> Extent {
    .broadcast(rows: output.shape.rows, columns: columns)
  }

  public var kind: String {
    switch form {
    case .product: "triangleProduct"
    case .solve: "triangleSolve"
    case .outer: "triangleOuter"
    }
  }

  public var rows: Int? { output.shape.rows }
  public var arithmetic: Double {
    let elements = Double(output.shape.rows) * Double(packed)
    return switch form {
    case .product: 2 * elements
    case .solve: 2 * elements + output.size
    case .outer: elements
    }
  }

  public func validate() throws(ProgramError) {
    try expect(
      (2...Self.maximumUnits).contains(units),
      "expected a triangle of 2 to \(Self.maximumUnits) units, found \(units).")
    try expect(
      ![input, lower, diagonal, factor].contains(output),
      "the output cannot replace what it is computed from.")
  }
}
