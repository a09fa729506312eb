import Compute

/// Weights that stream: what running sums over weights of one scope and temperature need.
struct WeightStream: Hashable {
  var scope: SampleScope
  var temperature: Float

  private var name: String { "\(scope)(\(temperature))" }

  /// `(1)`: the log-weight so far whose tempered share is largest.
  var maximum: Tensor { Tensor("stream.\(name).maximum", .vector(1), .state) }
  /// `(1)`: the sum of the shares.
  var sum: Tensor { Tensor("stream.\(name).sum", .vector(1), .state) }
  /// `(1)`: what sums over shares of a degree are multiplied by when a chunk arrives.
  func decay(_ degree: Int) -> Tensor {
    Tensor("stream.\(name).decay.\(degree)", .vector(1), .temporary)
  }
  /// What the maximum is before anything has arrived.
  var nothing: Float { temperature > 0 ? -.infinity : .infinity }
}

/// The programs of a step that takes one image at a time, and its samples in chunks.
///
/// Gradients are summed over weights that are not normalised: exp(t (log w - maximum)), where the
/// maximum is that of the samples so far. When it moves, what was summed is rescaled; at the end it is
/// divided by the sum of the weights. Every degree of the weights has sums of its own. Nothing is
/// computed twice.
struct StreamingPrograms {
  let programs: [StepPrograms.Part: Program]
  /// What starts at zero with every image, and the streams of a group and of an image.
  let zeros: [Tensor]
  let groupStreams: [WeightStream]
  let imageStreams: [WeightStream]
  /// What holds one number all along.
  let constants: [(tensor: Tensor, value: Float)]

  /// - Parameters:
  ///   - configuration: The step, with a batch of one image.
  ///   - chunks: The numbers of samples that chunks have.
  init(
    _ model: Model, _ configuration: StepConfiguration, chunks sizes: Set<Int>
  ) throws(ProgramError) {
    var builder = StreamBuilder(model, configuration, samples: 1)
    var programs = [StepPrograms.Part.begin: try builder.begin()]
    for size in sizes {
      var builder = StreamBuilder(model, configuration, samples: size)
      programs[.samples(size)] = try builder.chunk()
    }
    let streams = builder.streams
    groupStreams = streams.filter { $0.scope == .group }
    imageStreams = streams.filter { $0.scope == .all }
    let summed = Set(programs.values.tensors([.state, .accumulator]))
    if !groupStreams.isEmpty {
      // Divides what the samples of one group have summed.
      programs[.endGroup] = try builder.end(groupStreams, summed, isImage: false)
    }
    // Divides what all samples have summed, and walks the lowest encoder backwards.
    programs[.endImage] = try builder.end(imageStreams, summed, isImage: true)
    self.programs = programs
    zeros = [builder.imageBound] + builder.lowestTotals
    constants = builder.constants
  }
}

/// Builds the programs of a stream.
private struct StreamBuilder {
  private let model: Model
  private let configuration: StepConfiguration
  private var step: StepBuilder
  private let rule: EstimatorRule
  /// The samples of an image, and of a group.
  private let counts: (all: Int, group: Int)

