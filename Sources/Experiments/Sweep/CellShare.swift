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
  ///
  /// - Parameters:
  ///   - work: That of each cell.
  ///   - former: By the number of a cell, the share that tried it and did not finish it: another one gets
  ///     it, unless all others have their even part already.
  func own(of work: [Double], triedBy former: [Int: Int] = [:]) -> Set<Int> {
    var loads = [Double](repeating: 0, count: count)
    func least(without share: Int?) -> Int? {
      loads.indices.filter { $0 != share }.min { (loads[$0], $0) < (loads[$1], $1) }
    }
    // A little less than the part, whose sum may be rounded down.
    let even = 0.999 * work.reduce(0, +) / Double(count)
    var own: Set<Int> = []
    // Cells that were tried go first, and the others fill up what they leave.
    let untried = work.indices.map { former[$0] == nil ? 1 : 0 }
    for cell in work.indices.sorted(by: {
      (untried[$0], work[$1], $0) < (untried[$1], work[$0], $1)
    }) {
      var taker = least(without: nil) ?? 0
      if let other = least(without: former[cell]), loads[other] < even { taker = other }
      loads[taker] += work[cell]
      if taker == index { own.insert(cell) }
    }
    return own
  }
}
