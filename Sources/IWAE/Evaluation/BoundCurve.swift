import Compute

/// The mean over images of an estimate, and its standard error over draws of the samples: NaN where
/// there were too few to tell.
public struct BoundMean: Hashable, Sendable {
  public private(set) var mean = 0.0
  public var standardError: Double { squaredErrors.squareRoot() / Double(max(images, 1)) }
  private var squaredErrors = 0.0
  private var images = 0

  public init() {}

  public mutating func add(_ estimate: LogWeights.Estimate) {
    images += 1
    mean += (estimate.mean - mean) / Double(images)
    squaredErrors += estimate.squaredError ?? .nan
  }
}

/// The bounds L_k of some images for many k from one set of samples each, and what they say of the
/// log-likelihood that they approach.
public struct BoundCurve: Sendable {
  /// The bound and its corrections for one k.
  public struct Point: Sendable {
    public let samples: Int
    public internal(set) var bound = BoundMean()
    public internal(set) var jackknife = BoundMean()
  }

  public private(set) var points: [Point]
  /// The value at 1/k = 0 of a line through L_k over 1/k; nil where no k is large.
  public private(set) var extrapolation: BoundMean?
  /// Nil where there are too few samples for the sums to end by themselves.
  public private(set) var sumo: BoundMean?
  public private(set) var effectiveSampleSizes: [Double] = []
  /// The Pareto shape of each image's weights; NaN where it cannot be told.
  public private(set) var paretoShapes: [Double] = []
  private let samples: Int
  private let seed: UInt64

  /// As few samples may be extrapolated.
  private static let leastExtrapolated = 100
  /// The samples that each of SUMO's estimates has at its disposal.
  private static let share = 250

  /// - Parameters:
  ///   - samples: The samples of each image.
  ///   - seed: The seed of SUMO's random numbers.
  public init(samples: Int, seed: UInt64) {
    self.samples = samples
    self.seed = seed
    points = Self.steps(upTo: samples).map { Point(samples: $0) }
    extrapolation = samples >= Self.leastExtrapolated ? BoundMean() : nil
    sumo = samples >= 2 * Self.share ? BoundMean() : nil
  }

  /// 1, 2, 5, 10, 20, 50 and so on, and the last.
  static func steps(upTo last: Int) -> [Int] {
    var steps: [Int] = []
    var decade = 1
    while decade <= last {
      steps += [decade, 2 * decade, 5 * decade].filter { $0 < last }
      decade *= 10
    }
    return steps + [last]
  }

  /// Adds an image.
  public mutating func add(_ logWeights: LogWeights) {
    precondition(logWeights.count == samples)
    for index in points.indices {
      points[index].bound.add(logWeights.bound(points[index].samples))
      points[index].jackknife.add(logWeights.jackknife(points[index].samples))
    }
    extrapolation?.add(logWeights.estimate { Self.extrapolate($0, from: samples / 20) })
    addSUMO(logWeights)
    effectiveSampleSizes.append(logWeights.effectiveSampleSize)
    paretoShapes.append(logWeights.paretoShape ?? .nan)
  }

  private mutating func addSUMO(_ logWeights: LogWeights) {
    let address = NoiseAddress(
      seed: seed, purpose: .resampling, time: Evaluator.time,
      image: UInt32(effectiveSampleSizes.count))
    let uniforms = (0..<max(1, samples / Self.share)).map {
      (Double(address.word(column: $0)) + 0.5) / 4_294_967_296
    }
    sumo?.add(logWeights.sumo(uniforms))
  }

  /// The intercept of the line through L_k over 1/k for the larger k, where what is beyond the order
  /// 1/k is small.
  private static func extrapolate(_ logWeights: LogWeights, from least: Int) -> Double {
    let steps = steps(upTo: logWeights.count).filter { $0 >= least }
    let x = steps.map { 1 / Double($0) }
    let y = steps.map { logWeights.meanBound($0) }
    let count = Double(steps.count)
    let (xMean, yMean) = (x.reduce(0, +) / count, y.reduce(0, +) / count)
    var (products, squares) = (0.0, 0.0)
    for (x, y) in zip(x, y) {
      products += (x - xMean) * (y - yMean)
      squares += (x - xMean) * (x - xMean)
    }
    return yMean - products / squares * xMean
  }
}
