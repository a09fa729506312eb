/// A rectangle in the plane of two latents, divided into cells.
///
/// Cells are numbered as pixels are, row by row from the top: the first latent goes to the right, the
/// second upwards.
public struct LatentWindow {
  /// Cells along each side.
  public static let side = 96

  /// The ends in each latent.
  public var low: [Double]
  public var high: [Double]

  public init(low: [Double], high: [Double]) {
    (self.low, self.high) = (low, high)
  }

  /// So many standard deviations around a mean.
  init(mean: [Double], sigma: [Double], reach: Double) {
    low = zip(mean, sigma).map { $0 - reach * $1 }
    high = zip(mean, sigma).map { $0 + reach * $1 }
  }

  public var center: [Double] { zip(low, high).map { ($0 + $1) / 2 } }
  public var width: [Double] { zip(low, high).map { $1 - $0 } }
  public var cellSize: [Double] { width.map { $0 / Double(Self.side) } }
  public var cellArea: Double { cellSize[0] * cellSize[1] }

  /// The middles of the cells along a latent, upwards.
  public func middles(_ latent: Int) -> [Double] {
    (0..<Self.side).map { low[latent] + (Double($0) + 0.5) * cellSize[latent] }
  }

  /// A value for each cell, of the places along the first and the second latent.
  public static func cells<Value>(_ value: (Int, Int) -> Value) -> [Value] {
    (0..<side * side).map { value($0 % side, side - 1 - $0 / side) }
  }

  /// The middle of each cell.
  public var points: [[Float]] {
    let (first, second) = (middles(0), middles(1))
    return Self.cells { [Float(first[$0]), Float(second[$1])] }
  }

  /// The cell that holds a point; nil outside.
  public func cell(of point: some Sequence<Float>) -> Int? {
    let shares = zip(point, zip(low, high)).map { (Double($0) - $1.0) / ($1.1 - $1.0) }
    // Before whole numbers are made of them: a sample may lie anywhere.
    guard shares.allSatisfy({ (0..<1).contains($0) }) else { return nil }
    let places = shares.map { min(Int($0 * Double(Self.side)), Self.side - 1) }
    return (Self.side - 1 - places[1]) * Self.side + places[0]
  }

  /// Reaches further, to hold another window as far as its own width allows.
  func widened(toHold other: LatentWindow) -> LatentWindow {
    LatentWindow(
      low: low.indices.map { max(min(low[$0], other.low[$0]), low[$0] - width[$0]) },
      high: high.indices.map { min(max(high[$0], other.high[$0]), high[$0] + width[$0]) })
  }

  /// The smallest window with every cell whose log-density comes near the largest of all; nil where
  /// none is finite.
  ///
  /// - Parameters:
  ///   - grids: Windows, with the log-density at each of their points.
  ///   - depth: The distance below the largest within which a log-density counts as near.
  static func holding(_ grids: [(window: LatentWindow, densities: [Double])], depth: Double)
    -> LatentWindow?
  {
    let peak = grids.lazy.flatMap(\.densities).reduce(-.infinity, max)
    guard peak.isFinite else { return nil }
    var result = LatentWindow(low: [.infinity, .infinity], high: [-.infinity, -.infinity])
    for (window, densities) in grids {
      for (point, density) in zip(window.points, densities) where density >= peak - depth {
        for (latent, value) in point.enumerated() {
          // What Float cannot tell apart needs no window of its own.
          let margin = max(window.cellSize[latent], 1e-4 * max(1, abs(Double(value))))
          result.low[latent] = min(result.low[latent], Double(value) - margin)
          result.high[latent] = max(result.high[latent], Double(value) + margin)
        }
      }
    }
    return result
  }
}
