import Compute

/// The settings of fitting posteriors image by image.
public struct PosteriorFitConfiguration: Hashable, Sendable {
  /// Steps of the optimizer.
  public var steps = 1000
  public var learningRate = 0.02
  /// Samples of each image in a step.
  public var samples = 32
  /// Samples of each image that judge the bounds before and after.
  public var judgingSamples = 2000
  public var batchSize = 20
  public var binarization = Binarization.none
  public var seed: UInt64 = 0

  public init() {}
}

/// The evidence lower bound of one image before and after its lowest layer got the best heads of its
/// own: what that gains is what the encoder loses by serving all images (Cremer et al. 2018).
public struct FittedImage: Sendable {
  public var bound: LogWeights.Estimate
  public var fittedBound: LogWeights.Estimate
  /// The second less the first, of the same noise.
  public var gain: LogWeights.Estimate
  /// The part of it that the second half of the steps brought, whose rate falls to nothing as that
  /// of the first half did: much, where there were too few.
  public var lateGain: LogWeights.Estimate
}

/// Fits the heads of the posterior of each image's lowest latents, as mean and log-sigma, by gradient
/// ascent of the evidence lower bound. The decoder, the layers above and what moves units stand still.
///
/// The heads of a batch are a layer of their own: its input says by a single 1 which image is meant,
/// so that each column of its weights is the mean, or the log-sigma, of one image.
public final class PosteriorFit {
  private let model: Model
  private let configuration: PosteriorFitConfiguration
  private let data: ResidentSet
  private let generator: Generator
  private let table: Network
  /// `(B, B)`: which image each row means.
  private let choices: Tensor
  /// `(B)`: the bound of each image.
  private let bounds: Tensor
  private let memory: any Memory
  /// A step of the optimizer.
  private let climb: any Executable
  /// The bounds alone.
  private let judge: any Executable
  private let batchSize: Int
  private let ranks: any Ranks

  public init(
    _ model: Model, parameters: [Tensor: [Float]], images: ImageSet,
    _ configuration: PosteriorFitConfiguration, device: any Device
  ) throws {
    self.model = model
    self.configuration = configuration
    ranks = device.ranks
    generator = Generator(model, parameters: parameters, device: device)
    data = try ResidentSet(images, for: model, name: "fit")
    batchSize = min(configuration.batchSize, images.count)
    table = Network(
      "posterior", inputs: batchSize, heads: model.encoder[0].heads)
    let binarization = model.likelihood.isBinarized ? configuration.binarization : .none
    choices = Tensor("fit.choices", .matrix(rows: batchSize, columns: batchSize), .state)
    bounds = Tensor("image_bounds", .vector(batchSize), .output)
    let step = StepConfiguration(
      batchSize: batchSize, samples: configuration.samples, objective: .vae,
      source: data.batchSource(binarization), optimizer: Adam(), sumsOverBatch: true)
    var climb = StepBuilder(model, step, name: "fit")
    try climb.appendFit(table, choices, bounds: bounds, climbs: true)
    var judge = StepBuilder(model, step, name: "judge")
    try judge.appendFit(table, choices, bounds: bounds, climbs: false)
    let programs = [climb.program.build(), judge.program.build()]
    // The lowest encoder is what is replaced; the optimizer steps along every gradient, of which all
    // but the table's stay zero.
    let replaced = Set(model.encoderNetwork(0).parameters).subtracting(model.sharedParameters)
    let kept = model.parameters.filter { !replaced.contains($0) }
    memory = try device.allocate(
      kept + table.parameters + data.tensors + [choices])
    for parameter in kept { try memory.upload(parameters[parameter] ?? [], to: parameter) }
    try memory.clear(kept.map { $0.counterpart(.gradient) })
    try data.upload(to: memory)
    try device.prepare(programs)
    self.climb = try device.compile(programs[0], on: memory)
    self.judge = try device.compile(programs[1], on: memory)
  }

  /// Fits every image. Batches are divided over the device's ranks, which all get the results.
  ///
  /// - Parameter progress: Told of the share that is done; returns whether to go on.
  /// - Returns: Nil if `progress` asked to stop.
  public func fit(progress: (Double) -> Bool = { _ in true }) throws -> [FittedImage]? {
    var result: [FittedImage] = []
    let count = data.images.count
    let isDone = try ranks.divide((count + batchSize - 1) / batchSize) { batch in
      try fit(from: batch * batchSize, progress)
    } take: { batch, values in
      // The bounds of each image's samples before, halfway and after.
      let samples = values.count / (3 * batchSize)
      for image in 0..<min(batchSize, count - batch * batchSize) {
        let stages = (0..<3).map { stage in
          let start = (stage * batchSize + image) * samples
          return values[start..<start + samples].map(Double.init)
        }
        func gain(since earlier: Int) -> LogWeights.Estimate {
          LogWeights.Estimate(zip(stages[2], stages[earlier]).map { $0 - $1 })
        }
        result.append(
          FittedImage(
            bound: .init(stages[0]), fittedBound: .init(stages[2]), gain: gain(since: 0),
            lateGain: gain(since: 1)))
      }
      return true
    }
    return isDone ? result : nil
  }