  init(_ model: Model, _ configuration: StepConfiguration, samples: Int) {
    self.model = model
    self.configuration = configuration
    counts = (configuration.groups * configuration.samples, configuration.samples)
    var part = configuration
    (part.groups, part.samples) = (1, samples)
    step = StepBuilder(model, part, name: "chunk")
    rule = configuration.objective.rule(
      groups: configuration.groups, samples: configuration.samples,
      estimator: configuration.estimator)
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

  /// `(1, latent)` for each head of the lowest encoder: what its samples weigh, summed and divided.
  var lowestTotals: [Tensor] { lowest("total") }

  private func lowest(_ name: String) -> [Tensor] {
    model.encoder[0].posterior.heads.map {
      Tensor(
        "stream.\($0).\(name)", .matrix(rows: 1, columns: model.encoder[0].latent), .state)
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
    let (images, indices, heads) = try step.appendBatchAndLowest()
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
    let decoder = Set(model.generativeParameters)
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
    let heads = try forward.appendBatchAndLowest().heads
    let operations = forward.program.operations
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

  // MARK: Coefficients

  /// What a chunk's samples weigh, degree by degree.
  private mutating func appendCoefficients(_ logWeights: Tensor) throws(ProgramError) {
    let bound = rule.bound
    if bound.meanShare != 0 {
      try step.program.append(
        .sum(
          Sum(
            input: logWeights, scale: bound.meanShare / Float(counts.all), accumulates: true,
            output: imageBound)))
    }
    var columns: [SampleCoefficients] = []
    if let constant = try appendConstant(logWeights) { columns.append(constant) }
    var outputs: [WeightStream: [AccumulateWeights.Coefficients]] = [:]
    for place in [GradientTarget.Place.linear, .square] {
      let degree = place.degree
      func output(_ rule: CoefficientRule, _ name: String) -> Tensor {
        let stream = WeightStream(rule)
        let factor = rule.factor(degree) * configuration.scale
        let known = outputs[stream]?.first {
          $0.factor == factor && ($0.degree == degree || factor == 0)
        }
        if let known { return known.output }
        let tensor = Tensor("coefficients.\(place.name).\(name)", logWeights.shape, .temporary)
        outputs[stream, default: []].append(
          .init(degree: degree, factor: factor, output: tensor))
        return tensor
      }
      let weighsDecoder = rule.decoder.factor(degree) != 0
      let weighsEncoder = rule.path.factor(degree) != 0 || rule.score.factor(degree) != 0
      guard weighsDecoder || weighsEncoder else { continue }
      func target(_ rule: CoefficientRule) -> GradientTarget {
        GradientTarget(
          place, accumulates: true, decay: WeightStream(rule).decay(degree))
      }
      // The path and the score belong to one stream: that of whichever has weights.
      var (path, score) = (rule.path, rule.score)
      (path.scope, path.temperature) = (rule.encoder.scope, rule.encoder.temperature)
      (score.scope, score.temperature) = (path.scope, path.temperature)
      columns.append(
        SampleCoefficients(
          decoder: weighsDecoder ? output(rule.decoder, "decoder") : nil,
          path: weighsEncoder && !rule.path.isZero ? output(path, "path") : nil,
          score: weighsEncoder && rule.hasScore ? output(score, "score") : nil,
          forDecoder: target(rule.decoder), forEncoder: target(rule.encoder)))
    }
    for stream in streams {
      try step.program.append(
        .accumulateWeights(
          AccumulateWeights(
            logWeights: logWeights, temperature: stream.temperature, maximum: stream.maximum,
            sum: stream.sum, decay: stream.decay(1), squaredDecay: stream.decay(2),
            coefficients: outputs[stream] ?? [])))
    }
    step.coefficients = columns
  }

  /// What does not depend on the weights goes straight into the gradient.
  private mutating func appendConstant(
    _ logWeights: Tensor
  ) throws(ProgramError) -> SampleCoefficients? {
    func constant(_ rule: CoefficientRule) -> CoefficientRule {
      CoefficientRule(constant: rule.constant)
    }
    let parts = EstimatorRule(
      bound: BoundRule(meanShare: 1), decoder: constant(rule.decoder), path: constant(rule.path),
      score: constant(rule.score))
    guard !(parts.decoder.isZero && parts.path.isZero && parts.score.isZero) else { return nil }
    return try step.appendCoefficients(
      parts, of: logWeights, prefix: "constant.",
      bounds: Tensor("coefficients.constant.mean", .vector(1), .temporary),
      into: GradientTarget(accumulates: true))
  }
}

extension WeightStream {
  fileprivate init(_ rule: CoefficientRule) {
    self.init(scope: rule.scope, temperature: rule.temperature)
  }

  fileprivate init(_ rule: BoundRule) {
    self.init(scope: rule.scope, temperature: rule.temperature)
  }
}

extension CoefficientRule {
  /// True if any coefficient depends on the weights.
  fileprivate var isWeighted: Bool { linear != 0 || square != 0 }

  fileprivate func factor(_ degree: Int) -> Float { degree == 1 ? linear : square }
}

extension EstimatorRule {
  /// The column whose stream weighs the encoder.
  fileprivate var encoder: CoefficientRule {
    path.linear != 0 || path.square != 0 ? path : score
  }
}
