import Compute

/// How a training step is carried out within a limit of memory: at once, some images at a time, or
/// one image at a time with its samples in chunks. The gradient is the same up to rounding.
public struct StepPlan {
  /// What is taken at a time.
  public enum Division: Hashable, Sendable {
    case whole
    /// So many images, with all of their samples.
    case images(Int)
    /// One image, and so many samples of a group.
    case samples(Int)
    /// All samples forwards, and so many drawn ones of each scope back.
    case drawn(Int)
  }

  public let division: Division
  public let configuration: StepConfiguration
  /// The step, where it is carried out at once.
  public let whole: Step?
  /// What running it takes beside the data and what is uploaded, in bytes.
  public let bytes: Int
  let model: Model
  /// By the number of images.
  let parts: [Int: Step]
  let streaming: StreamingPrograms?
  let drawing: DrawingPrograms?
  /// The optimizer, where it is not part of another program.
  let update: Program?

  /// The plan that takes as much at a time as the limit allows.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - configuration: The step.
  ///   - device: The device, which knows what programs take there.
  ///   - limit: The most bytes for parameters, their moments and everything computed; nil for a
  ///     quarter of the device's memory.
  public init(
    _ model: Model, _ configuration: StepConfiguration, on device: any Device, limit: Int? = nil
  ) throws {
    let limit = limit ?? device.memoryBytes.map { $0 / 4 } ?? Int.max
    var least = Int.max
    for division in Self.divisions(configuration) {
      let plan = try StepPlan(model, configuration, division, device)
      least = min(least, plan.bytes)
      if plan.bytes <= limit {
        self = plan
        return
      }
    }
    throw StepPlanError.tooLittleMemory(limit: limit, least: least, configuration: configuration)
  }

  /// A plan that takes so much at a time.
  public init(
    _ model: Model, _ configuration: StepConfiguration, _ division: Division, _ device: any Device
  ) throws(ProgramError) {
    self.model = model
    self.configuration = configuration
    self.division = division
    var whole: Step?
    var parts: [Int: Step] = [:]
    var streaming: StreamingPrograms?
    var drawing: DrawingPrograms?
    var programs: [Program] = []
    switch division {
    case .whole:
      let step = try Step.build(model, configuration)
      whole = step
      programs = [step.program]
    case .images(let count):
      for size in Self.sizes(configuration.batchSize, by: count) {
        var part = configuration
        (part.batchSize, part.optimizer) = (size, nil)
        part.wholeBatch = configuration.batchSize
        let step = try Step.build(model, part)
        parts[size] = step
        programs.append(step.program)
      }
    case .samples(let count):
      var part = configuration
      (part.batchSize, part.optimizer) = (1, nil)
      part.wholeBatch = configuration.batchSize
      let sizes = Self.sizes(configuration.samples, by: count)
      let programsOfStream = try StreamingPrograms(model, part, chunks: sizes)
      streaming = programsOfStream
      programs = programsOfStream.programs
    case .drawn(let count):
      if let problem = configuration.problem { throw .invalid(operation: "step", problem: problem) }
      let both = try DrawingPrograms(model, configuration, draws: count)
      drawing = both
      programs = [both.weigh, both.step]
    }
    self.whole = whole
    self.parts = parts
    self.streaming = streaming
    self.drawing = drawing
    update = try configuration.optimizer.map { optimizer throws(ProgramError) in
      var builder = ProgramBuilder("update")
      try builder.append(.adam(optimizer))
      return builder.build()
    }
    // Parameters, gradients, two moments and a second copy of the weights.
    let parameters = model.parameters.reduce(0) { $0 + device.bytes(of: $1) }
    let states = streaming?.states ?? drawing?.states ?? []
    bytes =
      5 * parameters + states.reduce(0) { $0 + device.bytes(of: $1) }
      + programs.reduce(0) { $0 + device.workspaceBytes(of: $1) }
  }

  /// What is tried, from the coarsest to the finest.
  private static func divisions(_ configuration: StepConfiguration) -> [Division] {
    if let draws = configuration.backwardSamples { return [.drawn(draws)] }
    var result = [Division.whole]
    for count in halvings(of: configuration.batchSize) { result.append(.images(count)) }
    if configuration.canStream {
      result += [.samples(configuration.samples)]
      for count in halvings(of: configuration.samples) where count >= 16 {
        // Blocks of rows are whole where they can be.
        result.append(.samples(count > 200 ? (count + 99) / 100 * 100 : count))
      }
    }
    return result
  }

  /// A half, a quarter and so on, rounded up, down to 1.
  private static func halvings(of count: Int) -> [Int] {
    var result: [Int] = []
    var parts = 2
    while parts / 2 < count {
      result.append((count + parts - 1) / parts)
      parts *= 2
    }
    return result
  }

  /// The sizes that occur when a count is taken so many at a time.
  private static func sizes(_ count: Int, by size: Int) -> Set<Int> {
    Set([min(size, count), count % min(size, count)]).subtracting([0])
  }

  /// All programs of a step.
  var programs: [Program] {
    [whole?.program, drawing?.weigh, drawing?.step].compactMap(\.self) + parts.values.map(\.program)
      + (streaming?.programs ?? [])
      + (whole == nil && drawing == nil ? [update].compactMap(\.self) : [])
  }

  /// The states that the memory must hold for the step, beside those of the caller.
  public var states: [Tensor] { streaming?.states ?? drawing?.states ?? [] }

  /// The operations of the matrix products of one step.
  public var productOperations: Double {
    if let whole { return whole.program.productOperations }
    if let drawing { return drawing.weigh.productOperations + drawing.step.productOperations }
    let batch = configuration.batchSize
    if let streaming, case .samples(let count) = division {
      let chunk = streaming.chunks[min(count, configuration.samples)]?.productOperations ?? 0
      let rest = streaming.chunks[configuration.samples % count]?.productOperations ?? 0
      let group = Double(configuration.samples / count) * chunk + rest
      let ends = streaming.begin.productOperations + streaming.endImage.productOperations
      return Double(batch) * (Double(configuration.groups) * group + ends)
    }
    guard case .images(let count) = division else { return 0 }
    let part = parts[count]?.program.productOperations ?? 0
    return Double(batch / count) * part + (parts[batch % count]?.program.productOperations ?? 0)
  }

  public var description: String {
    switch division {
    case .whole: "the whole batch at once"
    case .images(let count): "\(count) images at a time"
    case .samples(let count): "one image at a time, \(count) samples at a time"
    case .drawn(let count): "all samples forwards, \(count) drawn ones backwards"
    }
  }
}

extension StepConfiguration {
  /// Whether samples can stream: their coefficients are data, and the noise is addressed.
  var canStream: Bool {
    let rule = objective.rule(groups: groups, samples: samples, estimator: estimator)
    return rule.leaveOneOut == 0 && !noiseIsGiven && source != .uploaded
  }
}

/// Why a step cannot be carried out.
public enum StepPlanError: Error, Sendable, CustomStringConvertible {
  case tooLittleMemory(limit: Int, least: Int, configuration: StepConfiguration)

  public var description: String {
    switch self {
    case .tooLittleMemory(let limit, let least, let configuration):
      let hint =
        configuration.backwardSamples != nil
        ? " Samples that are drawn are weighed at once; use fewer samples, or walk all backwards."
        : configuration.canStream
          ? "" : " This objective needs all samples of an image at once; use fewer."
      return
        "A step within \(limit >> 20) MiB was asked for, but it needs at least "
        + "\((least + (1 << 20) - 1) >> 20) MiB.\(hint)"
    }
  }
}