  /// The bounds of a batch's samples before it is fitted, halfway and after; nil if asked to stop.
  private func fit(from first: Int, _ progress: (Double) -> Bool) throws -> [Float]? {
    let count = data.images.count
    let valid = min(batchSize, count - first)
    var control = Control()
    control.seed = configuration.seed
    control.pass = Evaluator.time
    control.batchOffset = UInt32(first)
    try reset(first)
    func tell(_ steps: Int) -> Bool {
      let share = Double(steps) / Double(configuration.steps)
      return progress((Double(first) + Double(valid) * share) / Double(count))
    }
    let half = (configuration.steps + 1) / 2
    var result = try bounds(control)
    guard try climb(control, 0..<half, tell) else { return nil }
    result += try bounds(control)
    guard try climb(control, half..<configuration.steps, tell) else { return nil }
    return result + (try bounds(control))
  }

  /// Sets the heads to what the encoder says, and the optimizer to its beginning.
  private func reset(_ first: Int) throws {
    let rows = (0..<batchSize).map { (first + $0) % data.images.count }
    let images = rows.map { row in
      data.images.evaluated(
        row,
        model.likelihood.isBinarized ? configuration.binarization : .none,
        seed: configuration.seed)
    }
    let encoding = try generator.encode(
      images, labels: data.images.labels.map { labels in rows.map { labels[$0] } }, seed: nil)
    for (head, values) in zip(table.heads, encoding.heads[0]) {
      let width = head.weight.shape.rows
      var columns = [Float](repeating: 0, count: values.count)
      for image in 0..<batchSize {
        for unit in 0..<width {
          columns[unit * batchSize + image] = values[image * width + unit]
        }
      }
      try memory.upload(columns, to: head.weight)
      try memory.upload([Float](repeating: 0, count: width), to: head.bias)
    }
    try memory.upload(
      (0..<batchSize * batchSize).map { $0 % (batchSize + 1) == 0 ? 1 : 0 }, to: choices)
    try memory.clear(
      table.parameters.flatMap { [$0.counterpart(.firstMoment), $0.counterpart(.secondMoment)] })
  }

  /// Takes some steps; false if asked to stop.
  private func climb(
    _ base: Control, _ steps: Range<Int>, _ tell: (Int) -> Bool
  ) throws(DeviceError) -> Bool {
    var control = base
    let schedule = LearningRate.cosine(rate: configuration.learningRate)
    for step in steps {
      control.step = UInt32(step)
      AdamConvention.usual.apply(
        to: &control, step: step,
        rate: schedule.rate(
          pass: 0, progress: Double(step - steps.lowerBound) / Double(steps.count)),
        optimizer: Adam())
      try climb.run(control)
      // Steps are waited for now and then, so that a user who interrupts is heard.
      if (step + 1) % 20 == 0 || step + 1 == steps.upperBound {
        try climb.finish()
        guard tell(step + 1) else { return false }
      }
    }
    return true
  }

  /// For each image its bound again and again, with noise that no step of the optimizer has seen and
  /// that is the same in every call: image after image.
  private func bounds(_ base: Control) throws(DeviceError) -> [Float] {
    var result = [[Float]](repeating: [], count: batchSize)
    let runs = max(2, configuration.judgingSamples / configuration.samples)
    var control = base
    for run in 0..<runs {
      control.step = UInt32(configuration.steps + run)
      try judge.run(control)
      for (image, bound) in try judge.floats(bounds).enumerated() {
        result[image].append(bound)
      }
    }
    return result.flatMap(\.self)
  }
}

extension StepBuilder {
  /// A step with a table of heads in place of the lowest encoder.
  fileprivate mutating func appendFit(
    _ table: Network, _ choices: Tensor, bounds: Tensor, climbs: Bool
  ) throws(ProgramError) {
    let (images, indices) = try appendBatch()
    let start = program.operations.count
    let heads = try table.append(choices, to: &program)
    try appendLatents(heads: heads, network: start..<program.operations.count, indices)
    try appendDecoder(images)
    let logWeights = try appendWeights().logWeights
    let path = climbs ? Tensor("coefficients.path", logWeights.shape, .temporary) : nil
    try program.append(
      .estimate(
        Estimate(
          logWeights: logWeights, groups: 1, samples: configuration.samples, rule: rule,
          scale: configuration.scale, bounds: bounds, pathCoefficients: path)))
    guard climbs, let optimizer = configuration.optimizer else { return }
    try checkPaths()
    // Without coefficients of the decoder's, and of the layers above, networks only pass on what arrives.
    var walk = try beginBackward(from: logWeights)
    for layer in stride(from: top, to: 0, by: -1) { try appendUpper(layer, &walk) }
    let column = SampleCoefficients(
      path: path, forDecoder: GradientTarget(), forEncoder: GradientTarget())
    coefficients = [column]
    holdsMoves = true
    try appendLowest(column, &walk)
    try program.append(.adam(optimizer))
  }
}
