/// The progress of the runs of some cells.
public struct CellProgress: Sendable {
  public var run: RunProgress
  /// The cell that is under way, from 1, and its name.
  public var cell: Int
  public var cells: Int
  public var name: String
  /// The time left over all, judged by the cells that are done.
  public var secondsLeft: Double?

  /// One line for people.
  public var text: String {
    // A cell that takes longer than others did is not over before it is.
    let own = run.secondsLeft.isFinite ? run.secondsLeft : 0
    let left = secondsLeft.map { ", \(readable(.seconds(max($0, own)))) left over all" } ?? ""
    return "\(run.text)  cell \(cell) of \(cells)\(left), \(name)"
  }
}

/// The time that the cells left will take, judged by those that are done.
struct CellClock {
  let total: Double
  private var done = 0.0
  private let start = ContinuousClock.now
  private var lastEnd = ContinuousClock.now

  init(total: Double) { self.total = total }

  mutating func finish(_ work: Double) {
    done += work
    lastEnd = ContinuousClock.now
  }

  /// In seconds, where it can be told.
  var left: Double? {
    guard done > 0 else { return nil }
    let rest = (lastEnd - start) * ((total - done) / done) - (ContinuousClock.now - lastEnd)
    return max(rest, .zero) / .seconds(1)
  }
}
