import Compute

/// Images whose missing values were filled in.
public struct ImputedImages: Sendable {
  /// `(images, D)`: each missing value's mean given the observed ones.
  public var means: [Float] = []
  /// `(draws, images, D)`: copies, each with missing values drawn given the observed ones.
  public var copies: [Float] = []
  /// log p of what is held out of each image given its observed values; nil where nothing is.
  public var heldOut: [Double?] = []
  /// `(images, D)`: the likeliest class of each value that is held out, given the observed ones; NaN
  /// elsewhere. Empty for data that are no classes.
  public var likeliestClasses: [Float] = []
  /// The effective number of samples of each image: (sum w)^2 / sum w^2.
  public var effectiveSampleSizes: [Double] = []
}

/// Fills in missing values by importance sampling (Mattei and Frellsen 2019): with the weights of an
/// image's samples given its observed values, normalised,
///
///     E[x_missing | x_observed]  =  sum over samples of w~ E[x_missing | h]
///
/// and a draw is one of the sample that the weights draw. Samples come in chunks, so that memory does
/// not grow with their number.
public final class Imputer {
  let model: Model
  let parameters: [Tensor: [Float]]
  let images: ImageSet
  private let heldOut: ImageSet?
  let samples: Int
  let draws: Int
  private let chunk: Int
  let batchSize: Int
  let seed: UInt64
  private let data: ResidentSet
  let programs: ImputationPrograms
  let memory: any Memory
  private let encode: any Executable
  private var weigh: [Int: any Executable] = [:]
  private(set) var redraw: [Int: any Executable] = [:]

  /// - Parameters:
  ///   - model: The model.
  ///   - parameters: Its parameters.
  ///   - images: The images, of which missing values are NaN.
  ///   - truth: The same images with known values where some of them are missing.
  ///   - device: Where it runs.
  ///   - samples: Samples of each image.
  ///   - draws: Completed copies; 0 for none.
  ///   - batchSize: Images at a time.
  ///   - chunk: Samples of each image, and draws, at a time.
  ///   - seed: The seed of everything drawn.
  public init(
    _ model: Model, parameters: [Tensor: [Float]], images: ImageSet, truth: ImageSet? = nil,
    device: any Device, samples: Int = 1000, draws: Int = 0, batchSize: Int = 20,
    chunk: Int = 250, seed: UInt64 = 0
  ) throws {
    if draws > 0, !model.likelihood.canDraw {
      throw DescriptionError.noDraw(likelihood: model.likelihood.name)
    }
    (self.model, self.parameters, self.images) = (model, parameters, images)
    (self.samples, self.draws, self.seed) = (samples, draws, seed)
    self.batchSize = min(batchSize, images.count)
    self.chunk = min(chunk, samples)
    heldOut = truth.map { $0.heldOut(of: images) }
    data = try ResidentSet(images, for: model, name: "imputation")
    programs = try ImputationPrograms(
      model, source: data.batchSource(.none), batchSize: self.batchSize,
      chunks: Set(partsOf: samples, by: self.chunk), draws: Set(partsOf: draws, by: self.chunk),
      holdsOut: truth != nil)
    memory = try device.allocate(model.parameters + data.tensors + programs.states)
    for (parameter, values) in parameters where parameter.role == .parameter {
      try memory.upload(values, to: parameter)
    }
    try data.upload(to: memory)
    try device.prepare(programs.all)
    encode = try device.compile(programs.encode, on: memory)
    for (size, chunk) in programs.weigh {
      weigh[size] = try device.compile(chunk.program, on: memory)
    }
    for (size, some) in programs.redraw {
      redraw[size] = try device.compile(some.program, on: memory)
    }
  }

