import Experiments
import Foundation

/// The outlets of results and diagnostics.
public struct Terminal: Sendable {
  /// Results: a text and a newline on standard output.
  public let output: @Sendable (String) throws -> Void
  /// Progress and diagnostics: a text and a newline on standard error.
  public let error: @Sendable (String) -> Void
  private let rawOutput: @Sendable (String) throws -> Void
  private let rawError: @Sendable (String) -> Void
  /// The columns that help is wrapped to.
  public var columns = 80
  /// True if headings of help stand out.
  public var hasStyle = false
  /// True if errors stand out.
  public var hasErrorStyle = false

  /// Names from files and folders are among what is shown: none commands the terminal.
  ///
  /// - Parameters:
  ///   - output: Writes a text and a newline to standard output.
  ///   - error: Writes a text and a newline to standard error.
  public init(
    output: @escaping @Sendable (String) throws -> Void, error: @escaping @Sendable (String) -> Void
  ) {
    (rawOutput, rawError) = (output, error)
    self.output = { try output(printable($0)) }
    self.error = { error(printable($0)) }
  }

  /// Of several ranks the first alone speaks.
  public static let standard: Terminal = {
    var terminal = Terminal(
      output: { text in
        guard Launch.ranks.isFirst else { return }
        do {
          try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
        } catch {
          throw CommandError(
            message: "The result could not be written to standard output.", code: .fileAccess)
        }
      },
      // Where diagnostics cannot be shown, there is nobody to tell.
      error: { text in
        guard Launch.ranks.isFirst else { return }
        try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
      })
    terminal.columns = min(max(width(of: STDOUT_FILENO) ?? 80, 40), 110)
    (terminal.hasStyle, terminal.hasErrorStyle) = (
      takesStyle(STDOUT_FILENO), takesStyle(STDERR_FILENO)
    )
    return terminal
  }()

  /// One JSON object.
  public func json(_ object: some Encodable) throws { try output(try JSONText.text(object)) }

  /// Help, whose headings stand out.
  public func help(_ text: String) throws {
    guard hasStyle else { return try output(text) }
    let lines = printable(text).split(separator: "\n", omittingEmptySubsequences: false)
      .map { (line: Substring) -> String in
        guard let end = line.firstIndex(of: ":"), end > line.startIndex, line.first != " ",
          line[..<end].allSatisfy({ $0.isUppercase || $0 == " " })
        else { return String(line) }
        return "\u{1b}[1m\(line[...end])\u{1b}[0m\(line[line.index(after: end)...])"
      }
    try rawOutput(lines.joined(separator: "\n"))
  }

  /// An error, whose first word stands out.
  public func fail(_ text: String) {
    let word = "Error:"
    guard hasErrorStyle, text.hasPrefix(word) else { return error(text) }
    rawError("\u{1b}[1;31m\(word)\u{1b}[0m\(printable(String(text.dropFirst(word.count))))")
  }

  /// True of a terminal whose user did not ask for plain text.
  private static func takesStyle(_ file: CInt) -> Bool {
    let environment = ProcessInfo.processInfo.environment
    return isatty(file) == 1 && (environment["NO_COLOR"] ?? "").isEmpty
      && environment["TERM"] != "dumb"
  }

  /// The columns of a terminal; nil of what is none.
  public static func width(of file: CInt) -> Int? {
    var size = winsize()
    guard ioctl(file, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return nil }
    return Int(size.ws_col)
  }
}
