import Foundation

/// From values to places in a picture, linear or logarithmic.
struct Scale {
  let isLogarithmic: Bool
  // The ends of the axis: values, or their decimal logarithms.
  let low: Double
  let high: Double
  private let from: Double
  private let to: Double

  /// A scale that shows all values with a margin around them; a bar's axis starts at its `base`
  /// instead.
  init(
    _ values: [Double], isLogarithmic: Bool, from: Double, to: Double, base: Double? = nil
  ) {
    func position(_ value: Double) -> Double { isLogarithmic ? log10(value) : value }
    self.isLogarithmic = isLogarithmic
    let places = (values + [base].compactMap(\.self)).filter {
      Self.shows($0, isLogarithmic: isLogarithmic)
    }.map(position)
    let (least, most) = (places.min() ?? 0, places.max() ?? 1)
    let size = max(abs(least), abs(most))
    // Shorter than this no step between ticks could be told from 0.
    let isFlat = most - least <= max(size * 1e-9, 1e-300)
    let margin = isFlat ? max(size * 0.01, isLogarithmic ? 0.1 : 1e-6) : (most - least) * 0.05
    let start = base.map(position)
    low = least == start && !isFlat ? least : least - margin
    high = most == start && !isFlat ? most : most + margin
    (self.from, self.to) = (from, to)
  }

  /// A linear scale from one value to a larger one, without margins.
  init(low: Double, high: Double, from: Double, to: Double) {
    (self.low, self.high) = (low, high)
    (self.from, self.to) = (from, to)
    isLogarithmic = false
  }

  /// The same between other ends, around the same middle.
  func widened(to length: Double) -> Scale {
    let middle = (low + high) / 2
    return Scale(low: middle - length / 2, high: middle + length / 2, from: from, to: to)
  }

  /// True if a value has a place at all: infinite ones have none, nor has zero on a logarithmic axis.
  static func shows(_ value: Double, isLogarithmic: Bool) -> Bool {
    // Beyond this the length of the axis could be infinite.
    abs(value) < 1e150 && (!isLogarithmic || value > 1e-150)
  }

  /// The power of ten below all values, from which bars on a logarithmic axis rise; nil without any.
  static func powerOfTen(below values: [Double]) -> Double? {
    let least = values.filter { shows($0, isLogarithmic: true) }.min()
    return least.map { pow(10, log10($0).rounded(.up) - 1) }
  }

  /// The place of a value, to a tenth of a unit, and never outside the axis.
  func place(_ value: Double) -> Double {
    let position = isLogarithmic ? (value > 0 ? log10(value) : low) : value
    let share = min(max((position - low) / (high - low), 0), 1)
    return ((from + share * (to - from)) * 10).rounded() / 10
  }

  /// The place from which bars rise: zero if it is shown, else the low end.
  var base: Double { isLogarithmic ? from : place(0) }

  /// From three to seven round values and their texts.
  var ticks: [(value: Double, text: String)] { ticks(atMost: 7) }

  /// About so many round values and their texts.
  func ticks(atMost count: Int) -> [(value: Double, text: String)] {
    isLogarithmic ? logarithmicTicks : Self.linearTicks(low, high, atMost: count)
  }

  private var logarithmicTicks: [(value: Double, text: String)] {
    let (first, last) = (Int(low.rounded(.up)), Int(high.rounded(.down)))
    let step = max(1, (last - first) / 6 + 1)
    let isShort = last - first < 3
    let multiples: [[Double]] =
      isShort ? [[1, 2, 5], [1, 2, 3, 5], (1...9).map(Double.init)] : [[1]]
    // Multiples of a power below the axis may lie on it.
    let start = isShort ? first - 1 : first
    var choices = multiples.map { multiples in
      stride(from: start, through: last, by: step).flatMap { decade in
        multiples.map { $0 * pow(10, Double(decade)) }
      }.filter { (low...high).contains(log10($0)) }
    }
    // Counts from 1 are often doubled again and again.
    if isShort, (-0.3...0).contains(low) {
      choices.insert((0...10).map { pow(2, Double($0)) }.filter { log10($0) <= high }, at: 1)
    }
    let values = choices.first { $0.count <= 7 && reachesEnds($0) } ?? choices[0]
    guard values.count > 1 else { return Self.linearTicks(pow(10, low), pow(10, high), atMost: 7) }
    return values.map { ($0, Numbers.short($0)) }
  }

  /// True if at no end of a logarithmic axis a large part is without ticks.
  private func reachesEnds(_ values: [Double]) -> Bool {
    guard values.count > 1, let first = values.first, let last = values.last else { return false }
    return max(log10(first) - low, high - log10(last)) < 0.15 * (high - low)
  }

  private static func linearTicks(
    _ low: Double, _ high: Double, atMost count: Int
  ) -> [(value: Double, text: String)] {
    let step = (high - low) / Double(count)
    let power = pow(10, log10(step).rounded(.down))
    let unit = ([1, 2, 5].map { $0 * power }.first { $0 >= step }) ?? 10 * power
    let decimals = unit > 0 ? max(0, -Int((log10(unit) + 1e-9).rounded(.down))) : 0
    let first = (low / unit).rounded(.up)
    let values = (0...10).map { (first + Double($0)) * unit }.filter { $0 <= high }
    let texts = values.map { Numbers.short($0) }
    // Ordinary numbers have the same decimals, and so have those that would look alike.
    let isOrdinary = (1e-4..<1e6).contains(max(abs(low), abs(high)))
    guard isOrdinary || Set(texts).count < texts.count else {
      return zip(values, texts).map { ($0, $1) }
    }
    return values.map { ($0, Numbers.fixed($0, decimals: decimals)) }
  }
}
