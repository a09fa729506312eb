import Compute
import Experiments
import Files
import Foundation
import Report

/// The output of a command while it works and when it is done, as its flags want it.
public struct Display {
  public let terminal: Terminal
  public let line: ProgressLine
  public let interrupt = Interrupt()
  private let format: OutputFormat

  public init(_ arguments: ParsedArguments, _ terminal: Terminal) {
    self.init(arguments, terminal, arguments.has("--json") ? .json : .text)
  }

  /// The output of a command whose result is a table.
  public init(ofTable arguments: ParsedArguments, _ terminal: Terminal) throws(UsageError) {
    self.init(arguments, terminal, try OutputFormat(arguments))
  }

  private init(_ arguments: ParsedArguments, _ terminal: Terminal, _ format: OutputFormat) {
    (self.terminal, self.format) = (terminal, format)
    line = ProgressLine(
      terminal, isQuiet: arguments.has("--quiet") || !Launch.ranks.isFirst,
      isTerse: format == .json)
  }

  /// Shows how far work is; returns whether to go on.
  public func show(_ text: String) -> Bool {
    line.show(text)
    return !interrupt.isRequested
  }

  /// Shows remarks that stay.
  public func note(_ notes: [String]) {
    for note in notes { line.keep("Note: \(sentence(note))") }
  }

  /// Says what changes the meaning of a result, or is lost: to those too who want no progress.
  public func warn(_ warnings: [String]) {
    guard Launch.ranks.isFirst else { return }
    line.clear()
    for warning in warnings { terminal.error("Warning: \(sentence(onOneLine(warning)))") }
  }

  /// Shows a result.
  ///
  /// - Parameters:
  ///   - report: The result for programs.
  ///   - text: The result for people.
  ///   - table: Its numbers, of a command that takes `--format`.
  public func result(
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

  /// The path of the figure that an option wants, whose ending says its format.
  public static func figure(
    _ arguments: ParsedArguments, _ option: String = "--out"
  ) throws -> String? {
    guard let path = try file(arguments, option) else { return nil }
    guard FigureFormat(ofName: path) != nil else {
      throw arguments.error(
        "The value '\(path)' is invalid for '\(option)': the name of a figure ends in "
          + "\(FigureFormat.endings).")
    }
    return path
  }

  /// The place of a subject's figures where no path is given: beside its checkpoint, or nowhere for images that
  /// its run is not tested on, which is said. Fails before long work where that folder cannot be written.
  public func place(of subject: Subject) throws -> FigurePlace {
    guard let folder = subject.figures else {
      warn([
        "the folder of '\(subject.name)' keeps no figures of images that the run is not tested on: "
          + "'--out' names a place for them"
      ])
      return .nowhere
    }
    if Launch.ranks.isFirst { try folder.check() }
    return .folder(folder)
  }

  /// Refuses images that a subject's run is not tested on where pictures of them would go beside its checkpoint,
  /// and are all that is wanted.
  public static func checkPlace(
    _ arguments: ParsedArguments, of subject: Subject
  ) throws(UsageError) {
    guard subject.hasOtherImages, arguments.string("--out") == nil else { return }
    throw arguments.error(
      "The run of '\(subject.name)' is not tested on these images, and its folder keeps no figures of "
        + "others. Name a place for them: '\(arguments.spelled("--out"))'.")
  }

  /// The place of figures that an option wants.
  public static func figures(
    _ arguments: ParsedArguments, _ option: String = "--out"
  ) throws -> FigurePlace? {
    guard let path = arguments.string(option) else { return nil }
    let place = try FigurePlace(path)
    // Before long work: a file's folder must be there.
    if case .file = place { _ = try figure(arguments, option) }
    return place
  }

  /// The path of the file that an option wants; fails before long work where it could not be written.
  ///
  /// - Parameters:
  ///   - arguments: The command's arguments.
  ///   - option: The option.
  ///   - writes: True of the one process of several that writes: the folder may be on its machine alone.
  public static func file(
    _ arguments: ParsedArguments, _ option: String = "--out",
    writes: Bool = Launch.ranks.isFirst
  ) throws -> String? {
    guard let path = arguments.string(option) else { return nil }
    let parent = FileCalls.folder(of: path)
    let folder = parent.isEmpty ? "." : parent
    let canBeWritten =
      RunFolder.isFolder(folder) && FileManager.default.isWritableFile(atPath: folder)
      && !RunFolder.isFolder(path)
    guard canBeWritten || !writes else {
      throw CommandError(
        message: "'\(option) \(path)' must be a file in a folder that is there and can be written.",
        code: .fileAccess)
    }
    if let input = arguments.files(besides: option).first(where: { isSame($0, path) }) {
      throw arguments.error(
        "'\(option) \(path)' would replace '\(input)', which is read. Name another file.")
    }
    guard !RunFolder.keeps(path) else {
      throw arguments.error(
        "'\(option) \(path)' is a file that the run or sweep there keeps. Name another.")
    }
    return path
  }

  /// True if both name one file that is there; what follows a '#' is a part of it.
  private static func isSame(_ input: String, _ output: String) -> Bool {
    let place = { (path: String) in URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
    let file = input.split(separator: "#", omittingEmptySubsequences: false)[0]
    return FileManager.default.fileExists(atPath: output) && !file.isEmpty
      && place(String(file)) == place(output)
  }
}
