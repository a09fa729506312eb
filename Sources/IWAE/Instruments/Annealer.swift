import Compute

/// The log-weights of one image's annealing, which enclose its log p(x).
public struct AnnealedImage: Sendable {
  /// From the prior to the posterior: the log of their mean is below log p(x) on average.
  public var forward: LogWeights
  /// From an exact sample of the posterior back to the prior; nil where there is none. Minus the log
  /// of their mean is above log p(x) on average.
  public var reverse: LogWeights?
  /// The share of transitions that were accepted, both ways; nil with a single temperature, which
  /// needs none.
  public var acceptance: Double?

  public var lower: Double { forward.logMean }
  /// Chains start together, so that only other images tell its error.
  public var upper: Double? { reverse.map { -$0.logMean } }
}

/// Annealed importance sampling (Neal 2001; Wu et al. 2017), and its reverse on data simulated from
/// the model (Grosse et al. 2015).
///
/// Step sizes are tuned image by image and temperature by temperature in runs of their own, whose
/// results are thrown away: afterwards they stand still, so that transitions leave their densities as
/// they are, and both directions share them.
public final class Annealer {
  private let configuration: AnnealingConfiguration
  private let data: ResidentSet
  private let programs: AnnealingPrograms
  private let memory: any Memory
  private let load: any Executable
  private let start: any Executable
  private let begin: any Executable
  private let leap: any Executable
  private let end: any Executable
  private let weigh: any Executable
  private let batchSize: Int
  private let ranks: any Ranks
  /// Draws from the prior where no formula does.
  private let generator: Generator?

  public init(
    _ model: Model, parameters: [Tensor: [Float]], images: ImageSet,
    _ configuration: AnnealingConfiguration, device: any Device
  ) throws {
    if let obstacle = model.obstacleToPath {
      throw ProgramError.invalid(
        operation: "annealing",
        problem: "latents move along the gradient of their density, but \(obstacle).")
    }
    self.configuration = configuration
    ranks = device.ranks
    data = try ResidentSet(images, for: model, name: "annealing")
    batchSize = min(configuration.batchSize, images.count)
    generator =
      model.prior.sample == nil ? Generator(model, parameters: parameters, device: device) : nil
    let binarization = model.likelihood.isBinarized ? configuration.binarization : .none
    programs = try AnnealingPrograms(
      model, source: data.batchSource(binarization), batchSize: batchSize,
      chains: configuration.chains)
    memory = try device.allocate(model.parameters + data.tensors + programs.states)
    for (parameter, values) in parameters where parameter.role == .parameter {
      try memory.upload(values, to: parameter)
    }
    try data.upload(to: memory)
    try device.prepare(programs.all)
    load = try device.compile(programs.load, on: memory)
    start = try device.compile(programs.start, on: memory)
    begin = try device.compile(programs.begin, on: memory)
    leap = try device.compile(programs.leap, on: memory)
    end = try device.compile(programs.end, on: memory)
    weigh = try device.compile(programs.weigh, on: memory)
  }

  /// Whole passes through the temperatures, of which tuning is one; times start anew with each.
  private enum Pass: UInt32 {
    case tuning, forward, reverse
  }

  /// Anneals every image. Batches are divided over the device's ranks, which all get the results.
  ///
  /// - Parameters:
  ///   - posterior: For each layer, `(images, latent)`: an exact sample of each image's posterior,
  ///     where there is one.
  ///   - progress: Told of the share that is done; returns whether to go on.
  /// - Returns: Nil if `progress` asked to stop.
  public func anneal(
    posterior: [[Float]]? = nil, progress: (Double) -> Bool = { _ in true }
  ) throws -> [AnnealedImage]? {
    var results: [AnnealedImage] = []
    let count = data.images.count
    let walks = posterior == nil ? 1 : 2
    let transitions = Double(walks * (configuration.temperatures - 1))
    let isDone = try ranks.divide((count + batchSize - 1) / batchSize) { batch in
      try anneal(from: batch * batchSize, posterior, progress)
    } take: { batch, values in
      let valid = min(batchSize, count - batch * batchSize)
      // For each walk, the weights of each image's chains and its accepted transitions.
      let width = configuration.chains + 1
      for image in 0..<valid {
        let parts = (0..<walks).map { walk -> [Double] in
          let start = (walk * batchSize + image) * width
          return values[start..<start + width].map(Double.init)
        }
        let accepted = parts.reduce(0) { $0 + $1[configuration.chains] }
        let weights = parts.map { LogWeights(Array($0.dropLast())) }
        results.append(
          AnnealedImage(
            forward: weights[0], reverse: walks > 1 ? weights[1] : nil,
            acceptance: transitions > 0 ? accepted / transitions : nil))
      }
      return true
    }
    return isDone ? results : nil
  }

  /// What the walks of a batch came to, one after the other; nil if `progress` asked to stop.
  private func anneal(
    from first: Int, _ posterior: [[Float]]?, _ progress: (Double) -> Bool
  ) throws -> [Float]? {
    let count = data.images.count
    let valid = min(batchSize, count - first)
    let work = configuration.transitions(walks: posterior == nil ? 1 : 2)
    var done = 0
    func tell(_ transitions: Int) -> Bool {
      let share = Double(done + transitions) / Double(work)
      return progress((Double(first) + Double(valid) * share) / Double(count))
    }
    var control = Control()
    control.seed = configuration.seed
    control.pass = Evaluator.time
    control.batchOffset = UInt32(first)
    try load.run(control)
    guard let stepSizes = try tune(control, tell) else { return nil }
    done = configuration.transitions(walks: 0)
    guard let forward = try run(.forward, control, stepSizes, tell) else { return nil }
    done = configuration.transitions(walks: 1)
    guard let posterior else { return forward }
    try place(posterior, first)
    return try run(.reverse, control, stepSizes, tell).map { forward + $0 }
  }

