import Compute

/// The programs of a training step within a limit of memory: of all of it, of some images at a time,
/// or of one image at a time with its samples in chunks. The gradient is the same up to rounding.
public struct StepPrograms {
  /// The part of a batch that is taken at a time.
  public enum Division: Hashable, Sendable {
    case whole
    /// So many images, with all of their samples.
    case images(Int)
    /// One image, and so many samples of a group.
    case samples(Int)
    /// All samples forwards, and so many drawn ones of each scope back.
    case drawn(Int)

    /// True if a step consists of many parts, between which it may be left.
    var isOfParts: Bool {
      switch self {
      case .images, .samples: true
      case .whole, .drawn: false
      }
    }
  }

  /// A program, by what it does.
  enum Part: Hashable {
    /// So many images, with all of their samples.
    case images(Int)
    /// An image of a stream, so many samples of it, and what follows those of a group and of all.
    case begin
    case samples(Int)
    case endGroup, endImage
    /// All samples forwards, and drawn ones back.
    case weigh, walk
    /// The optimizer, where it is not part of another program.
    case update
  }

  public let division: Division
  public let configuration: StepConfiguration
  /// The step, where it is carried out at once.
  public let whole: Step?
  /// The memory that running it takes, in bytes, beside the data and what is uploaded.
  public let bytes: Int
  /// The states that the memory must hold for the step, beside those of the caller.
  public let states: [Tensor]
  let model: Model
  let parts: [Part: Program]
  let streaming: StreamingPrograms?

  /// The most operations of matrix products that a part does, where a step can be divided: far more than
  /// it takes to keep a device busy, and done in a second by a slow one, so that somebody who wants to
  /// stop is heard.
  static let mostOperations = 0x1p35

  /// The programs that take as much at a time as the limit and `mostOperations` allow.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - configuration: The step.
  ///   - device: The device that they are to run on.
  ///   - limit: The most bytes for parameters, their moments and everything computed; nil for a
  ///     quarter of the device's memory.
  public init(
    _ model: Model, _ configuration: StepConfiguration, on device: any Device, limit: Int? = nil
  ) throws {
    let most = limit ?? device.memoryBytes / 4
    var least = Int.max
    var best: StepPrograms?
    for division in Self.divisions(configuration) {
      let programs = try StepPrograms(model, configuration, division, device)
      least = min(least, programs.bytes)
      guard programs.bytes <= most else { continue }
      best = programs
      if programs.areShort { break }
    }
    if let best {
      self = best
      return
    }
    throw StepMemoryError.tooLittleMemory(
      limit: most, isAsked: limit != nil, least: least, configuration: configuration)
  }

  /// The programs that take so much at a time.
  public init(
    _ model: Model, _ configuration: StepConfiguration, _ division: Division, _ device: any Device
  ) throws(ProgramError) {
    if let problem = model.problem { throw .invalid(operation: "model", problem: problem) }
    self.model = model
    self.configuration = configuration
    self.division = division
    var whole: Step?
    var streaming: StreamingPrograms?
    var parts: [Part: Program] = [:]
    switch division {
    case .whole:
      let step = try Step.build(model, configuration)
      whole = step
      parts[.images(configuration.batchSize)] = step.program
    case .images(let count):
      for size in Set(partsOf: configuration.batchSize, by: count) {
        parts[.images(size)] = try Step.build(model, configuration.part(of: size)).program
      }
      parts[.update] = try configuration.update(of: model)
    case .samples(let count):
      let sizes = Set(partsOf: configuration.samples, by: count)
      let stream = try StreamingPrograms(
        model, configuration.part(of: 1), chunks: sizes)
      (streaming, parts) = (stream, stream.programs)
      parts[.update] = try configuration.update(of: model)
    case .drawn(let count):
      if let problem = configuration.problem { throw .invalid(operation: "step", problem: problem) }
      parts = try drawingPrograms(model, configuration, draws: count)
    }
    (self.whole, self.streaming, self.parts) = (whole, streaming, parts)
    states = parts.values.tensors([.state, .accumulator])
      .filter { $0 != configuration.boundTotal }
    // Parameters, gradients, two moments, a second copy of the weights, and averages.
    bytes =
      (configuration.optimizer?.averageDecay == nil ? 5 : 6)
      * model.parameters.reduce(0) { $0 + device.bytes(of: $1) }
      + states.reduce(0) { $0 + device.bytes(of: $1) }
      + parts.values.reduce(0) { $0 + device.workspaceBytes(of: $1) }
  }

  /// The divisions to try, from the coarsest to the finest.
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

  /// True if no part takes so long that nobody is heard meanwhile.
  var areShort: Bool {
    parts.values.allSatisfy { $0.productOperations <= Self.mostOperations }
  }

  /// The operations of the matrix products of one step.
  public var productOperations: Double {
    let (batch, samples) = (configuration.batchSize, configuration.samples)
    let groups = batch * configuration.groups
    let times: [Part: Int] =
      switch division {
      case .whole: [.images(batch): 1]
      case .images(let count): [.images(count): batch / count, .images(batch % count): 1]
      case .samples(let count):
        [
          .begin: batch, .samples(count): groups * (samples / count),
          .samples(samples % count): groups, .endImage: batch,
        ]
      case .drawn: [.weigh: 1, .walk: 1]
      }
    return times.reduce(0) { $0 + Double($1.value) * (parts[$1.key]?.productOperations ?? 0) }
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

extension Sequence<Program> {
  /// The tensors with some roles, each once.
  func tensors(_ roles: [Role]) -> [Tensor] {
    var result: [Tensor] = []
    for tensor in flatMap(\.tensors)
    where roles.contains(tensor.role) && !result.contains(tensor) { result.append(tensor) }
    return result
  }
}

extension StepConfiguration {
  /// True if samples can stream: their coefficients are data, and the noise is addressed.
  var canStream: Bool {
    let rule = rule
    return !rule.needsEverySample && difference == nil && !noiseIsGiven && !source.isUploaded
  }
}

/// A limit of memory that no division of a step keeps.
public enum StepMemoryError: Error, Sendable, CustomStringConvertible {
  case tooLittleMemory(limit: Int, isAsked: Bool, least: Int, configuration: StepConfiguration)

  public var description: String {
    switch self {
    case .tooLittleMemory(let limit, let isAsked, let least, let configuration):
      let hint =
        configuration.backwardSamples != nil
        ? " Samples that are drawn are weighed at once; use fewer samples, or walk all backwards."
        : configuration.canStream
          ? ""
          : " This \(configuration.difference == nil ? "objective" : "estimator") needs all samples of an "
            + "image at once; use fewer."
      let needs = "needs at least \(DeviceError.megabytes(least, isLeast: true))"
      return isAsked
        ? "A step within \(DeviceError.megabytes(limit)) was asked for, but it \(needs).\(hint)"
        : "A step may take a quarter of what the device gives a process, "
          + "\(DeviceError.megabytes(limit)), but it \(needs). Give '--memory', where the command takes "
          + "it, if it may take more, or make the model smaller.\(hint)"
    }
  }
}
