import Compute

/// The two programs of a step that walks only some of the samples backwards: one weighs all samples
/// and draws some in proportion to their weights, the other takes those again, their noise being
/// addressed, and walks them backwards.
func drawingPrograms(
  _ model: Model, _ configuration: StepConfiguration, draws: Int
) throws(ProgramError) -> [StepPrograms.Part: Program] {
  let rule = configuration.rule
  let scopes = rule.decoder.scope == .all ? 1 : configuration.groups

  var weigher = StepBuilder(model, configuration, name: "weigh")
  let (images, indices, heads, _) = try weigher.appendBatchAndLowest()
  try weigher.appendLatents(heads: heads, indices)
  try weigher.appendDecoder(images)
  let logWeights = try weigher.appendWeights().logWeights
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
    decoder: columns[0], path: rule.path.isZero ? nil : columns[1],
    score: rule.hasScore ? columns[2] : nil,
    forDecoder: GradientTarget(), forEncoder: GradientTarget())
  try weigher.program.append(
    .draw(
      Draw(
        logWeights: logWeights, groups: configuration.groups, samples: configuration.samples,
        count: draws, indices: indices, rule: rule, scale: configuration.scale, drawn: drawn,
        decoderCoefficients: columns[0], pathCoefficients: columns[1],
        scoreCoefficients: coefficients.score)))

  var few = configuration
  (few.groups, few.samples) = (scopes, draws)
  var walker = StepBuilder(model, few, name: "step")
  let network = try walker.appendBatchAndLowest().network
  // The operations so far belong to the first program; their tensors are states that it left.
  let lowest = Array(walker.program.operations[network])
  walker.program = ProgramBuilder("step")
  walker.drawn = drawn
  walker.rule = rule
  walker.coefficients = [coefficients]
  walker.lowest = lowest
  try walker.appendLatents(heads: heads, indices)
  try walker.appendDecoder(images)
  try walker.appendBackward(from: walker.appendWeights().logWeights)
  try configuration.appendUpdate(of: model, to: &walker.program)
  return [.weigh: weigher.program.build(), .walk: walker.program.build()]
}

extension StepBuilder {
  /// The batch and the encoder's first layer, in states that other programs read.
  mutating func appendBatchAndLowest() throws(ProgramError) -> (
    images: Tensor, indices: Tensor, heads: [Tensor], network: Range<Int>
  ) {
    let (images, indices) = try appendBatch(as: .state)
    let seen = try appendSeen(images, as: .state)
    let start = program.operations.count
    let heads = try appendLowest(seen, hiddenRole: .state, headRole: .state)
    return (images, indices, heads, start..<program.operations.count)
  }
}
