import Compute

/// Trains a model on a device, batch after batch, with everything resident there.
public final class Trainer {
  public let model: Model
  public let configuration: TrainingConfiguration
  public internal(set) var progress: TrainingProgress
  /// The batches of a pass. What is left over at its end is another set of images each pass.
  public let batchesPerPass: Int
  let device: any Device
  let memory: any Memory
  private let data: ResidentSet
  /// The programs of a step, and the part of a batch that each takes.
  public let programs: StepPrograms
  let runner: StepRunner
  private let evaluator: Evaluator?
  let total: Tensor
  /// The batches whose bounds the device adds up before the host takes their sum: as many whenever
  /// somebody looks, so that a bound has the same bits.
  private static let block = 64
  /// The updates made since the total was last read.
  private(set) var pending = 0
  /// A state that was good.
  var snapshot: [Tensor: [Float]]
  var snapshotProgress: TrainingProgress
  private(set) var uploadedPass: Int?

  /// - Parameters:
  ///   - model: The model.
  ///   - configuration: The settings that it is trained with.
  ///   - images: The images to train on.
  ///   - validation: Images to choose the best parameters by.
  ///   - device: The device to train on.
  ///   - state: Parameters and moments to start from; nil for fresh ones.
  ///   - progress: The position from which the run goes on.
  public init(
    _ model: Model, _ configuration: TrainingConfiguration, images: ImageSet,
    validation: ImageSet? = nil, device: any Device, state: [Tensor: [Float]]? = nil,
    progress: TrainingProgress = TrainingProgress()
  ) throws {
    self.model = model
    self.configuration = configuration
    self.device = device
    self.progress = progress
    let rule = configuration.objective.rule(
      groups: configuration.groups, samples: configuration.samples,
      estimator: configuration.estimator)
    if let obstacle = configuration.klWeight.obstacle(
      to: rule, passes: configuration.passes)
    {
      throw TrainingError.wrongWeight(objective: configuration.objective.name, obstacle: obstacle)
    }
    let batchSize = min(configuration.batchSize, images.count)
    batchesPerPass = Self.batchesPerPass(images: images.count, batchSize: batchSize)
    data = try ResidentSet(images, for: model, name: "training")
    total = Tensor("training.bound", .vector(1), .state)
    let binarization = model.likelihood.isBinarized ? configuration.binarization : .none
    programs = try StepPrograms(
      model,
      configuration.step(
        batchSize: batchSize, source: data.batchSource(binarization), boundTotal: total),
      on: device, limit: configuration.memoryLimit)
    let needs = try validation.map { images throws(ProgramError) in
      try Evaluator.Needs(
        model, images: images, name: "validation", samples: configuration.validationSamples,
        binarization: binarization, batchSize: 20, chunk: 250)
    }
    let memory = try device.allocate(
      model.parameters + data.tensors + [total] + programs.states + (needs?.tensors ?? []))
    self.memory = memory
    try device.prepare(programs.parts.values + (needs?.programs.all ?? []))
    runner = try StepRunner(programs, on: memory, device: device)
    evaluator = try needs.map { needs throws(DeviceError) in
      try Evaluator(model, needs, on: memory, device: device, seed: configuration.seed)
    }
    try data.upload(to: memory)
    let start =
      state
      ?? Self.freshState(model, configuration, images)
    for (tensor, values) in start { try memory.upload(values, to: tensor) }
    if let open = progress.openBound { try memory.upload([Float(open)], to: total) }
    snapshot = start
    snapshotProgress = progress
  }

  private static func freshState(
    _ model: Model, _ configuration: TrainingConfiguration, _ images: ImageSet
  ) -> [Tensor: [Float]] {
    // A prior of more has images that come again, which start apart.
    let count =
      configuration.priorStart == .images ? min(model.prior.imageCount, images.count) : 0
    let examples = (0..<count).map { images.pixels(of: $0 * images.count / count) }
    var state = model.initialParameters(
      seed: configuration.seed, mean: images.mean,
      frequencies: model.likelihood.classes.map { images.frequencies(ofClasses: $0) },
      images: examples)
    for parameter in model.parameters {
      let count = parameter.shape.count
      state[parameter.counterpart(.firstMoment)] = Array(repeating: 0, count: count)
      state[parameter.counterpart(.secondMoment)] = Array(
        repeating: configuration.convention.initialSecondMoment, count: count)
    }
    return state
  }

  /// Parameters and moments as they stand.
  public func state() throws(DeviceError) -> [Tensor: [Float]] {
    var state: [Tensor: [Float]] = [:]
    for parameter in model.parameters {
      for tensor in [
        parameter, parameter.counterpart(.firstMoment), parameter.counterpart(.secondMoment),
      ] {
        state[tensor] = try memory.floats(tensor)
      }
    }
    return state
  }

  /// The updates that a run can have, for each of which noise has addresses of its own.
  public static let mostSteps = Int(Evaluator.time)

