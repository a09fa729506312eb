import Commands
import Experiments
import Foundation
import Report

/// The output of a command while it works and when it is done, as its flags want it.
struct Display {
  let terminal: Terminal
  let line: ProgressLine
  let interrupt = Interrupt()
  private let format: OutputFormat

  init(_ arguments: ParsedArguments, _ terminal: Terminal) {
    self.init(arguments, terminal, arguments.has("--json") ? .json : .text)
  }

  /// The output of a command whose result is a table.
  init(ofTable arguments: ParsedArguments, _ terminal: Terminal) throws(UsageError) {
    self.init(arguments, terminal, try OutputFormat(arguments))
  }

  private init(_ arguments: ParsedArguments, _ terminal: Terminal, _ format: OutputFormat) {
    (self.terminal, self.format) = (terminal, format)
    line = ProgressLine(
      terminal, isQuiet: arguments.has("--quiet") || !Launch.ranks.isFirst,
      isTerse: format == .json)
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
  ///
  /// - Parameters:
  ///   - report: The result for programs.
  ///   - text: The result for people.
  ///   - table: Its numbers, of a command that takes `--format`.
  func result(
    _ report: some Encodable, _ text: @autoclosure () throws -> String,
    table: @autoclosure () throws -> ResultTable? = nil
  ) throws {
    line.clear()
    if format == .json {
      try terminal.json(report)
    } else {
      try terminal.output(try table()?.printed(as: format) ?? text())
    }
  }

  /// The path of the figure that `--out` wants, whose ending says its format.
  static func figure(_ arguments: ParsedArguments) throws -> String? {
    guard let path = try file(arguments) else { return nil }
    guard FigureFormat(ofName: path) != nil else {
      throw arguments.error(
        "The value '\(path)' is invalid for '--out': the name of a figure ends in "
          + "\(FigureFormat.endings).")
    }
    return path
  }

  /// The place of figures that `--out` wants.
  static func figures(_ arguments: ParsedArguments) throws -> FigurePlace? {
    guard let path = arguments.string("--out") else { return nil }
    let place = try FigurePlace(path)
    // Before long work: a file's folder must be there.
    if case .file = place { _ = try figure(arguments) }
    return place
  }

  /// The path of the file that `--out` wants; fails before long work where it could not be written.
  static func file(_ arguments: ParsedArguments) throws -> String? {
    guard let path = arguments.string("--out") else { return nil }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard RunFolder.isFolder(folder), FileManager.default.isWritableFile(atPath: folder),
      !RunFolder.isFolder(path)
    else {
      throw CommandError(
        message: "'--out \(path)' must be a file in a folder that is there and can be written.",
        code: .fileAccess)
    }
    return path
  }
}
