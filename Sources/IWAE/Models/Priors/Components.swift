import Compute

/// The components of a mixture of Gaussians as rows, `(C, latent)` each.
struct Components {
  let mean: Tensor
  let logSigma: Tensor

  /// The most components that a mixture may have.
  static let most = 100_000

  /// Works out what a sample is compared with:
  ///
  ///     log w N(z) = log w - sum of (log_sigma + log(2 pi) / 2)
  ///                  - sum of ((z - mean) exp(-log_sigma))^2 / 2
  ///
  /// - Parameters:
  ///   - weights: The logarithm of each component's weight, a value a row.
  ///   - tensors: The tensors that `weights` mentions.
  ///   - program: The program.
  /// - Returns: The means and exp(-log_sigma), `(latent, C)`, and what is added, `(C)`.
  func prepare(
    weights: Formula, reading tensors: [Tensor], _ program: inout ProgramBuilder
  ) throws(ProgramError) -> [Tensor] {
    let (count, latent) = (mean.shape.rows, mean.shape.columns)
    let scale = Tensor("prior.scale.rows", mean.shape, .temporary)
    let rest = Tensor("prior.rest", .vector(count), .temporary)
    let constant = Tensor("prior.constant", .vector(count), .temporary)
    let halfLog2Pi = Formula(0.5 * naturalLogarithm(2 * Double.pi))
    try program.append(
      .map(
        Map(
          [
            .init(.exp(-logSigma.value), into: scale),
            .init(sumOf: logSigma.value + halfLog2Pi, into: rest),
          ], reading: [logSigma])))
    try program.append(
      .map(Map([.init(weights - rest.value, into: constant)], reading: tensors + [rest])))
    var turned: [Tensor] = []
    for (name, rows) in [("center", mean), ("scale", scale)] {
      let columns = Tensor("prior.\(name)", .matrix(rows: latent, columns: count), .temporary)
      try program.append(.relay(Relay(input: rows, turns: true, output: columns)))
      turned.append(columns)
    }
    return turned + [constant]
  }

  /// Appends the log-density of samples, `(R, latent)`, as `(R)`.
  static func append(
    at sample: Tensor, _ prepared: [Tensor], into term: Tensor, to program: inout ProgramBuilder
  ) throws(ProgramError) {
    let terms = Tensor(
      "prior.terms", .matrix(rows: sample.shape.rows, columns: prepared[2].shape.count),
      .temporary)
    try program.append(
      .quadratic(
        Quadratic(
          input: sample, center: prepared[0], scale: prepared[1], bias: prepared[2],
          output: terms)))
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
