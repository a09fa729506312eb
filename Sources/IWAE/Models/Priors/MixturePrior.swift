import Compute

/// A mixture of Gaussians with independent units:
///
///     log p(z) = log of the sum over c of w[c] N(z; mean[c], exp(log_sigma[c])^2)
struct MixturePrior: JointPrior {
  let components: Int

  func parameters(of model: Model) -> [LayerParameter] {
    let shape = Shape.matrix(
      rows: components, columns: model.encoder[model.encoder.count - 1].latent)
    return [
      .init(tensor: Tensor("prior.logits", .vector(components), .parameter), start: .constant(0)),
      .init(tensor: Tensor("prior.mean", shape, .parameter), start: .normal),
      .init(tensor: Tensor("prior.log_sigma", shape, .parameter), start: .constant(0)),
    ]
  }

  func prepare(_ model: Model, _ program: inout ProgramBuilder) throws(ProgramError) -> [Tensor] {
    let tensors = parameters(of: model).map(\.tensor)
    let row = Tensor("prior.logits.row", .matrix(rows: 1, columns: components), .temporary)
    let total = Tensor("prior.logits.total", .vector(1), .temporary)
    let logWeights = Tensor("prior.log_weights.row", row.shape, .temporary)
    try program.append(.relay(Relay(input: tensors[0], turns: true, output: row)))
    try program.append(.logSumExp(LogSumExp(input: row, output: total)))
    try program.append(
      .map(Map([.init(row.value - total.value, into: logWeights)], reading: [row, total])))
    let weights = Tensor("prior.log_weights", .vector(components), .temporary)
    try program.append(.relay(Relay(input: logWeights, turns: true, output: weights)))
    var heads: [Tensor] = []
    for tensor in tensors.dropFirst() {
      let rows = Tensor("\(tensor.name).rows", tensor.shape, .temporary)
      try program.append(.relay(Relay(input: tensor, output: rows)))
      heads.append(rows)
    }
    return try Components(mean: heads[0], logSigma: heads[1]).prepare(
      weights: weights.value, reading: [weights], &program)
  }

  func append(
    at sample: Tensor, _ prepared: [Tensor], of model: Model, into term: Tensor,
    to program: inout ProgramBuilder
  ) throws(ProgramError) {
    try Components.append(at: sample, prepared, into: term, to: &program)
  }

  func draw(_ generator: Generator, _ addresses: [NoiseAddress]) throws -> [Float] {
    let values = parameters(of: generator.model).map { generator.parameters[$0.tensor] ?? [] }
    return Components.draw(
      logits: values[0].map(Double.init), mean: values[1], logSigma: values[2], addresses)
  }
}

extension Prior {
  /// A mixture of so many Gaussians.
  ///
  /// - Precondition: `components` is at least 1.
  public static func mixture(_ components: Int) -> Prior {
    joint("mixture", components, MixturePrior(components: components))
  }

  static func joint(_ family: String, _ components: Int, _ density: any JointPrior) -> Prior {
    precondition(components >= 1, "expected at least one component, found \(components)")
    return Prior(
      definition: .object([
        "family": .string(family), "components": .number(Double(components)),
      ]), family: family, name: "\(family):\(components)", logDensity: nil, joint: density)
  }

  static let mixtureFamily = DensityFamily<Prior>(
    name: "mixture", isNamed: false, numberField: "components"
  ) { fields throws(DescriptionError) in
    try fields.allow(["components"])
    return .mixture(try fields.count("components", 1...Components.most))
  }
}
