import Foundation

/// Two rows whose order in the paper is not ours.
public struct OrderViolation: Encodable {
  public var measure: String
  public var rows: [String]
  public var published: [Double]
  public var ours: [Double]

  public static let activeUnits = "active units"

  public var text: String {
    func pair(_ values: [Double]) -> String {
      // Units of one seed are counts.
      let isWhole = measure == Self.activeUnits && values.allSatisfy { $0 == $0.rounded() }
      return values.map { String(format: isWhole ? "%.0f" : "%.2f", $0) }
        .joined(separator: " and ")
    }
    return "\(measure) of \(rows.joined(separator: " and ")): published \(pair(published)), ours "
      + pair(ours)
  }
}

/// The order of what a paper tells apart, compared with ours.
public struct PublishedOrder {
  /// The pairs that the paper tells apart and for which there is something of ours.
  public private(set) var pairs = 0
  public private(set) var violations: [OrderViolation] = []

  /// A number of a row.
  private struct Entry {
    var title: String
    /// The folders of its runs.
    var runs: [String]
    var published: Double
    var spread: Double?
    var ours: Double

    init?(_ row: ReproductionRow, _ published: Double?, _ spread: Double?, _ ours: Double?) {
      guard let published, let ours else { return nil }
      (title, runs) = (row.title, row.runs.map(\.run))
      (self.published, self.spread, self.ours) = (published, spread, ours)
    }

    /// True if the paper's numbers differ by more than its runs do.
    func isApart(from other: Entry) -> Bool {
      let squares = [spread, other.spread].compactMap(\.self).reduce(0) { $0 + $1 * $1 }
      return abs(published - other.published) > 2 * squares.squareRoot()
    }
  }

  public init(_ rows: [ReproductionRow]) {
    for index in rows.first?.measures.indices ?? 0..<0 {
      compare(
        rows[0].measures[index].name,
        rows.compactMap { row in
          let measure = row.measures[index]
          let published = measure.published.flatMap { $0.isOfOtherModel ? nil : $0 }
          return Entry(row, published?.value, published?.spread, measure.ours)
        })
    }
    compare(
      OrderViolation.activeUnits,
      rows.compactMap { row in
        Entry(
          row, row.publishedActiveUnits.map { Double($0.reduce(0, +)) }, nil,
          row.activeUnits.map { $0.reduce(0, +) })
      })
  }

  private mutating func compare(_ measure: String, _ entries: [Entry]) {
    // Rows that share a run and a number are one.
    var distinct: [Entry] = []
    for entry in entries
    where !distinct.contains(where: { $0.runs == entry.runs && $0.published == entry.published }) {
      distinct.append(entry)
    }
    for (index, first) in distinct.enumerated() {
      // One run cannot be told from itself.
      for second in distinct[(index + 1)...]
      where first.runs != second.runs && first.isApart(from: second) {
        pairs += 1
        if (first.published - second.published) * (first.ours - second.ours) > 0 { continue }
        violations.append(
          OrderViolation(
            measure: measure, rows: [first.title, second.title],
            published: [first.published, second.published], ours: [first.ours, second.ours]))
      }
    }
  }
}