  /// Fills in every image.
  ///
  /// - Parameter progress: Told of the images done; returns whether to go on.
  /// - Returns: Nil if `progress` asked to stop.
  public func impute(progress: (Int) -> Bool = { _ in true }) throws -> ImputedImages? {
    var result = ImputedImages()
    result.copies = (0..<draws).flatMap { _ in (0..<images.count).flatMap { images.pixels(of: $0) }
    }
    for first in stride(from: 0, to: images.count, by: batchSize) {
      let batch = first..<min(first + batchSize, images.count)
      var control = Control()
      control.seed = seed
      control.step = Evaluator.time
      control.pass = Evaluator.time
      control.batchOffset = UInt32(first)
      let logWeights = try weigh(batch, control, &result)
      for start in stride(from: 0, to: draws, by: chunk) {
        try draw(start..<min(start + chunk, draws), of: batch, control, logWeights, &result)
      }
      guard progress(batch.upperBound) else { return nil }
    }
    return result
  }

  /// Weighs the samples of a batch, and keeps the means; returns the log-weights of each image.
  private func weigh(
    _ batch: Range<Int>, _ base: Control, _ result: inout ImputedImages
  ) throws(DeviceError) -> [[Double]] {
    var control = base
    try memory.upload(
      Array(repeating: -Float.infinity, count: batchSize), to: programs.maximum)
    try memory.clear([programs.sum, programs.total] + (programs.slopes.map { [$0] } ?? []))
    if let heldOut {
      let values = (0..<batchSize).flatMap {
        heldOut.pixels(of: (batch.lowerBound + $0) % images.count)
      }
      try memory.upload(values, to: programs.heldOutValues)
    }
    try encode.run(control)
    var logWeights = [[Double]](repeating: [], count: batch.count)
    var heldOutTerms = logWeights
    for offset in stride(from: 0, to: samples, by: chunk) {
      control.sampleOffset = UInt32(offset)
      let width = min(chunk, samples - offset)
      guard let executable = weigh[width], let part = programs.weigh[width] else {
        preconditionFailure("no program weighs \(width) samples at a time")
      }
      try executable.run(control)
      func read(_ tensor: Tensor, into lists: inout [[Double]]) throws(DeviceError) {
        let values = try executable.floats(tensor)
        for image in lists.indices {
          lists[image] += values[image * width..<(image + 1) * width].map(Double.init)
        }
      }
      try read(part.logWeights, into: &logWeights)
      if let tensor = part.heldOut { try read(tensor, into: &heldOutTerms) }
    }
    let (totals, sums) = (try memory.floats(programs.total), try memory.floats(programs.sum))
    if let tensor = programs.slopes {
      result.likeliestClasses += likeliest(batch, slopes: try memory.floats(tensor), over: sums)
    }
    for (row, image) in batch.enumerated() {
      result.means += images.pixels(of: image).enumerated().map { column, pixel in
        pixel.isNaN ? totals[row * images.width + column] / sums[row] : pixel
      }
      let weights = LogWeights(logWeights[row])
      result.effectiveSampleSizes.append(weights.effectiveSampleSize)
      let isHeldOut = heldOut?.pixels(of: image).contains { !$0.isNaN } ?? false
      // log of the weighted mean of p(x_held_out | h).
      result.heldOut.append(
        isHeldOut
          ? LogWeights(zip(logWeights[row], heldOutTerms[row]).map(+)).logMean - weights.logMean
          : nil)
    }
    return logWeights
  }

  /// The likeliest class of each value of a batch that is held out. The mean slope of log p(x) by the
  /// logit of c is (1 if x = c, else 0) minus the probability of c.
  private func likeliest(_ batch: Range<Int>, slopes: [Float], over sums: [Float]) -> [Float] {
    guard let heldOut, let classes = model.likelihood.classes else { return [] }
    return batch.enumerated().flatMap { row, image in
      heldOut.pixels(of: image).enumerated().map { column, value in
        if value.isNaN { return value }
        let first = (row * images.width + column) * classes
        let probabilities = (0..<classes).map {
          (Float($0) == value ? 1 : 0) - slopes[first + $0] / sums[row]
        }
        return Float(probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? 0)
      }
    }
  }
}

extension ImageSet {
  /// These values where another set of the same form has none; elsewhere NaN.
  fileprivate func heldOut(of images: ImageSet) -> ImageSet {
    precondition(count == images.count && width == images.width)
    let values = (0..<count).flatMap { index in
      zip(pixels(of: index), images.pixels(of: index)).map { $1.isNaN ? $0 : .nan }
    }
    return ImageSet(name: name, values: .floats(values), width: width)
  }
}