  /// The batches of a pass over so many images.
  public static func batchesPerPass(images: Int, batchSize: Int) -> Int {
    max(1, images / min(batchSize, images))
  }

  public var isDone: Bool { progress.pass >= configuration.passes }

  /// Images that a batch holds.
  public var batchSize: Int { programs.configuration.batchSize }

  /// Trains until the end of the pass.
  ///
  /// - Parameters:
  ///   - interval: The time between two calls of the monitor.
  ///   - monitor: Told now and then of the mean bound of the last steps; returns whether to go on.
  ///     Training stops between two updates, and can be resumed there.
  /// - Returns: The report of the pass, or nil if the monitor asked to stop.
  public func finishPass(
    every interval: Duration = .milliseconds(500), monitor: (Double) -> Bool = { _ in true }
  ) throws -> PassReport? {
    if uploadedPass != progress.pass { try uploadOrder() }
    let clock = ContinuousClock()
    var next = clock.now + interval
    var pace = Pace()
    var mean = Double.nan
    // Steps in parts take long, and may be left between two: nothing is pending then.
    let isInParts = programs.division.isOfParts
    func goesOn() -> Bool {
      guard clock.now >= next else { return true }
      next = clock.now + interval
      return monitor(mean)
    }
    while progress.batch < batchesPerPass {
      let control = control(for: progress)
      guard try runner.run(control, while: goesOn) else {
        try memory.upload([Float(progress.openBound ?? 0)], to: total)
        return nil
      }
      pending += 1
      progress.batch += 1
      progress.step += 1
      // The queue is asynchronous: wait now and then, so that time and Ctrl-C mean something.
      let isBlock = progress.batch % Self.block == 0 || progress.batch == batchesPerPass
      let isDue = try pace.isDue { () throws(DeviceError) in try runner.finish() }
      if isBlock || isInParts || isDue && clock.now >= next {
        mean = try readBound(closing: isBlock)
        // A pass whose steps are all made is finished, whoever asks to stop.
        guard progress.batch == batchesPerPass || goesOn() else { return nil }
      }
    }
    // What is stopped here is validated when it goes on: all of its batches are made.
    let validation = try evaluator?.evaluate { _ in goesOn() }?.logLikelihood
    if evaluator != nil && validation == nil { return nil }
    return try report(validation: validation)
  }

  private func report(validation: Double?) throws -> PassReport {
    let bound = progress.boundSum / Double(max(progress.boundCount, 1))
    let rate = learningRate(batch: batchesPerPass - 1)
    (progress.boundSum, progress.boundCount) = (0, 0)
    progress.pass += 1
    progress.batch = 0
    var isBest = false
    if let validation {
      guard validation.isFinite else {
        throw TrainingError.notANumber(step: progress.step, operation: "validation")
      }
      isBest = progress.bestValidation.map { validation > $0 } ?? true
      progress.bestValidation = isBest ? validation : progress.bestValidation
      progress.passesSinceBest = isBest ? 0 : progress.passesSinceBest + 1
      progress.bestStep = isBest ? progress.step : progress.bestStep
    }
    return PassReport(
      progress: progress, bound: bound, learningRate: rate, validation: validation, isBest: isBest)
  }

  private func learningRate(batch: Int) -> Double {
    let done =
      (Double(progress.pass) + Double(batch) / Double(batchesPerPass))
      / Double(max(configuration.passes, 1))
    return configuration.schedule.rate(pass: progress.pass, progress: done)
  }

  func control(for progress: TrainingProgress) -> Control {
    var control = Control()
    control.seed = configuration.seed
    control.step = UInt32(progress.step)
    control.pass = UInt32(progress.pass)
    control.batchOffset = UInt32(progress.batch * batchSize)
    control.klWeight = Float(
      configuration.klWeight.value(
        after: Double(progress.pass) + Double(progress.batch) / Double(batchesPerPass)))
    configuration.convention.apply(
      to: &control, step: progress.step, rate: learningRate(batch: progress.batch),
      optimizer: Adam(configuration.convention))
    return control
  }

  /// Each pass has an order of its own, which its number determines, where images are shuffled.
  func uploadOrder() throws(DeviceError) {
    guard configuration.shuffles else { return }
    let address = NoiseAddress(
      seed: configuration.seed, purpose: .shuffling, time: UInt32(progress.pass))
    try memory.upload(.words(address.permutation(data.images.count)), to: data.order)
    uploadedPass = progress.pass
  }

  /// Waits for the steps so far, and returns the mean bound of those since the last time.
  private func readBound(closing isBlock: Bool) throws -> Double {
    let sum = Double(try memory.floats(total)[0])
    guard sum.isFinite else {
      throw try diagnose()
    }
    let found = (sum - (progress.openBound ?? 0)) / Double(max(pending, 1))
    pending = 0
    progress.openBound = sum
    if isBlock {
      try memory.upload([0], to: total)
      progress.boundSum += sum
      progress.boundCount = progress.batch
      progress.openBound = nil
    }
    return found
  }
}
