import Compute

/// The log-weights of one image's annealing, which enclose its log p(x).
public struct AnnealedImage: Sendable {
  /// From the starting Gaussian to the posterior: the log of their mean is below log p(x) on average.
  public var forward: LogWeights
  /// From an exact sample of the posterior back; nil where there is none. Minus the log of their mean
  /// is above log p(x) on average.
  public var reverse: LogWeights?
  /// The share of transitions that were accepted, both ways; nil with a single temperature, which
  /// needs none.
  public var acceptance: Double?

  public var lower: Double { forward.logMean }
  /// Above log p(x) on average. Chains start together, so that only other images tell its error.
  public var upper: Double? { reverse.map { -$0.logMean } }
}

/// Annealed importance sampling (Neal 2001; Wu et al. 2017), and its reverse on data simulated from
/// the model (Grosse et al. 2015).
///
/// Chains start from a Gaussian near their image's posterior, and walk there. That Gaussian, temperatures
/// and step sizes are found image by image in runs of their own, whose results are thrown away:
/// afterwards they stand still, so that transitions leave their densities as they are, and all that is
/// counted shares them.
public final class Annealer {
  let configuration: AnnealingConfiguration
  let data: ResidentSet
  let programs: AnnealingPrograms
  let memory: any Memory
  private let executables: [KeyPath<AnnealingPrograms, Program>: any Executable]
  let batchSize: Int
  private let ranks: any Ranks
  /// What says the Gaussians that the first chains start from, those that find the others' start.
  let generator: Generator
  let binarization: Binarization

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
    binarization = model.likelihood.isBinarized ? configuration.binarization : .none
    generator = Generator(model, parameters: parameters, device: device)
    programs = try AnnealingPrograms(
      model, source: data.batchSource(binarization), batchSize: batchSize,
      chains: configuration.chains)
    memory = try device.allocate(model.parameters + data.tensors + programs.states)
    for (parameter, values) in parameters where parameter.role == .parameter {
      try memory.upload(values, to: parameter)
    }
    try data.upload(to: memory)
    try device.prepare(programs.all)
    var executables: [KeyPath<AnnealingPrograms, Program>: any Executable] = [:]
    for path in AnnealingPrograms.all {
      executables[path] = try device.compile(programs[keyPath: path], on: memory)
    }
    self.executables = executables
  }

  func run(_ program: KeyPath<AnnealingPrograms, Program>, _ control: Control) throws {
    try executables[program]?.run(control)
  }

  /// Whole passes through the temperatures, of which tuning is one; times start anew with each.
  enum Pass: UInt32 {
    case tuning, forward, reverse
  }

  /// Anneals every image, with each of the numbers of temperatures. Batches are divided over the
  /// device's ranks, which all get the results.
  ///
  /// - Parameters:
  ///   - posterior: For each layer, `(images, latent)`: an exact sample of each image's posterior,
  ///     where there is one.
  ///   - progress: Told of the share that is done; returns whether to go on.
  /// - Returns: For each number of temperatures, the images; nil if `progress` asked to stop.
  public func anneal(
    posterior: [[Float]]? = nil, progress: (Double) -> Bool = { _ in true }
  ) throws -> [[AnnealedImage]]? {
    var results: [[AnnealedImage]] = configuration.temperatures.map { _ in [] }
    let count = data.images.count
    let walks = posterior == nil ? 1 : 2
    let isDone = try ranks.divide((count + batchSize - 1) / batchSize) { batch in
      try anneal(from: batch * batchSize, posterior, progress)
    } take: { batch, values in
      let valid = min(batchSize, count - batch * batchSize)
      // For each walk, the weights of each image's chains and its accepted transitions.
      let width = configuration.chains + 1
      for (run, temperatures) in configuration.temperatures.enumerated() {
        for image in 0..<valid {
          let parts = (0..<walks).map { walk -> [Double] in
            let start = ((run * walks + walk) * batchSize + image) * width
            return values[start..<start + width].map(Double.init)
          }
          let accepted = parts.reduce(0) { $0 + $1[configuration.chains] }
          let weights = parts.map { LogWeights(Array($0.dropLast())) }
          let transitions = Double(walks * (temperatures - 1) * configuration.chains)
          results[run].append(
            AnnealedImage(
              forward: weights[0], reverse: walks > 1 ? weights[1] : nil,
              acceptance: transitions > 0 ? accepted / transitions : nil))
        }
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
    let walks: [Pass] = posterior == nil ? [.forward] : [.forward, .reverse]
    let work = Double(configuration.transitions(walks: walks.count))
    var done = 0
    func tell() -> Bool {
      done += 1
      return progress((Double(first) + Double(valid) * min(Double(done) / work, 1)) / Double(count))
    }
    let rows = rows((first..<first + valid).map(\.self))
    let control = try load(rows)
    guard let plans = try tune(rows, control, tell) else { return nil }
    var result: [Float] = []
    for temperatures in configuration.temperatures {
      for walk in walks {
        if walk == .reverse, let posterior { try place(posterior, rows) }
        guard let found = try anneal(walk, control, plans, temperatures, tell) else { return nil }
        result += found
      }
    }
    return result
  }

  /// Finds the temperatures and step sizes of some images, at most a batch of them; nil if asked to stop.
  func plans(of images: [Int], while goesOn: () -> Bool) throws -> [AnnealingPlan]? {
    let rows = rows(images)
    return try tune(rows, load(rows), goesOn).map { Array($0.prefix(images.count)) }
  }

  /// Anneals some images, at most a batch of them, as planned.
  ///
  /// - Parameter first: The number of the first chain: others have other noise.
  /// - Returns: For each image, its chains' log-weights; nil if asked to stop.
  func anneal(
    _ images: [Int], _ plans: [AnnealingPlan], temperatures: Int, from first: Int,
    while goesOn: () -> Bool
  ) throws -> [[Double]]? {
    var control = try load(rows(images))
    control.sampleOffset = UInt32(first)
    let all = (0..<batchSize).map { plans[$0 % plans.count] }
    let width = configuration.chains + 1
    return try anneal(.forward, control, all, temperatures, goesOn).map { values in
      images.indices.map { index in
        values[index * width..<(index + 1) * width].dropLast().map(Double.init)
      }
    }
  }
}
