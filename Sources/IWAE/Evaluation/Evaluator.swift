import Compute

/// The result of an evaluation.
public struct Evaluation: Sendable {
  /// log p(x) of each image, estimated by the log of the mean weight of its samples.
  public var imageLogLikelihoods: [Double]
  /// The effective number of samples of each image: (sum w)^2 / sum w^2.
  public var effectiveSampleSizes: [Double]
  /// log p(x|h), averaged over samples and images.
  public var reconstruction: Double
  /// The variance of that mean over draws, of one sample of each image; nil where nothing tells it.
  public var reconstructionVariance: Double?
  /// log q(h|x) - log p(h), averaged over samples and images.
  public var divergence: Double
  /// For each layer, the variance over images of each unit's posterior mean.
  public var unitVariances: [[Double]]

  /// A unit is active if its posterior mean varies by more than this over images (Burda et al.).
  public static let activityThreshold = 0.01

  public var logLikelihood: Double { mean(imageLogLikelihoods) }

  /// The negative log-likelihood, as the papers report it.
  public var nll: Double { -logLikelihood }

  /// The standard error of the mean over images; nil for one image, which says nothing of it.
  public var standardError: Double? {
    LogWeights.Estimate(imageLogLikelihoods).squaredError?.squareRoot()
  }

  public var effectiveSampleSize: Double { mean(effectiveSampleSizes) }

  /// The number of active units of each layer.
  public var activeUnits: [Int] {
    unitVariances.map { $0.count { $0 > Self.activityThreshold } }
  }

  private func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(max(values.count, 1))
  }
}

/// Estimates log-likelihoods by importance sampling, in chunks of samples, so that memory does not
/// grow with their number. Noise is addressed by image and sample: any chunk size draws the same.
public final class Evaluator {
  private let model: Model
  private let needs: Needs
  private let memory: any Memory
  private let ranks: any Ranks
  private let encode: any Executable
  /// By the number of samples.
  private var weigh: [Int: any Executable] = [:]
  private let seed: UInt64

  /// The step that evaluation's noise has for its time; training never reaches it.
  static let time = UInt32.max

  /// The images, programs and sizes of an evaluation.
  struct Needs {
    let data: ResidentSet
    let programs: EvaluationPrograms
    let batchSize: Int
    let chunk: Int
    let samples: Int

    var tensors: [Tensor] { data.tensors + programs.states }

    init(
      _ model: Model, images: ImageSet, name: String, samples: Int, binarization: Binarization,
      batchSize: Int, chunk: Int
    ) throws(ProgramError) {
      guard min(images.count, samples, batchSize, chunk) >= 1 else {
        throw .invalid(
          operation: "evaluation",
          problem: "expected at least an image and a sample of it, and as much at a time, found "
            + "\(images.count) images, \(samples) samples, \(batchSize) and \(chunk) at a time.")
      }
      data = try ResidentSet(images, for: model, name: name)
      self.batchSize = min(batchSize, images.count)
      self.chunk = min(chunk, samples)
      self.samples = samples
      programs = try EvaluationPrograms(
        model, source: data.batchSource(binarization), batchSize: self.batchSize,
        chunks: Set(partsOf: samples, by: self.chunk))
    }
  }

  init(
    _ model: Model, _ needs: Needs, on memory: any Memory, device: any Device, seed: UInt64
  ) throws(DeviceError) {
    self.model = model
    self.memory = memory
    ranks = device.ranks
    self.seed = seed
    self.needs = needs
    try device.prepare(needs.programs.all)
    encode = try device.compile(needs.programs.encode, on: memory)
    for (samples, chunk) in needs.programs.weigh {
      weigh[samples] = try device.compile(chunk.program, on: memory)
    }
    try needs.data.upload(to: memory)
  }

  /// Prepares the evaluation of a model on images, fewer of them at a time than a batch has where ranks would
  /// have nothing to do: results are the same.
  public convenience init(
    _ model: Model, parameters: [Tensor: [Float]], images: ImageSet, device: any Device,
    samples: Int = 5000, binarization: Binarization = .sample, batchSize: Int = 20,
    chunk: Int = 250, seed: UInt64 = 0
  ) throws {
    let share = (images.count + device.ranks.count - 1) / device.ranks.count
    let needs = try Needs(
      model, images: images, name: "evaluation", samples: samples,
      binarization: model.likelihood.isBinarized ? binarization : .none,
      batchSize: min(batchSize, max(share, 1)), chunk: chunk)
    let memory = try device.allocate(model.parameters + needs.tensors)
    for (parameter, values) in parameters { try memory.upload(values, to: parameter) }
    try self.init(model, needs, on: memory, device: device, seed: seed)
  }

