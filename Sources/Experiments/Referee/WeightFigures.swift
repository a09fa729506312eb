import Foundation
import IWAE

/// Numbers that log-weights give, image by image: bounds, and what is taken for them by mistake.
struct WeightFigures: Sendable {
  /// One of them, of groups of k samples, averaged over the groups.
  enum Quantity: Hashable, Sendable {
    /// log((1/k) sum w)
    case bound(Int)
    /// sum w~ log w, with w~ normalised over the group.
    case weighted(Int)

    /// k.
    var size: Int {
      switch self {
      case .bound(let size), .weighted(let size): size
      }
    }
  }

  let quantities: [Quantity]
  /// For each quantity, its value for every image.
  private(set) var values: [Quantity: [Double]] = [:]
  /// For each quantity, the sum over images of its squared error, which is over draws of the samples.
  private var squares: [Quantity: Double] = [:]
  /// The images whose weights vary more than their samples show.
  private(set) var untrustedImages = 0
  private let samples: Int

  /// - Parameter samples: Those of each image; at least two, of which one alone tells no error.
  init(samples: Int) {
    precondition(samples > 1)
    self.samples = samples
    let sizes = Self.sizes(samples)
    quantities = sizes.map(Quantity.bound) + sizes.filter { $0 > 1 }.map(Quantity.weighted)
  }

  /// The numbers of samples whose bounds are compared with claims: those that papers choose.
  static func sizes(_ samples: Int) -> [Int] {
    [1, 5, 10, 50, 64, 100, 500, 1000].filter { $0 < samples } + [samples]
  }

  /// The groups of an image that a mean is over.
  func groups(_ quantity: Quantity) -> Int { samples / quantity.size }

  /// Adds an image.
  mutating func add(_ weights: LogWeights) {
    let mean = weights.logMean
    let logs = weights.relativeToMean
    if weights.paretoShape.map({ $0 > BoundsReport.largestShape }) ?? false { untrustedImages += 1 }
    for quantity in quantities {
      let (value, square) = Self.value(quantity, logs)
      values[quantity, default: []].append(value + mean)
      squares[quantity, default: 0] += square
    }
  }

  /// The value for an image, and its squared error.
  private static func value(_ quantity: Quantity, _ logs: [Double]) -> (Double, Double) {
    let size = quantity.size
    func value(_ range: Range<Int>) -> Double {
      let largest = logs[range].reduce(-.infinity, max)
      guard largest > -.infinity else { return -.infinity }
      var (sum, product) = (0.0, 0.0)
      for log in logs[range] where log > -.infinity {
        let weight = exp(log - largest)
        sum += weight
        product += weight * log
      }
      if case .weighted = quantity { return product / sum }
      return largest + log(sum / Double(range.count))
    }
    let groups = (0..<logs.count / size).map { value($0 * size..<($0 + 1) * size) }
    let mean = groups.reduce(0, +) / Double(groups.count)
    guard groups.count < 2 else {
      return (mean, LogWeights.Estimate(groups).squaredError ?? 0)
    }
    // Of one group, its halves tell.
    let half = logs.count / 2
    let difference = value(0..<half) - value(half..<logs.count)
    return (mean, difference * difference / 4)
  }

  /// The mean over images, and its error over draws of the samples.
  func mean(_ quantity: Quantity) -> (value: Double, error: Double)? {
    guard let values = values[quantity], !values.isEmpty else { return nil }
    let count = Double(values.count)
    return (
      values.reduce(0, +) / count, (squares[quantity] ?? 0).squareRoot() / count
    )
  }

  /// The mean over the last images alone; nil where there are no more, for that is the mean over all.
  func lastMean(_ quantity: Quantity, images: Int) -> (value: Double, error: Double)? {
    guard let values = values[quantity], images < values.count else { return nil }
    let share = Double(images) / Double(values.count)
    let error = ((squares[quantity] ?? 0) * share).squareRoot() / Double(images)
    return (values.suffix(images).reduce(0, +) / Double(images), error)
  }
}
