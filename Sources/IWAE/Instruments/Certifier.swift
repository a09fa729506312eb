import Compute

/// Finds log p(x) of images to an error, with samples where they are needed.
///
/// Each image begins with samples of the encoder, and gets twice as many until its error is met. Where
/// their weights do not tell an error, or where they would be too many, it is annealed: with twice as many
/// temperatures, and where those help little, as where chains keep to a mode each, with twice as many
/// chains. Images are certified a block at a time, so that what is known of former blocks can be kept and
/// gone on from.
public final class Certifier {
  public struct Settings: Hashable, Sendable {
    /// Half of the width of the interval that the mean of log p(x) is to have.
    public var width: Double
    /// The encoder's samples that each image begins with, and gets at most.
    public var samples = 500
    public var mostSamples = 32_000
    public var chains = 16
    public var leapfrogs = 10
    /// The temperatures that annealing begins with, and the most transitions of all of an image's chains.
    public var temperatures = 32
    public var mostTransitions = 1 << 18
    public var binarization = Binarization.none
    public var seed: UInt64 = 0

    public init(width: Double) { self.width = width }
  }

  /// The images that are certified together, and those that are annealed together.
  public static let block = 100
  private static let batch = 50
  /// The error of an image that ends its search at the latest, so that what is neglected of its bias is
  /// small, and the largest that it may turn out to have.
  private static let (usualError, largestError) = (0.2, 0.5)
  /// The share of the error asked for that ends a search: what counts is done again, and says another one.
  static let aim = 0.8
  /// The deviations of a normal distribution that hold 95% of it.
  public static let deviations = 1.959964

  private let settings: Settings
  private let count: Int
  private let sampler: WeightSampler
  /// Nil of a model whose latents do not move. Made when it is needed.
  private var annealer: Annealer?
  private let makeAnnealer: (() throws -> Annealer)?

  public init(
    _ model: Model, parameters: [Tensor: [Float]], images: ImageSet, _ settings: Settings,
    device: any Device
  ) throws {
    self.settings = settings
    count = images.count
    sampler = try WeightSampler(
      model, parameters: parameters, images: images, binarization: settings.binarization,
      seed: settings.seed, device: device)
    let configuration = AnnealingConfiguration(
      chains: settings.chains, leapfrogSteps: settings.leapfrogs, batchSize: Self.batch,
      binarization: settings.binarization, seed: settings.seed)
    makeAnnealer =
      model.obstacleToPath == nil
      ? {
        try Annealer(
          model, parameters: parameters, images: images, configuration, device: device)
      } : nil
  }

  /// The error that ends the search for an image's estimate: with it, the mean over all is known better
  /// than was asked for.
  private var target: Double {
    min(
      Self.aim * settings.width / Self.deviations * Double(count).squareRoot(), Self.usualError)
  }

  /// Certifies images, block after block.
  ///
  /// - Parameters:
  ///   - known: What is known of the first images.
  ///   - mayGoOn: Asked before more than the first samples is spent on a block, and before each step after
  ///     that, with the number of images before it; false where time is up, and what is known has to do.
  ///   - progress: Told of the images done and what is under way; returns whether to go on.
  ///   - keep: Given the results of a block.
  /// - Returns: The images that are known; all but where `progress` asked to stop.
  public func certify(
    known: [CertifiedImage] = [], mayGoOn: (Int) -> Bool = { _ in true },
    progress: (Int, String) -> Bool = { _, _ in true },
    keep: ([CertifiedImage]) throws -> Void = { _ in }
  ) throws -> [CertifiedImage] {
    var result = known
    while result.count < count {
      let block = Array(result.count..<min(result.count + Self.block, count))
      let done = result.count
      var isStopped = false
      func goesOn(_ text: String) -> Bool {
        if !progress(done, text) { isStopped = true }
        return !isStopped
      }
      var ended: Set<Int> = []
      let found = try certify(block, &ended, mayGoOn: { mayGoOn(done) }, goesOn: goesOn)
      // Of a block that was stopped, its first images as long as their search had ended: one of which no
      // error is known would leave that of the mean unknown. Where there are none, what little is known.
      let keepsEnded = isStopped && (done > 0 || ended.contains(block[0]))
      let known = block.prefix { found[$0] != nil && (!keepsEnded || ended.contains($0)) }
      result += known.compactMap { found[$0] }
      if isStopped { return result }
      try keep(result)
    }
    return result
  }

