import Compute

/// The cells that are one process's to run, among several that each run some.
public struct CellShare: Hashable, Sendable {
  /// The number of the share, from 0 on, and how many there are.
  public let index: Int
  public let count: Int

  /// All cells.
  public static let whole = CellShare(0, of: 1)

  init(_ index: Int, of count: Int) { (self.index, self.count) = (index, count) }

  /// A share as a user writes it: 2/5 for the second of five; nil where it is none.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], count >= 1,
      (1...count).contains(index)
    else { return nil }
    self.init(index - 1, of: count)
  }

  /// The share of a rank.
  init(of ranks: any Ranks) { self.init(ranks.rank, of: ranks.count) }

  /// The numbers of those of this share among cells of so much work each: the largest first, each to whoever
  /// has the least so far.
  func own(of work: [Double]) -> Set<Int> {
    var loads = [Double](repeating: 0, count: count)
    var own: Set<Int> = []
    for cell in work.indices.sorted(by: { (work[$1], $0) < (work[$0], $1) }) {
      let least = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) } ?? 0
      loads[least] += work[cell]
      if least == index { own.insert(cell) }
    }
    return own
  }
}
