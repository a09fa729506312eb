import Compute

/// The gradients of many estimators from the same samples: each draw is one walk forwards and one
/// walk backwards with unit coefficients. Every estimator's coefficients are computed on the same
/// log-weights; estimators whose coefficients agree share a column.
///
/// `elbo` alone, whose divergence is in closed form, walks on its own, with the same noise.
struct GradientProbe {
  /// One for all sampled objectives, one for `elbo`; each only where it is asked for.
  let programs: [Program]
  /// For each estimator, which columns hold its gradients.
  let columns: [(decoder: Int, encoder: Int)]
  let decoderColumns: Int
  let encoderColumns: Int
  private let model: Model

  /// - Parameters:
  ///   - model: The model.
  ///   - configuration: The batch, the groups and the samples.
  ///   - estimators: What is compared.
  init(
    _ model: Model, _ configuration: StepConfiguration, estimators: [GradientEstimator]
  ) throws(ProgramError) {
    self.model = model
    var table = ColumnTable()
    columns = estimators.map { estimator in
      let rule = estimator.objective.rule(
        groups: configuration.groups, samples: configuration.samples,
        estimator: estimator.estimator)
      return table.add(rule, isClosedForm: estimator.objective == .elbo)
    }
    decoderColumns = table.decoders.count
    encoderColumns = table.encoders.count
    var programs: [Program] = []
    for isClosedForm in [false, true]
    where estimators.contains(where: { ($0.objective == .elbo) == isClosedForm }) {
      var part = configuration
      part.objective = isClosedForm ? .elbo : .iwae
      part.optimizer = nil
      var builder = StepBuilder(model, part, name: isClosedForm ? "probe elbo" : "probe")
      programs.append(try builder.probe(table.selected(isClosedForm)))
    }
    self.programs = programs
  }

  /// The sum over draws of a column's gradient: one accumulator for each of the network's parameters.
  func decoderTargets(_ column: Int) -> [Tensor] {
    targets(model.generativeParameters, .column(column))
  }

  func encoderTargets(_ column: Int) -> [Tensor] {
    targets(model.encoderNetworks.flatMap(\.parameters), .column(column))
  }

  private func targets(_ parameters: [Tensor], _ place: GradientTarget.Place) -> [Tensor] {
    parameters.map { GradientTarget(place, accumulates: true).tensor(of: $0) }
  }

  /// Everything that is summed over draws.
  var accumulators: [Tensor] {
    (0..<decoderColumns).flatMap(decoderTargets) + (0..<encoderColumns).flatMap(encoderTargets)
  }
}

/// The distinct columns of some estimators; each program has columns of its own.
private struct ColumnTable {
  struct Decoder: Hashable {
    var rule: CoefficientRule
    var isClosedForm: Bool
  }

  struct Encoder: Hashable {
    var path: CoefficientRule
    var score: CoefficientRule
    var leaveOneOut: Float
    var isClosedForm: Bool
  }

  private(set) var decoders: [Decoder] = []
  private(set) var encoders: [Encoder] = []

  /// Finds or adds the columns of a rule.
  mutating func add(_ rule: EstimatorRule, isClosedForm: Bool) -> (decoder: Int, encoder: Int) {
    let decoder = Decoder(rule: rule.decoder, isClosedForm: isClosedForm)
    let encoder = Encoder(
      path: rule.path, score: rule.score, leaveOneOut: rule.leaveOneOut, isClosedForm: isClosedForm)
    return (Self.index(of: decoder, in: &decoders), Self.index(of: encoder, in: &encoders))
  }

  private static func index<Value: Hashable>(of value: Value, in list: inout [Value]) -> Int {
    if let index = list.firstIndex(of: value) { return index }
    list.append(value)
    return list.count - 1
  }

  /// The columns of one program, with their numbers.
  func selected(_ isClosedForm: Bool) -> [(index: Int, rule: EstimatorRule, isDecoder: Bool)] {
    let none = CoefficientRule()
    let bound = BoundRule()
    var result: [(index: Int, rule: EstimatorRule, isDecoder: Bool)] = []
    for (index, column) in decoders.enumerated() where column.isClosedForm == isClosedForm {
      let rule = EstimatorRule(bound: bound, decoder: column.rule, path: none, score: none)
      result.append((index, rule, true))
    }
    for (index, column) in encoders.enumerated() where column.isClosedForm == isClosedForm {
      let rule = EstimatorRule(
        bound: bound, decoder: none, path: column.path, score: column.score,
        leaveOneOut: column.leaveOneOut)
      result.append((index, rule, false))
    }
    return result
  }
}

extension StepBuilder {
  /// Forwards, the coefficients of every column, and backwards once.
  fileprivate mutating func probe(
    _ columns: [(index: Int, rule: EstimatorRule, isDecoder: Bool)]
  ) throws(ProgramError) -> Program {
    let (images, indices) = try appendBatch()
    try appendEncoder(images, indices)
    try appendDecoder(images)
    let estimated = try appendWeights().estimated
    for column in columns {
      coefficients.append(
        try appendColumn(column.rule, column.index, isDecoder: column.isDecoder, of: estimated))
    }
    try appendBackward(from: estimated)
    return program.build()
  }

  private mutating func appendColumn(
    _ rule: EstimatorRule, _ index: Int, isDecoder: Bool, of logWeights: Tensor
  ) throws(ProgramError) -> SampleCoefficients {
    let target = GradientTarget(.column(index), accumulates: true)
    func tensor(_ name: String) -> Tensor {
      Tensor("coefficients.\(name).\(index)", logWeights.shape, .temporary)
    }
    let result =
      isDecoder
      ? SampleCoefficients(
        decoder: tensor("decoder"), forDecoder: target, forEncoder: target)
      : SampleCoefficients(
        path: rule.path.isZero ? nil : tensor("path"), score: rule.hasScore ? tensor("score") : nil,
        forDecoder: target, forEncoder: target)
    try program.append(
      .estimate(
        Estimate(
          logWeights: logWeights, groups: configuration.groups, samples: configuration.samples,
          rule: rule, scale: configuration.scale,
          bounds: Tensor(
            "\(isDecoder ? "decoder" : "encoder")_bounds.\(index)",
            .vector(configuration.batchSize), .temporary),
          decoderCoefficients: result.decoder, pathCoefficients: result.path,
          scoreCoefficients: result.score)))
    return result
  }
}
