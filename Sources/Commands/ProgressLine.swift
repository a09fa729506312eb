import Experiments
import Files
import Foundation

/// One line on standard error that is written over on a terminal, and now and then a plain line
/// elsewhere.
public final class ProgressLine {
  private let terminal: Terminal
  private let isQuiet: Bool
  /// True where a program reads the result: progress is shown only if it takes long, and no remarks.
  private let isTerse: Bool
  private let isInteractive = isatty(STDERR_FILENO) == 1
  private var lastPlain: ContinuousClock.Instant?
  private var width = 0

  public init(_ terminal: Terminal, isQuiet: Bool, isTerse: Bool = false) {
    self.terminal = terminal
    (self.isQuiet, self.isTerse) = (isQuiet, isTerse)
    if isTerse { lastPlain = ContinuousClock.now }
  }

  public func show(_ text: String) {
    if isQuiet { return }
    var text = printable(onOneLine(text))
    if isInteractive {
      // A line that wraps could not be written over.
      text = String(text.prefix((Terminal.width(of: STDERR_FILENO) ?? 80) - 1))
      let padding = String(repeating: " ", count: max(0, width - text.count))
      try? FileHandle.standardError.write(contentsOf: Data("\r\(text)\(padding)".utf8))
      width = text.count
    } else {
      let now = ContinuousClock.now
      if let lastPlain, now - lastPlain < .seconds(10) { return }
      lastPlain = now
      terminal.error(text)
    }
  }

  /// Writes a line that stays.
  public func keep(_ text: String) {
    if isQuiet || isTerse { return }
    clear()
    terminal.error(onOneLine(text))
  }

  /// Takes the line away.
  public func clear() {
    guard isInteractive, width > 0 else { return }
    let blank = String(repeating: " ", count: width)
    try? FileHandle.standardError.write(contentsOf: Data("\r\(blank)\r".utf8))
    width = 0
  }
}
