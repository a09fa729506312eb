import Compute

/// Builds the programs of a stream.
struct StreamBuilder {
  private let model: Model
  let configuration: StepConfiguration
  var step: StepBuilder
  let rule: EstimatorRule
  /// The samples of an image, and of a group.
  let counts: (all: Int, group: Int)

  init(_ model: Model, _ configuration: StepConfiguration, samples: Int) {
    self.model = model
    self.configuration = configuration
    counts = (configuration.groups * configuration.samples, configuration.samples)
    var part = configuration
    (part.groups, part.samples) = (1, samples)
    step = StepBuilder(model, part, name: "chunk")
    rule = configuration.rule
    step.rule = rule
  }

  /// `(1)`: the image's bound as far as it is known.
  let imageBound = Tensor("stream.bound", .vector(1), .state)

  /// `(1)`: the log-weights that the rule's bound is a logarithm of a mean of, and its share of the
  /// image's bound. They are tensors so that kernels are the same for any number of samples.
  private let boundCount = Tensor("stream.bound.count", .vector(1), .state)
  private let boundShare = Tensor("stream.bound.share", .vector(1), .state)

  var constants: [(tensor: Tensor, value: Float)] {
    guard rule.bound.meanShare != 1 else { return [] }
    let count = rule.bound.scope == .all ? counts.all : counts.group
    return [
      (boundCount, Float(count)),
      (boundShare, (1 - rule.bound.meanShare) / Float(counts.all / count)),
    ]
  }

  /// `(1, outputs)` for each head of the lowest encoder: the weighted sum over its samples, divided.
  var lowestTotals: [Tensor] { lowest(GradientTarget.Place.gradient.name) }

  private func lowest(_ name: String) -> [Tensor] {
    model.encoder[0].heads.map {
      Tensor("stream.\($0.name).\(name)", .matrix(rows: 1, columns: $0.outputs), .state)
    }
  }

  /// The distinct streams that the rule's columns and its bound need.
  var streams: [WeightStream] {
    var result: [WeightStream] = []
    for column in [rule.decoder, rule.path, rule.score] where column.isWeighted {
      result.append(WeightStream(column))
    }
    if rule.bound.meanShare != 1 { result.append(WeightStream(rule.bound)) }
    return result.enumerated().filter { result.firstIndex(of: $0.element) == $0.offset }
      .map(\.element)
  }

  // MARK: The programs

  mutating func begin() throws(ProgramError) -> Program {
    step.program = ProgramBuilder("begin")
    _ = try step.appendBatchAndLowest()
    return step.program.build()
  }

  mutating func chunk() throws(ProgramError) -> Program {
    let (images, indices, heads, _) = try step.appendBatchAndLowest()
    // The operations so far belong to the first program; their tensors are states that it left.
    step.program = ProgramBuilder("chunk")
    try step.appendLatents(heads: heads, indices)
    try step.appendDecoder(images)
    let estimated = try step.appendWeights().estimated
    try appendCoefficients(estimated)
    var walk = try step.beginBackward(from: estimated)
    for layer in stride(from: step.top, to: 0, by: -1) { try step.appendUpper(layer, &walk) }
    for column in step.coefficients where column.weighsEncoder {
      let sums = lowest(column.forEncoder.place.name)
      for (head, samples) in try step.appendLowestSamples(column, &walk) {
        guard let position = heads.firstIndex(of: head) else { continue }
        try step.program.append(
          .sum(
            Sum(
              input: samples, accumulates: true, decay: column.forEncoder.decay,
              output: sums[position])))
      }
    }
    return step.program.build()
  }

  /// Divides what streams have summed. At an image's end, the lowest encoder follows.
  mutating func end(
    _ streams: [WeightStream], _ summed: Set<Tensor>, isImage: Bool
  ) throws(ProgramError) -> Program {
    step.program = ProgramBuilder(isImage ? "end image" : "end group")
    // What streams into an encoder's parameters comes of the prior, where that uses them.
    let decoder = Set(model.generativeParameters + model.sharedParameters)
    for stream in streams {
      for place in [GradientTarget.Place.linear, .square] {
        let target = GradientTarget(place)
        for parameter in model.parameters {
          let column = decoder.contains(parameter) ? rule.decoder : rule.encoder
          guard WeightStream(column) == stream, summed.contains(target.tensor(of: parameter)) else {
            continue
          }
          try appendNormalize(
            target.tensor(of: parameter), stream, place, into: parameter.counterpart(.gradient))
        }
        guard WeightStream(rule.encoder) == stream else { continue }
        for (sum, total) in zip(lowest(place.name), lowestTotals) where summed.contains(sum) {
          try appendNormalize(sum, stream, place, into: total)
        }
      }
      if rule.bound.meanShare != 1, WeightStream(rule.bound) == stream {
        let bound =
          stream.maximum.value
          + .log(stream.sum.value / boundCount.value) / Formula(Double(stream.temperature))
        try step.program.append(
          .map(
            Map(
              [.init(imageBound.value + boundShare.value * bound, into: imageBound)],
              reading: [stream.maximum, stream.sum, boundCount, boundShare, imageBound])))
      }
    }
    if isImage { try appendImageEnd() }
    return step.program.build()
  }

  private mutating func appendNormalize(
    _ input: Tensor, _ stream: WeightStream, _ place: GradientTarget.Place, into output: Tensor
  ) throws(ProgramError) {
    try step.program.append(
      .normalize(
        Normalize(
          input: input, sum: stream.sum, degree: place.degree, output: output)))
  }

  private mutating func appendImageEnd() throws(ProgramError) {
    // The lowest encoder is walked back by its forward operations, which belong to the first program.
    var forward = step
    forward.program = ProgramBuilder("begin")
    let (_, _, heads, network) = try forward.appendBatchAndLowest()
    let operations = Array(forward.program.operations[network])
    var walk = Derivation()
    for (head, total) in zip(heads, lowestTotals) {
      walk.add(BoundFormula(total.value, reading: [total]), to: head)
    }
    try walk.walk(
      operations, of: &step.program,
      gradients: [RowGradient(target: GradientTarget(accumulates: true))])
    if let bound = configuration.boundTotal {
      try step.program.append(
        .sum(
          Sum(input: imageBound, scale: configuration.meanScale, accumulates: true, output: bound)))
    }
  }
}