  /// Certifies the images of a block: all, but where it was asked to stop. Those whose search had ended by
  /// then, with an error that can be believed, are `ended`.
  private func certify(
    _ images: [Int], _ ended: inout Set<Int>, mayGoOn: () -> Bool, goesOn: (String) -> Bool
  ) throws -> [Int: CertifiedImage] {
    var found: [Int: CertifiedImage] = [:]
    func isOpen(_ image: Int) -> Bool { found[image].map { !endsSearch($0) } ?? true }
    let isSampled = try sample(images, &found, mayGoOn, goesOn)
    let open = images.filter(isOpen)
    ended = Set(images).subtracting(open)
    guard isSampled else { return found }
    guard !open.isEmpty, let makeAnnealer else { return found }
    guard mayGoOn() else {
      for image in open { found[image]?.isCutShort = true }
      return found
    }
    let annealer = try self.annealer ?? makeAnnealer()
    self.annealer = annealer
    var efforts: [Int: AnnealingEffort] = [:]
    for batch in open.divided(by: Self.batch) {
      guard let plans = try annealer.plans(of: batch, while: { goesOn("tuning") }) else {
        return found
      }
      for (image, plan) in zip(batch, plans) {
        efforts[image] = AnnealingEffort(plan: plan, temperatures: settings.temperatures)
      }
    }
    var left = open
    while !left.isEmpty {
      for batch in batches(left, efforts) {
        guard try anneal(batch, &efforts, with: annealer, goesOn) else { return found }
        for image in batch {
          guard let effort = efforts[image] else { continue }
          let result = CertifiedImage(
            LogWeights(effort.weights), temperatures: effort.temperatures,
            shape: found[image]?.shape)
          found[image] = result
          if effort.isConfirmed, result.hasError { ended.insert(image) }
        }
      }
      left = left.filter { efforts[$0]?.isConfirmed == false }
      let isTime = mayGoOn()
      for image in left {
        guard isTime || !isOpen(image) else {
          found[image]?.isCutShort = true
          if found[image]?.hasError == true { ended.insert(image) }
          efforts[image] = nil
          continue
        }
        let isDone =
          !isOpen(image)
          || efforts[image]?.enlarge(
            found[image]?.error, chains: settings.chains, most: settings.mostTransitions) == false
        if isDone { efforts[image]?.confirm(chains: settings.chains) }
      }
      left = left.filter { efforts[$0] != nil }
    }
    return found
  }

  /// Images whose annealing goes on alike, at most so many together.
  private func batches(_ images: [Int], _ efforts: [Int: AnnealingEffort]) -> [[Int]] {
    func key(_ image: Int) -> [Int] {
      efforts[image].map { [$0.temperatures, $0.weights.count, $0.confirms ? $0.runs : 0] } ?? []
    }
    let groups = Dictionary(grouping: images, by: key)
    return groups.keys.sorted { $0.lexicographicallyPrecedes($1) }
      .flatMap { (groups[$0] ?? []).divided(by: Self.batch) }
  }

  /// The runs of a batch that come next; false if asked to stop.
  private func anneal(
    _ images: [Int], _ efforts: inout [Int: AnnealingEffort], with annealer: Annealer,
    _ goesOn: (String) -> Bool
  ) throws -> Bool {
    let plans = images.compactMap { efforts[$0]?.plan }
    guard let first = efforts[images[0]] else { return true }
    let text = "\(first.temperatures) temperatures of \(images.count) images"
    let before = first.weights.count + (first.confirms ? AnnealingEffort.confirming : 0)
    for run in 0..<first.runs {
      let chain = before + run * settings.chains
      guard
        let weights = try annealer.anneal(
          images, plans, temperatures: first.temperatures, from: chain, while: { goesOn(text) })
      else { return false }
      for (image, more) in zip(images, weights) { efforts[image]?.weights += more }
    }
    for image in images { efforts[image]?.runs = 1 }
    return true
  }

  /// Finds what samples of the encoder say of each image; false if asked to stop.
  private func sample(
    _ images: [Int], _ found: inout [Int: CertifiedImage], _ mayGoOn: () -> Bool,
    _ goesOn: (String) -> Bool
  ) throws -> Bool {
    var weights: [Int: [Double]] = [:]
    var left = images
    var samples = 0..<settings.samples.rounded(to: WeightSampler.chunk)
    repeat {
      for batch in left.divided(by: WeightSampler.batchSize) {
        let text = "\(samples.upperBound) samples of \(left.count) images"
        guard
          let more = try sampler.weights(of: batch, samples: samples, while: { goesOn(text) })
        else { return false }
        for (image, more) in zip(batch, more) {
          weights[image, default: []] += more
          let all = LogWeights(weights[image] ?? more)
          found[image] = CertifiedImage(all, shape: all.paretoShape)
        }
      }
      left = left.filter { image in found[image].map(mayMeet) ?? false }
      samples = samples.upperBound..<2 * samples.upperBound
    } while !left.isEmpty && samples.upperBound <= settings.mostSamples && mayGoOn()
    return true
  }

  /// True if what is known of an image will do: its bias is as small as is allowed for. Which of them are
  /// known better or worse does not matter to the mean.
  public func isMet(_ image: CertifiedImage) -> Bool {
    image.hasError && image.error.map { $0 <= Self.largestError } ?? false
  }

  private func endsSearch(_ image: CertifiedImage) -> Bool {
    image.hasError && image.error.map { $0 <= target } ?? false
  }

  /// True if more samples of the encoder would meet an image's error, as far as it can be told. Those of
  /// a model that cannot be annealed are all that there is.
  private func mayMeet(_ image: CertifiedImage) -> Bool {
    guard !endsSearch(image) else { return false }
    guard makeAnnealer != nil else { return true }
    guard image.hasError, let error = image.error else { return false }
    let needed = Double(image.samples) * (error / target) * (error / target)
    return needed <= Double(settings.mostSamples)
  }
}

extension Array {
  /// The elements in their order, so many at a time.
  fileprivate func divided(by size: Int) -> [[Element]] {
    stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
  }
}

extension Int {
  /// The least multiple of a number that is no less.
  fileprivate func rounded(to multiple: Int) -> Int { (self + multiple - 1) / multiple * multiple }
}
