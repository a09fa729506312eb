import Compute

/// The components of a mixture of Gaussians as rows, `(C, latent)` each.
struct Components {
  let mean: Tensor
  let logSigma: Tensor

  /// The most components that a mixture may have.
  static let most = 100_000

  /// Works out the natural parameters: with v = exp(-2 log_sigma),
  ///
  ///     log w N(z) = z^2 (-v / 2) + z (mean v) + log w - sum of mean^2 v / 2 + log_sigma + log(2 pi) / 2
  ///
  /// - Parameters:
  ///   - weights: The logarithm of each component's weight, a value a row.
  ///   - tensors: The tensors that `weights` mentions.
  ///   - program: The program.
  /// - Returns: What z^2 and z are multiplied by, `(latent, C)`, and what is added, `(C)`.
  func prepare(
    weights: Formula, reading tensors: [Tensor], _ program: inout ProgramBuilder
  ) throws(ProgramError) -> [Tensor] {
    let (count, latent) = (mean.shape.rows, mean.shape.columns)
    let precision = Formula.exp(-2 * logSigma.value)
    let square = Tensor("prior.square.rows", mean.shape, .temporary)
    let linear = Tensor("prior.linear.rows", mean.shape, .temporary)
    let rest = Tensor("prior.rest", .vector(count), .temporary)
    let constant = Tensor("prior.constant", .vector(count), .temporary)
    let halfLog2Pi = Formula(0.5 * naturalLogarithm(2 * Double.pi))
    try program.append(
      .map(
        Map(
          [
            .init(-0.5 * precision, into: square), .init(mean.value * precision, into: linear),
            .init(
              sumOf: 0.5 * (mean.value * mean.value * precision) + logSigma.value + halfLog2Pi,
              into: rest),
          ], reading: [mean, logSigma])))
    try program.append(
      .map(Map([.init(weights - rest.value, into: constant)], reading: tensors + [rest])))
    var turned: [Tensor] = []
    for tensor in [square, linear] {
      let columns = Tensor(
        "\(tensor.name).turned", .matrix(rows: latent, columns: count), .temporary)
      try program.append(.relay(Relay(input: tensor, turns: true, output: columns)))
      turned.append(columns)
    }
    return turned + [constant]
  }

  /// Appends the log-density of samples, `(R, latent)`, as `(R)`.
  static func append(
    at sample: Tensor, _ prepared: [Tensor], into term: Tensor, to program: inout ProgramBuilder
  ) throws(ProgramError) {
    let (rows, count) = (sample.shape.rows, prepared[2].shape.count)
    let squares = Tensor("prior.squares", sample.shape, .temporary)
    try program.append(
      .map(Map([.init(sample.value * sample.value, into: squares)], reading: [sample])))
    let shape = Shape.matrix(rows: rows, columns: count)
    let parts = ["square", "linear"].map { Tensor("prior.\($0)", shape, .temporary) }
    let terms = Tensor("prior.terms", shape, .temporary)
    for (part, (input, bias)) in zip(parts, [(squares, nil), (sample, prepared[2])]) {
      try program.append(
        .multiply(
          Multiply(
            input: input, weight: part == parts[0] ? prepared[0] : prepared[1], transposed: true,
            bias: bias, output: part)))
    }
    try program.append(
      .map(Map([.init(parts[0].value + parts[1].value, into: terms)], reading: parts)))
    try program.append(.logSumExp(LogSumExp(input: terms, output: term)))
  }

  /// Draws a component and then of it, for each address.
  static func draw(
    logits: [Double], mean: [Float], logSigma: [Float], _ addresses: [NoiseAddress]
  ) -> [Float] {
    let latent = mean.count / max(1, logits.count)
    let largest = logits.max() ?? 0
    let weights = logits.map { exponential($0 - largest) }
    let total = weights.reduce(0, +)
    return addresses.flatMap { address in
      // Beyond the 64 columns whose words the last unit's noise shares.
      var left = Double(address.uniform(column: (latent + 63) / 64 * 64)) * total
      let component = weights.firstIndex { weight in
        left -= weight
        return left < 0
      }
      let first = (component ?? weights.count - 1) * latent
      return (0..<latent).map { unit in
        mean[first + unit] + Float(exponential(Double(logSigma[first + unit])))
          * address.normal(column: unit)
      }
    }
  }
}
