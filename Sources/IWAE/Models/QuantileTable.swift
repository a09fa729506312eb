import Compute
import Foundation

/// The cumulative distribution of a density on the real line, tabulated.
///
/// With z = center + scale tan(pi (t - 1/2)), the line is the interval (0, 1) of t, on which even a
/// Cauchy density is bounded. Its integral over each of many equal cells is the value at the middle
/// times the width.
struct QuantileTable {
  private static let cells = 1 << 14
  /// The tangent at the middle of each cell.
  private static let tangents = (0..<cells).map { tangent(Double($0) + 0.5) }

  private let center: Double
  private let scale: Double
  /// The integral up to each cell's end, 0 first.
  private let cumulative: [Double]

  /// The integral over the whole line.
  var integral: Double { cumulative[Self.cells] }

  /// Nil if the formula gives no finite positive density.
  init?(logDensity: Formula, parameters: [String: Double]) {
    let density = LineDensity(logDensity, parameters)
    guard let peak = density.peak() else { return nil }
    var table = QuantileTable(density, center: peak.place, scale: density.halfWidth(at: peak))
    // The quartiles say better than one peak where the mass is.
    for _ in 0..<2 {
      let (lower, upper) = (table.quantile(0.25), table.quantile(0.75))
      let scale = (upper - lower) / 2
      guard table.integral > 0, table.integral.isFinite, scale.isNormal else { break }
      table = QuantileTable(density, center: table.quantile(0.5), scale: scale)
    }
    guard table.integral > 0, table.integral.isFinite else { return nil }
    self = table
  }

  private init(_ density: LineDensity, center: Double, scale: Double) {
    (self.center, self.scale) = (center, scale)
    let logarithms = density.logarithms(at: Self.tangents.map { center + scale * $0 })
    let width = Double.pi * scale / Double(Self.cells)
    var (cumulative, sum) = ([0.0], 0.0)
    for (tangent, logarithm) in zip(Self.tangents, logarithms) {
      // dz/dt = pi scale (1 + tan^2)
      sum += width * (1 + tangent * tangent) * exp(logarithm)
      cumulative.append(sum)
    }
    self.cumulative = cumulative
  }

  /// The value below which lies the given part of the integral.
  func quantile(_ part: Double) -> Double {
    let target = part * integral
    // The first cell that ends above the target.
    var (low, high) = (0, Self.cells - 1)
    while low < high {
      let middle = (low + high) / 2
      if cumulative[middle + 1] > target { high = middle } else { low = middle + 1 }
    }
    let mass = cumulative[low + 1] - cumulative[low]
    let inside = mass > 0 ? min(max((target - cumulative[low]) / mass, 0), 1) : 0.5
    return center + scale * Self.tangent(Double(low) + inside)
  }

  /// tan(pi (t - 1/2)), with t counted in cells.
  private static func tangent(_ position: Double) -> Double {
    tan(.pi * (position / Double(cells) - 0.5))
  }
}

/// A density on the real line whose whereabouts are to be found.
private struct LineDensity {
  struct Peak {
    var place: Double
    var logarithm: Double
  }

  private let steps: FormulaSteps
  private let parameters: [String: [Double]]

  init(_ logDensity: Formula, _ parameters: [String: Double]) {
    steps = FormulaSteps([logDensity])
    self.parameters = parameters.mapValues { [$0] }
  }

  /// log p at each place. Where the formula has no number, or an infinite one, p counts as 0.
  func logarithms(at places: [Double]) -> [Double] {
    var values = parameters
    values["z"] = places
    return steps.evaluate(count: places.count, values)[0].map { $0 < .infinity ? $0 : -.infinity }
  }

  /// The highest place: the best of a net that is densest at 0 and reaches to 4e6, refined between
  /// its neighbours.
  func peak() -> Peak? {
    var places = (-4000...4000).map { sinh(Double($0) / 250) }
    var best: Peak?
    for _ in 0..<10 {
      let logarithms = logarithms(at: places)
      let index = places.indices.max { logarithms[$0] < logarithms[$1] }!
      guard logarithms[index] > -.infinity else { return nil }
      best = Peak(place: places[index], logarithm: logarithms[index])
      let low = places[max(index - 1, 0)]
      let high = places[min(index + 1, places.count - 1)]
      places = (0...64).map { low + (high - low) * Double($0) / 64 }
    }
    return best
  }

  /// The distance from the peak at which the density has fallen by a factor e on both sides.
  func halfWidth(at peak: Peak) -> Double {
    let unit = 1 + peak.place.magnitude
    let distances = (-120...80).map { unit * pow(10, Double($0) / 10) }
    let left = logarithms(at: distances.map { peak.place - $0 })
    let right = logarithms(at: distances.map { peak.place + $0 })
    let limit = peak.logarithm - 1
    return distances.indices.first { left[$0] < limit && right[$0] < limit }
      .map { distances[$0] } ?? unit
  }
}
