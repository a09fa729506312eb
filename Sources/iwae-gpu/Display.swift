import Experiments
import Foundation
import Report

/// The output of a command while it works and when it is done, as its flags want it.
struct Display {
  let terminal: Terminal
  let line: ProgressLine
  let interrupt = Interrupt()
  private let isJSON: Bool

  init(_ arguments: ParsedArguments, _ terminal: Terminal) {
    self.terminal = terminal
    isJSON = arguments.has("--json")
    line = ProgressLine(
      terminal, isQuiet: isJSON || arguments.has("--quiet") || !Launch.ranks.isFirst)
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
