import Compute
import Experiments
import Foundation

/// The outlets of results and diagnostics.
struct Terminal: Sendable {
  /// Results: a text and a newline on standard output.
  let output: @Sendable (String) throws -> Void
  /// Progress and diagnostics: a text and a newline on standard error.
  let error: @Sendable (String) -> Void

  /// Names from files and folders are among what is shown: none commands the terminal.
  init(
    output: @escaping @Sendable (String) throws -> Void, error: @escaping @Sendable (String) -> Void
  ) {
    self.output = { try output(printable($0)) }
    self.error = { error(printable($0)) }
  }

  /// Of several ranks the first alone speaks.
  static let standard = Terminal(
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

  /// One JSON object.
  func json(_ object: some Encodable) throws { try output(try JSONText.text(object)) }
}
