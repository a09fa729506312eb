import Compute

/// Trains a model on a device, batch after batch, with everything resident there.
public final class Trainer {
  public let model: Model
  public let configuration: TrainingConfiguration
  public internal(set) var progress: TrainingProgress
  /// Images that a batch holds.
  public let batchSize: Int
  /// The batches of a pass. What is left over at its end is another set of images each pass.
  public let batchesPerPass: Int
  let device: any Device
  let memory: any Memory
  let data: ResidentSet
  /// The programs of a step, and the part of a batch that each takes.
  public let programs: StepPrograms
  let runner: StepRunner
  /// Makes steps of batches that are divided into leaves; nil for others.
  let leafRunner: LeafRunner?
  private let evaluator: Evaluator?
  /// The memory that holds what is validated: averages of parameters need a place of their own.
  let validated: any Memory
  private let audit: Audit?
  /// Of the estimator that learns while it trains.
  var mix: EstimatorMix?
  let total: Tensor
  /// The bounds of the steps since the total was last read, and whether a rank wants to stop, where
  /// batches are divided into leaves: all ranks know the same.
  var leafTotal = 0.0
  var stopIsAgreed = false
  /// The batches whose bounds the device adds up before the host takes their sum: as many whenever
  /// somebody looks, so that a bound has the same bits.
  private static let block = 64
  /// True if a block ends with the step that was made last.
  var endsBlock: Bool { progress.batch % Self.block == 0 || progress.batch == batchesPerPass }
  /// Told of each block of batches: the step that ends it, and the mean of its bounds.
  public var observeBlock: ((_ step: Int, _ bound: Double) -> Void)?
  /// The updates made since the total was last read.
  var pending = 0
  /// A state that was good.
  var snapshot: [Tensor: [Float]]
  var snapshotProgress: TrainingProgress
  var uploadedPass: Int?
  /// The point at which the pass under way may have to begin again.
  var origin: PassOrigin?

  /// - Parameters:
  ///   - model: The model.
  ///   - configuration: The settings that it is trained with.
  ///   - images: The images to train on.
  ///   - validation: Images to choose the best parameters by.
  ///   - device: The device to train on.
  ///   - state: Parameters and moments to start from; nil for fresh ones.
  ///   - initial: Parameters that fresh ones make way for.
  ///   - progress: The position from which the run goes on.
  ///   - origin: The beginning of the pass that it stands in, which may have to begin again; nil for
  ///     `progress` itself.
  ///   - reference: The device that audits compare with; without it there are none.
  ///   - foretell: Told, before anything is allocated, of steps that take long or much memory.
  public init(
    _ model: Model, _ configuration: TrainingConfiguration, images: ImageSet,
    validation: ImageSet? = nil, device: any Device, state: [Tensor: [Float]]? = nil,
    initial: [Tensor: [Float]] = [:],
    progress: TrainingProgress = TrainingProgress(), origin: PassOrigin? = nil,
    reference: (any Device)? = nil, foretell: (StepForecast) throws -> Void = { _ in }
  ) throws {
    self.model = model
    self.configuration = configuration
    self.device = device
    (self.progress, self.origin) = (progress, origin)
    let rule = configuration.objective.rule(
      groups: configuration.groups, samples: configuration.samples,
      estimator: configuration.estimator.row)
    if let obstacle = configuration.klWeight.obstacle(
      to: rule, passes: configuration.passes)
    {
      throw TrainingError.wrongWeight(objective: configuration.objective.name, obstacle: obstacle)
    }
    if configuration.schedule.needsValidation, validation == nil {
      throw TrainingError.noValidation
    }
    if let obstacle = configuration.obstacleToHolding(model) {
      throw TrainingError.cannotHold(obstacle: obstacle)
    }
    if let obstacle = configuration.obstacleToLearning {
      throw TrainingError.cannotLearn(obstacle: obstacle)
    }
    let batchSize = min(configuration.batchSize, images.count)
    let leaves = configuration.leaves
    try LeafRunner.check(leaves: leaves, batchSize: batchSize, ranks: device.ranks)
    batchesPerPass = Self.batchesPerPass(images: images.count, batchSize: batchSize)
    let data = try ResidentSet(images, for: model, name: "training")
    self.data = data
    let total = Tensor("training.bound", .vector(1), .state)
    self.total = total
    let binarization = model.likelihood.isBinarized ? configuration.binarization : .none
    let step = configuration.step(
      batchSize: batchSize, source: data.batchSource(binarization), boundTotal: total)
    self.batchSize = batchSize
    let leafPrograms =
      leaves == 1
      ? nil
      : try LeafPrograms(
        model, step, leaves: leaves, on: device, limit: configuration.memoryLimit)
    programs =
      try leafPrograms?.largest
      ?? StepPrograms(model, step, on: device, limit: configuration.memoryLimit)
    let forecast = StepForecast(
      programs, leaves: leafPrograms, beside: data.tensors, on: device)
    if let forecast { try foretell(forecast) }
    let needs = try validation.map { images throws(ProgramError) in
      try Evaluator.Needs(
        model, images: images, name: "validation", samples: configuration.validationSamples,
        binarization: binarization, batchSize: 20, chunk: 250)
    }
    let auditing = try (configuration.auditInterval > 0 ? reference : nil).map {
      try Audit.Needs(model, configuration, data, binarization, reference: $0)
    }
    let isApart = needs != nil && configuration.keepsAverages
    let memory = try device.allocate(
      model.parameters + data.tensors + [total] + (leafPrograms?.states ?? programs.states)
        + (isApart ? [] : needs?.tensors ?? []))
    self.memory = memory
    let validated =
      isApart ? try device.allocate(model.parameters + (needs?.tensors ?? [])) : memory
    self.validated = validated
    try device.prepare(
      (leafPrograms?.programs.values.flatMap { $0.parts.values } ?? Array(programs.parts.values))
        + (needs?.programs.all ?? [])
        + (auditing.map { [$0.resident.program] } ?? []))
    leafRunner = try leafPrograms.map {
      try LeafRunner($0, leafSize: batchSize / leaves, on: memory, device: device)
    }
    runner = try leafRunner?.largest ?? StepRunner(programs, on: memory, device: device)
    evaluator = try needs.map { needs throws(DeviceError) in
      try Evaluator(model, needs, on: validated, device: device, seed: configuration.seed)
    }
    audit = try auditing.map { needs throws(DeviceError) in
      try Audit(needs, on: memory, device: device)
    }
    try data.upload(to: memory)
    let start = state ?? Self.freshState(model, configuration, images, initial)
    mix = configuration.estimator == .auto ? EstimatorMix(of: model.encoderParameters) : nil
    snapshot = start
    snapshotProgress = progress
    try upload(start)
    try setBoundTotal(progress.openBound ?? 0)
  }

