import Experiments
import Foundation

/// The outlets of results and diagnostics.
struct Terminal: Sendable {
  /// Results: a text and a newline on standard output.
  var output: @Sendable (String) throws -> Void
  /// Progress and diagnostics: a text and a newline on standard error.
  var error: @Sendable (String) -> Void

  static let standard = Terminal(
    output: { text in
      do {
        try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
      } catch {
        throw CommandError(
          message: "The result could not be written to standard output.", code: .fileAccess)
      }
    },
    // Where diagnostics cannot be shown, there is nobody to tell.
    error: { try? FileHandle.standardError.write(contentsOf: Data(($0 + "\n").utf8)) })

  /// One JSON object.
  func json(_ object: some Encodable) throws { try output(try JSONText.text(object)) }
}
