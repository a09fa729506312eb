/// Random numbers, one row for each sample: each at the address of its purpose, step, image, sample
/// and column. The step and the first sample's index are the control record's.
public struct Noise: SlottedFamily {
  public enum Distribution: Int, Hashable, Sendable, CaseIterable {
    case normal
    /// Odd multiples of 2^-24 between 0 and 1, neither of which occurs.
    case uniform
  }

  public var distribution: Distribution
  public var purpose: NoisePurpose
  /// `(B)`, `uint32`: the index of each image in its data set.
  public var indices: Tensor
  /// `(R)`, `uint32`: the index of each row among its image's samples; nil where rows follow one
  /// another.
  public var drawn: Tensor?
  /// `(R, L)`
  public var output: Tensor

  public init(
    _ distribution: Distribution = .normal, purpose: NoisePurpose, indices: Tensor,
    drawn: Tensor? = nil, output: Tensor
  ) {
    self.distribution = distribution
    self.purpose = purpose
    self.indices = indices
    self.drawn = drawn
    self.output = output
  }
}

extension Noise {
  public static let slots = [
    Slot<Noise>("indices", elements: [.uint32], of: { $0.indices }, extent: { _ in .vector }),
    Slot(
      "drawn", elements: [.uint32], of: { $0.drawn },
      extent: { .exactly(.vector($0.output.shape.rows)) }),
    Slot("output", .write, of: { $0.output }, extent: { _ in .matrix }),
  ]

  public var rows: Int? { output.shape.rows }
  public var arithmetic: Double { 3 * output.size }

  public func validate() throws(ProgramError) {
    let (rows, images) = (output.shape.rows, indices.shape.count)
    try expect(
      rows % images == 0, "expected the \(rows) samples to be divided among \(images) images.")
    if case .latent(let layer) = purpose {
      try expect(
        (0..<NoisePurpose.maximumLayers).contains(layer),
        "expected a layer from 0 to \(NoisePurpose.maximumLayers - 1), found \(layer).")
    }
    let columns = output.shape.columns
    try expect(
      columns <= NoiseAddress.maximumColumns,
      "expected at most \(NoiseAddress.maximumColumns) columns, found \(columns).")
  }
}
