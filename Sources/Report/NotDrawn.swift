/// The points that a plot has no place for, counted by the reason.
struct NotDrawn {
  private var notPositive = 0
  private var withoutNumber = 0
  private var tooLarge = 0
  private var withoutError = 0

  /// The reason of a point that is not drawn, from its values on both axes.
  ///
  /// - Parameters:
  ///   - values: Its values, and true for those on logarithmic axes.
  ///   - error: Half the length of its error bar.
  mutating func add(_ values: [(value: Double, isLogarithmic: Bool)], error: Double = 0) {
    if values.contains(where: \.value.isNaN) {
      withoutNumber += 1
    } else if values.contains(where: { !Scale.shows($0.value, isLogarithmic: false) }) {
      tooLarge += 1
    } else if values.contains(where: { !Scale.shows($0.value, isLogarithmic: $0.isLogarithmic) }) {
      notPositive += 1
    } else if !Scale.shows(error, isLogarithmic: false) {
      withoutError += 1
    }
  }

  /// The remark; nil where everything is drawn.
  ///
  /// - Parameters:
  ///   - noun: A point in words.
  ///   - meaning: The reason for which a point may have no number.
  func note(of noun: String = "point", meaning: String? = nil) -> String? {
    let reasons = [
      (withoutNumber, "without a number" + (meaning.map { " (\($0))" } ?? "")),
      (notPositive, "not positive (the axis is logarithmic)"), (tooLarge, "infinite or too large"),
      (withoutError, "without a finite error"),
    ].filter { $0.0 > 0 }
    let count = reasons.reduce(0) { $0 + $1.0 }
    guard let first = reasons.first else { return nil }
    let start = count == 1 ? "1 \(noun) is not drawn: " : "\(count) \(noun)s are not drawn: "
    return start
      + (reasons.count == 1
        ? first.1 : reasons.map { "\($0.0) \($0.1)" }.joined(separator: ", ")) + "."
  }
}
