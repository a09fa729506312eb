import Compute

/// The two programs of a step that walks only some of the samples backwards: one weighs all samples
/// and draws some in proportion to their weights, the other takes those again, their noise being
/// addressed, and walks them backwards.
struct DrawingPrograms {
  let weigh: Program
  let step: Program
  /// What the first leaves for the second.
  let states: [Tensor]

  init(_ model: Model, _ configuration: StepConfiguration, draws: Int) throws(ProgramError) {
    let rule = configuration.objective.rule(
      groups: configuration.groups, samples: configuration.samples,
      estimator: configuration.estimator)
    let scopes = rule.decoder.scope == .all ? 1 : configuration.groups

    var weigher = StepBuilder(model, configuration, name: "weigh")
    let (images, indices, activations, heads) = try weigher.appendBatchAndLowest()
    try weigher.appendLatents(activations, heads: heads, indices)
    try weigher.appendDecoder(images, hasDeltas: false)
    let logWeights = Tensor("log_weights", .vector(weigher.sampleRows), .temporary)
    try weigher.appendLogWeight(logWeights, latentTerms: weigher.latents.map(\.term))
    let bounds = Tensor("image_bounds", .vector(configuration.batchSize), .output)
    try weigher.program.append(
      .estimate(
        Estimate(
          logWeights: logWeights, groups: configuration.groups, samples: configuration.samples,
          rule: rule, bounds: bounds)))
    try weigher.appendBound(bounds)

    let shape = Shape.vector(configuration.batchSize * scopes * draws)
    let drawn = Tensor("drawn", shape, .state, element: .uint32)
    let names = ["decoder", "path", "score"].map { "drawn.\($0)" }
    let columns = names.map { Tensor($0, shape, .state) }
    let coefficients = SampleCoefficients(
      decoder: columns[0], path: columns[1], score: rule.score == -rule.path ? nil : columns[2],
      forDecoder: GradientTarget(), forEncoder: GradientTarget())
    try weigher.program.append(
      .draw(
        Draw(
          logWeights: logWeights, groups: configuration.groups, samples: configuration.samples,
          count: draws, indices: indices, rule: rule, scale: configuration.scale, drawn: drawn,
          decoderCoefficients: columns[0], pathCoefficients: columns[1],
          scoreCoefficients: coefficients.score)))
    weigh = weigher.program.build()

    var few = configuration
    (few.groups, few.samples) = (scopes, draws)
    var walker = StepBuilder(model, few, name: "step")
    _ = try walker.appendBatchAndLowest()
    // The operations so far belong to the first program; their tensors are states that it left.
    walker.program = ProgramBuilder("step")
    walker.drawn = drawn
    walker.rule = rule
    walker.coefficients = [coefficients]
    try walker.appendLatents(activations, heads: heads, indices)
    try walker.appendDecoder(images, hasDeltas: true)
    try walker.appendDecoderBackward()
    try walker.appendEncoderBackward()
    if let optimizer = configuration.optimizer { try walker.program.append(.adam(optimizer)) }
    step = walker.program.build()
    var states: [Tensor] = []
    for tensor in weigh.tensors(.state) + step.tensors(.state)
    where !states.contains(tensor) && tensor != configuration.boundTotal { states.append(tensor) }
    self.states = states
  }
}

extension StepBuilder {
  /// The batch and the encoder's first layer, in states that other programs read.
  mutating func appendBatchAndLowest() throws(ProgramError) -> (
    images: Tensor, indices: Tensor, activations: Activations, heads: [Tensor]
  ) {
    let (images, indices) = try appendBatch(as: .state)
    let (activations, heads) = try forward(
      model.encoderNetworks[0], images, rows: configuration.batchSize, hiddenRole: .state,
      headRole: .state)
    return (images, indices, activations, heads)
  }

  /// Draws the samples of every layer, from the lowest, which has been encoded, upwards.
  mutating func appendLatents(
    _ activations: Activations, heads: [Tensor], _ indices: Tensor
  ) throws(ProgramError) {
    var value = try appendLatent(0, activations, heads: heads, indices)
    for (layer, network) in model.encoderNetworks.enumerated().dropFirst() {
      let (activations, heads) = try forward(network, value, rows: sampleRows)
      value = try appendLatent(layer, activations, heads: heads, indices)
    }
  }
}
