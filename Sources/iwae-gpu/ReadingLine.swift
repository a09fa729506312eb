import Commands
import Datasets
import Experiments

/// Shows how far the reading of files is, once one takes more than a second.
final class ReadingLine {
  private let line: ProgressLine
  private var name = ""
  private var start = ContinuousClock.now
  private var shown = ContinuousClock.now

  init(_ arguments: ParsedArguments, _ terminal: Terminal) {
    line = ProgressLine(
      terminal, isQuiet: arguments.has("--quiet") || !Launch.ranks.isFirst,
      isTerse: arguments.has("--json"))
  }

  func show(_ reading: Reading) {
    let now = ContinuousClock.now
    if reading.name != name { (name, start, shown) = (reading.name, now, now) }
    guard reading.done < reading.count else {
      line.clear()
      return
    }
    guard now - start > .seconds(1), now - shown > .milliseconds(200) else { return }
    shown = now
    let rate = Double(reading.done) / ((now - start) / .seconds(1))
    let unit =
      switch reading.unit {
      case .bytes: "\(readable(bytes: Int(rate)))/s"
      case .files: "\(Int(rate)) files/s"
      }
    let left = readable(.seconds(Double(reading.count - reading.done) / rate))
    line.show(
      "reading '\(name)'  \(100 * reading.done / max(reading.count, 1))%  \(unit)  \(left) left")
  }

  func clear() { line.clear() }
}
