/// A manual page in the language of `man`.
struct Roff {
  private var lines: [String] = []

  /// - Parameters:
  ///   - title: The page's name.
  ///   - version: The program's name and version, for the foot of the page.
  init(_ title: String, version: String) {
    // No date: pages of one version are the same whenever they are made.
    lines.append(".TH \(quoted(title.uppercased())) 1 \"\" \(quoted(version)) \"User Commands\"")
    // Commands are to be copied.
    lines += [".nh", ".ad l"]
  }

  var text: String { lines.joined(separator: "\n") + "\n" }

  mutating func section(_ heading: String, _ text: String? = nil) {
    lines.append(".SH \(quoted(heading))")
    if let text { lines.append(escaped(text)) }
  }

  mutating func synopsis(_ command: String, _ rest: String) {
    lines.append("\\fB\(escaped(command))\\fR \(escaped(rest))")
  }

  /// A name, and below it what it means.
  mutating func entry(_ name: String, _ meaning: String) {
    lines += [".TP", "\\fB\(escaped(name))\\fR", escaped(meaning)]
  }

  mutating func example(_ command: String, _ purpose: String) {
    lines += [".PP", escaped(purpose) + ":", ".PP", ".RS 4", ".nf", escaped(command), ".fi", ".RE"]
  }

  private func quoted(_ text: String) -> String {
    "\"\(escaped(text).replacing("\"", with: "\\(dq"))\""
  }

  /// A text that asks for nothing of the language: dashes that can be copied, and no command at a line's
  /// beginning.
  private func escaped(_ text: String) -> String {
    let text = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
      .replacing("\u{2019}", with: "'")
    return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&\(text)" : text
  }
}