  /// Draws every chain's position from the prior.
  private func draw(_ control: Control) throws {
    if let generator, let top = programs.tensors.layers.last {
      let addresses = (0..<batchSize * configuration.chains).map { row in
        NoiseAddress(
          seed: control.seed, purpose: .latent(layer: top.index), time: control.step,
          image: control.batchOffset + UInt32(row / configuration.chains),
          sample: UInt32(row % configuration.chains))
      }
      try memory.upload(try generator.priorDraws(addresses), to: top.position)
    }
    try start.run(control)
  }

  /// Puts every chain of an image at the image's sample of the posterior.
  private func place(_ posterior: [[Float]], _ first: Int) throws(DeviceError) {
    for (layer, values) in zip(programs.tensors.layers, posterior) {
      let width = layer.position.shape.columns
      var positions: [Float] = []
      for row in 0..<batchSize {
        // A batch that is not full wraps around, as its images do.
        let image = (first + row) % data.images.count
        for _ in 0..<configuration.chains {
          positions += values[image * width..<(image + 1) * width]
        }
      }
      try memory.upload(positions, to: layer.position)
    }
  }

  /// The control record of a transition at a temperature.
  private func control(
    _ base: Control, _ pass: Pass, _ step: Int, temperature: Double
  ) -> Control {
    var result = base
    // Far above all steps of training, and below the time of evaluation.
    result.step = Evaluator.time - 1 - (pass.rawValue << 26) - UInt32(step)
    result.klWeight = Float(1 / temperature)
    result.densityScale = Float(temperature)
    return result
  }

  /// A transition from where `begin` stands.
  private func move(_ control: Control) throws(DeviceError) {
    for _ in 0..<configuration.leapfrogSteps { try leap.run(control) }
    try end.run(control)
  }

  /// For each image, the mean of a value over its chains.
  private func means(_ tensor: Tensor) throws(DeviceError) -> [Double] {
    let values = try memory.floats(tensor)
    let chains = configuration.chains
    return (0..<batchSize).map { image in
      values[image * chains..<(image + 1) * chains].reduce(0) { $0 + Double($1) } / Double(chains)
    }
  }

  /// Finds the step sizes of each temperature, for each image; nil if asked to stop.
  private func tune(_ base: Control, _ tell: (Int) -> Bool) throws -> [[Float]]? {
    var logSteps = [Double](repeating: naturalLogarithm(0.1), count: batchSize)
    var result: [[Float]] = []
    let last = configuration.temperatures
    let repetitions = configuration.tuningRepetitions
    try draw(control(base, .tuning, 0, temperature: 1))
    for step in 1..<last {
      // The first temperature gets the steps from nowhere to where they belong.
      let count = step == 1 ? max(repetitions, 20) : repetitions
      for repetition in 0..<count {
        let number = 1 + (step - 1) * repetitions + (step == 1 ? 0 : 20) + repetition
        let control = control(
          base, .tuning, number, temperature: configuration.temperature(step))
        try memory.upload(logSteps.map { Float(exponential($0)) }, to: programs.tensors.stepSizes)
        try begin.run(control)
        try move(control)
        for (image, share) in try means(programs.tensors.accepted).enumerated() {
          logSteps[image] += 0.4 * (share - configuration.acceptance)
        }
      }
      result.append(logSteps.map { Float(exponential($0)) })
      guard tell(step * repetitions) else { return nil }
    }
    return result
  }

  /// Walks all temperatures in one direction.
  ///
  /// - Returns: For each image the log-weights of its chains, and its shares of accepted transitions,
  ///   summed over temperatures; nil if asked to stop.
  private func run(
    _ pass: Pass, _ base: Control, _ stepSizes: [[Float]], _ tell: (Int) -> Bool
  ) throws -> [Float]? {
    let last = configuration.temperatures
    let tensors = programs.tensors
    try memory.clear([tensors.logWeights])
    var accepted = [Double](repeating: 0, count: batchSize)
    if pass == .forward { try draw(control(base, pass, 0, temperature: 1)) }
    for number in 1...last {
      // Forwards, the weight of the step to a temperature comes before the transition there; on the
      // way back, the weight of the step from it.
      let step = pass == .forward ? number : last + 1 - number
      let below = configuration.temperature(step - 1)
      let here = configuration.temperature(step)
      let target = pass == .forward ? step : step - 1
      let moves = target > 0 && target < last
      let control = control(
        base, pass, number, temperature: moves ? configuration.temperature(target) : 1)
      if moves { try memory.upload(stepSizes[target - 1], to: tensors.stepSizes) }
      try begin.run(control)
      var change = control
      change.klWeight = Float(pass == .forward ? here - below : below - here)
      try weigh.run(change)
      if moves {
        try move(control)
        for (image, share) in try means(tensors.accepted).enumerated() { accepted[image] += share }
      }
      guard tell(number) else { return nil }
    }
    let values = try memory.floats(tensors.logWeights)
    let chains = configuration.chains
    return (0..<batchSize).flatMap { image in
      values[image * chains..<(image + 1) * chains] + [Float(accepted[image])]
    }
  }
}