  /// Parameters, moments, averages and what the estimator learnt, as they stand.
  public func state() throws(DeviceError) -> [Tensor: [Float]] {
    var state = mix?.state ?? [:]
    for tensor in model.parameters + configuration.companions(of: model)
    where tensor.role != .state {
      state[tensor] = try memory.floats(tensor)
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
    try beginPass()
    stopIsAgreed = false
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
    // What one rank wants is agreed on with all others, at the end of each step.
    func goesOnForAll() -> Bool { leafRunner == nil ? goesOn() : !stopIsAgreed }
    while true {
      while progress.batch < batchesPerPass {
        let control = control(for: progress)
        guard try makeStep(control, while: goesOn) else {
          try setBoundTotal(progress.openBound ?? 0)
          return nil
        }
        pending += 1
        progress.batch += 1
        progress.step += 1
        // The queue is asynchronous: wait now and then, so that time and Ctrl-C mean something.
        let isBlock = endsBlock
        let isDue = try pace.isDue { () throws(DeviceError) in try runner.finish() }
        if isBlock || isInParts || leafRunner != nil || isDue && clock.now >= next {
          guard let found = try readBound(closing: isBlock) else { continue }
          mean = found
          // A pass whose steps are all made is finished, whoever asks to stop.
          guard progress.batch == batchesPerPass || goesOnForAll() else {
            try settle()
            return nil
          }
        }
        if let audit, progress.step % configuration.auditInterval == 0 {
          try audit.look(at: control, after: progress.step, order: order(ofPass: progress.pass))
        }
      }
      guard progress.boundCount > 0 else {
        throw TrainingError.tooManySkipped(step: progress.step, count: skippedInPass)
      }
      guard let evaluator else { return report(nil) }
      if configuration.keepsAverages { try uploadAverages() }
      // What is stopped here is validated when it goes on: all of its batches are made.
      guard let validation = try evaluator.evaluate(progress: { _ in goesOn() }) else { return nil }
      if validation.logLikelihood.isFinite { return report(validation) }
      guard configuration.onNaN == .lowerRate else {
        throw TrainingError.notANumber(step: progress.step, operation: "validation")
      }
      try beginAgain()
    }
  }
}

extension [Tensor: [Float]] {
  /// True if every number is finite.
  public var isFinite: Bool { values.allSatisfy { $0.allSatisfy(\.isFinite) } }

  /// The parameters that are validated and tested: the averages, where there are any.
  public var tested: [Tensor: [Float]] {
    let averages = filter { $0.key.role == .average }
    guard !averages.isEmpty else { return filter { $0.key.role == .parameter } }
    return Dictionary(
      uniqueKeysWithValues: averages.map { ($0.key.counterpart(.parameter), $0.value) })
  }
}
