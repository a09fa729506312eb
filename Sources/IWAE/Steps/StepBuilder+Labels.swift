import Compute

/// The labels of a conditional model, and the networks' inputs beside which they stand.
extension StepBuilder {
  /// Gathers the labels as images are gathered.
  mutating func appendLabels(_ classes: Tensor?, _ order: Tensor) throws(ProgramError) {
    guard let labels else { return }
    guard let classes else {
      throw .invalid(operation: "model", problem: "it is conditional, but the data have no labels.")
    }
    let indices = Tensor(
      "labels.indices", .vector(labels.shape.rows), .temporary, element: .uint32)
    try program.append(
      .gather(Gather(source: classes, order: order, batch: labels, indices: indices)))
  }

  /// A network's input with the labels beside it; the input itself where there are none.
  ///
  /// - Parameters:
  ///   - input: `(rows, columns)`: a row for each image, or for each sample.
  ///   - network: The network that reads it.
  ///   - role: The role of the result.
  mutating func conditioned(
    _ input: Tensor, for network: Network, as role: Role = .temporary
  ) throws(ProgramError) -> Tensor {
    guard let labels else { return input }
    let (rows, columns) = (input.shape.rows, input.shape.columns)
    let result = Tensor(
      "\(network.name).input", .matrix(rows: rows, columns: columns + labels.shape.columns), role)
    try program.append(.columns(Columns(input: input, output: result)))
    try program.append(
      .columns(Columns(input: labels, to: columns, accumulates: true, output: result)))
    return result
  }

  /// Encodes a batch of images; returns the heads of the lowest layer.
  mutating func appendLowest(
    _ images: Tensor, hiddenRole: Role = .temporary, headRole: Role = .temporary
  ) throws(ProgramError) -> [Tensor] {
    let network = model.encoderNetworks[0]
    return try network.append(
      try conditioned(images, for: network, as: hiddenRole), hiddenRole: hiddenRole,
      headRole: headRole, to: &program)
  }
}
