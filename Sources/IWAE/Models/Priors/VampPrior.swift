import Compute

/// Tomczak and Welling's mixture: the posteriors of inputs that are learned, all of one weight.
///
///     p(z) = 1/C times the sum over c of q(z | sigmoid(inputs[c]))
///
/// The encoder's weights serve the model here, and get what the decoder's ascend beside their own.
struct VampPrior: JointPrior {
  let components: Int

  var imageCount: Int { components }

  private func inputs(of model: Model) -> Tensor {
    Tensor("prior.inputs", .matrix(rows: components, columns: model.dataSize), .parameter)
  }

  func parameters(of model: Model) -> [LayerParameter] {
    [.init(tensor: inputs(of: model), start: .images)]
  }

  func problem(of model: Model) -> String? {
    if model.encoder.count > 1 {
      return "the prior 'vamp' is of one stochastic layer, found \(model.encoder.count)."
    }
    if model.condition != nil {
      return "the prior 'vamp' is of data without labels: its inputs have none."
    }
    let posterior = model.encoder[0].posterior
    return posterior == .gaussian
      ? nil : "the prior 'vamp' needs the posterior 'gaussian', found '\(posterior)'."
  }

  func shared(of model: Model) -> [Tensor] { model.encoderNetwork(0).parameters }

  /// Appends the heads of the inputs' posteriors.
  private func appendHeads(
    _ model: Model, as role: Role = .temporary, _ program: inout ProgramBuilder
  ) throws(ProgramError) -> [Tensor] {
    let inputs = inputs(of: model)
    let rows = Tensor("prior.inputs.rows", inputs.shape, .temporary)
    let images = Tensor("prior.images", inputs.shape, .temporary)
    try program.append(.relay(Relay(input: inputs, output: rows)))
    try program.append(.map(Map([.init(.sigmoid(rows.value), into: images)], reading: [rows])))
    return try model.encoderNetwork(0, labelled: "prior.")
      .append(images, headRole: role, to: &program)
  }

  func prepare(_ model: Model, _ program: inout ProgramBuilder) throws(ProgramError) -> [Tensor] {
    let heads = try appendHeads(model, &program)
    let weight = Formula(-naturalLogarithm(Double(components)))
    return try Components(mean: heads[0], logSigma: heads[1]).prepare(
      weights: weight, reading: [], &program)
  }

  func append(
    at sample: Tensor, _ prepared: [Tensor], of model: Model, into term: Tensor,
    to program: inout ProgramBuilder
  ) throws(ProgramError) {
    try Components.append(at: sample, prepared, into: term, to: &program)
  }

  func draw(_ generator: Generator, _ addresses: [NoiseAddress]) throws -> [Float] {
    var program = ProgramBuilder("components")
    let tensors = try appendHeads(generator.model, as: .output, &program)
    let heads = try generator.run(program.build(), [:], reading: tensors)
    return Components.draw(
      logits: Array(repeating: 0, count: components), mean: heads[0], logSigma: heads[1], addresses)
  }
}

extension Prior {
  /// A mixture of the posteriors of so many inputs.
  ///
  /// - Precondition: `components` is at least 1.
  public static func vamp(_ components: Int) -> Prior {
    joint("vamp", components, VampPrior(components: components))
  }

  static let vampFamily = DensityFamily<Prior>(
    name: "vamp", isNamed: false, numberField: "components"
  ) { fields throws(DescriptionError) in
    try fields.allow(["components"])
    return .vamp(try fields.count("components", 1...Components.most))
  }
}