  /// The operations of the matrix products of one evaluation.
  public var productOperations: Double {
    let batches = Double((needs.data.images.count + needs.batchSize - 1) / needs.batchSize)
    func operations(_ chunk: Int) -> Double { weigh[chunk]?.program.productOperations ?? 0 }
    let chunks = Double(needs.samples / needs.chunk)
    return batches
      * (encode.program.productOperations + chunks * operations(needs.chunk)
        + operations(needs.samples % needs.chunk))
  }

  /// Evaluates every image. Batches are divided over the device's ranks, which all get the result.
  ///
  /// - Parameters:
  ///   - progress: Told of the images done; returns whether to go on.
  ///   - observe: Given the log-weights of each image, in the order of the images.
  /// - Returns: Nil if `progress` asked to stop.
  public func evaluate(
    progress: (Int) -> Bool = { _ in true }, observe: ((LogWeights) -> Void)? = nil
  ) throws -> Evaluation? {
    var sums = EvaluationSums(layers: model.encoder.map(\.latent))
    let count = needs.data.images.count
    func valid(_ batch: Int) -> Int { min(needs.batchSize, count - batch * needs.batchSize) }
    var done = 0
    let isDone = try ranks.divide((count + needs.batchSize - 1) / needs.batchSize) { batch in
      try evaluateBatch(
        batch * needs.batchSize, valid(batch), keepsWeights: observe != nil,
        goesOn: { progress(done) })
    } take: { batch, values in
      add(BatchValues(values, images: valid(batch)), to: &sums, observe)
      done += valid(batch)
      return progress(done)
    }
    return isDone ? sums.evaluation : nil
  }

  /// - Parameters:
  ///   - first: The first image.
  ///   - valid: Images that count.
  ///   - keepsWeights: True to keep the weight of every sample.
  ///   - goesOn: Asked now and then.
  /// - Returns: What `add` takes; nil if it was asked to stop.
  private func evaluateBatch(
    _ first: Int, _ valid: Int, keepsWeights: Bool, goesOn: () -> Bool
  ) throws(DeviceError) -> [Float]? {
    let (programs, samples) = (needs.programs, needs.samples)
    var control = Control()
    control.seed = seed
    control.step = Self.time
    control.pass = Self.time
    control.batchOffset = UInt32(first)
    try memory.upload(
      Array(repeating: -Float.infinity, count: needs.batchSize), to: programs.maximum)
    try memory.clear(
      [programs.sum, programs.squares, programs.likelihoods, programs.logWeights]
        + programs.upperMeans)
    try encode.run(control)
    var pace = Pace()
    var kept = [[Float]](repeating: [], count: keepsWeights ? valid : 0)
    var spread = SampleSpread(images: kept.count)
    for offset in stride(from: 0, to: samples, by: needs.chunk) {
      control.sampleOffset = UInt32(offset)
      let width = min(needs.chunk, samples - offset)
      guard let executable = weigh[width], let chunk = programs.weigh[width] else { continue }
      try executable.run(control)
      let isDue = try pace.isDue { () throws(DeviceError) in try executable.finish() }
      if isDue, offset + width < samples, !goesOn() { return nil }
      if kept.isEmpty { continue }
      let values = try executable.floats(chunk.logWeights)
      for image in 0..<valid { kept[image] += values[image * width..<(image + 1) * width] }
      spread.add(try memory.floats(programs.likelihoods), width)
    }
    var result: [Float] = []
    for tensor in [
      programs.maximum, programs.sum, programs.squares, programs.likelihoods, programs.logWeights,
      programs.lowestMean,
    ] + programs.upperMeans {
      result += try memory.floats(tensor).prefix(valid * tensor.shape.columns)
    }
    return result + spread.variances + kept.joined()
  }

  private func add(
    _ batch: BatchValues, to sums: inout EvaluationSums, _ observe: ((LogWeights) -> Void)?
  ) {
    var batch = batch
    let images = 0..<batch.images
    let samples = Double(needs.samples)
    let (maximum, sum, squares) = (batch.next(), batch.next(), batch.next())
    let (likelihoods, logWeights) = (batch.next(), batch.next())
    for (layer, latent) in model.encoder.map(\.latent).enumerated() {
      // The lowest layer's means are those of an image; others are summed over its samples.
      sums.add(means: batch.next(latent).map { layer == 0 ? $0 : $0 / samples }, layer: layer)
    }
    for image in images {
      sums.add(
        maximum: maximum[image], sum: sum[image], squares: squares[image],
        likelihood: likelihoods[image], logWeight: logWeights[image], samples: samples)
    }
    guard let observe else { return }
    sums.add(variances: batch.next())
    for _ in images { observe(LogWeights(batch.next(of: needs.samples))) }
  }
}
