import Experiments

/// The output of a command while it works and when it is done, as its flags want it.
struct Display {
  let terminal: Terminal
  let line: ProgressLine
  let interrupt = Interrupt()
  private let isJSON: Bool

  init(_ arguments: ParsedArguments, _ terminal: Terminal) {
    self.terminal = terminal
    isJSON = arguments.has("--json")
    line = ProgressLine(terminal, isQuiet: isJSON || arguments.has("--quiet"))
  }

  /// Shows how far work is; returns whether to go on.
  func show(_ text: String) -> Bool {
    line.show(text)
    return !interrupt.isRequested
  }

  /// Shows remarks that stay.
  func note(_ notes: [String]) {
    for note in notes { line.keep("Note: \(sentence(note))") }
  }

  /// Shows a result.
  func result(_ report: some Encodable, _ text: @autoclosure () throws -> String) throws {
    line.clear()
    if isJSON { try terminal.json(report) } else { try terminal.output(try text()) }
  }
}
