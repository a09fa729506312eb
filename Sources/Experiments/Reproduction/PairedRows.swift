import Foundation

/// Two rows of a table, compared image by image.
public struct PairedRows: Encodable, Sendable {
  public var row: String
  /// By how much its NLL is above the other's.
  public var paired: PairedDifference
  /// True if they differ by more than twice the error of that.
  public var isApart: Bool

  /// As many pairs are named.
  private static let mostNamed = 12

  /// Every two rows that were tested on the same images, and by how much each row is above the one with
  /// the lowest NLL; nil of that one, and where not known.
  static func compare(
    _ rows: [ReproductionRow]
  ) -> (pairs: [PairedRows], aboveBest: [PairedDifference?]) {
    let tested = rows.map { $0.runs.tested }
    func difference(_ row: Int, than other: Int) -> PairedDifference? {
      // Rows that share their runs are one.
      guard rows[row].runs.map(\.run) != rows[other].runs.map(\.run) else { return nil }
      return PairedDifference(of: tested[row], than: tested[other], named: rows[other].title)
    }
    let pairs = rows.indices.flatMap { row in
      (0..<row).compactMap { other in
        difference(row, than: other).map {
          PairedRows(row: rows[row].title, paired: $0, isApart: !$0.isNone)
        }
      }
    }
    let known = rows.indices.compactMap { row in
      CellSummary(rows[row].runs).nll.map { (row: row, nll: $0.mean) }
    }
    let best = known.min { $0.nll < $1.nll }?.row
    return (pairs, rows.indices.map { row in best.flatMap { difference(row, than: $0) } })
  }

  /// The number of pairs that are apart, and a line for each that is not.
  static func text(_ pairs: [PairedRows]) -> [String] {
    if pairs.isEmpty { return [] }
    let others = pairs.filter { !$0.isApart }
    let left = others.count - mostNamed
    return [
      "One in twenty pairs of rows that are alike differs by chance.",
      "Image by image, the NLL of \(pairs.count - others.count) of \(counted(pairs.count, "pair")) of "
        + "rows differs by more than twice the error of the difference"
        + (others.isEmpty ? "." : "; not of:"),
    ] + others.prefix(mostNamed).map { "  \($0.text)" }
      + (left > 0 ? ["  and \(left) more, which '--json' names"] : [])
  }

  private var text: String {
    let error = paired.standardError.map { String(format: " ± %.3f", $0) } ?? ""
    return "\(row) and \(paired.than): \(String(format: "%+.3f", paired.difference))\(error)"
  }
}
