import Foundation

extension Command {
  /// The line that says how it is called. Many options are too many to list.
  var usage: String {
    let places = arguments.map { $0.isOptional ? "[\($0.spelling)]" : $0.spelling }
    let shown = options.filter { !$0.isHidden }
    let parts =
      shown.count > 4
      ? ["[options]"]
      : shown.map { option in
        "[\(option.name)\(option.placeholder.map { " <\($0)>" } ?? "")]"
      }
    return (["iwae-gpu \(name)"] + places + parts).joined(separator: " ")
  }

  /// The help.
  ///
  /// - Parameters:
  ///   - columns: The columns that it is wrapped to.
  ///   - action: One kind of its work, by name; nil for all.
  public func help(columns: Int, action: String? = nil) -> String {
    let action = actions.first { $0.name == action }
    var parts: [(heading: String, text: String)] = [
      ("OVERVIEW: ", (action?.abstract ?? abstract)),
      ("USAGE: ", action.map { usage.replacing("<action>", with: $0.name) } ?? usage),
    ]
    if action == nil, !actions.isEmpty {
      parts.append(("ACTIONS:\n", rows(actions.map { ($0.name, $0.abstract) }, columns: columns)))
    }
    let places = arguments.filter { action == nil || $0.name != "action" }
    if !places.isEmpty {
      parts.append(("ARGUMENTS:\n", rows(places.map { ($0.spelling, $0.help) }, columns: columns)))
    }
    for (name, options) in groups {
      let shown = options.filter { option in action.map { takes(option, $0) } ?? true }
      var lines = shown.map { ($0.spelling, $0.help) }
      if name.isEmpty { lines.append(("-h, --help", "Show help information.")) }
      if lines.isEmpty { continue }
      let heading = name.isEmpty ? "OPTIONS" : name.uppercased()
      parts.append(("\(heading):\n", rows(lines, columns: columns)))
    }
    let examples = examples.filter { example in
      action.map { example.line.contains("\(name) \($0.name)") } ?? true
    }
    if !examples.isEmpty {
      parts.append(
        ("EXAMPLES:\n", examples.map { "  # \($0.purpose)\n  \($0.line)" }.joined(separator: "\n")))
    }
    return parts.map { heading, text in
      heading.hasSuffix("\n")
        ? heading + text : wrapped(heading + text, columns: columns, indent: 2)
    }.joined(separator: "\n\n")
  }

  /// True of an option that an action takes: one of its own, or one that is no other's.
  private func takes(_ option: Option, _ action: Action) -> Bool {
    action.options.contains(option.name)
      || !actions.contains { $0.options.contains(option.name) }
  }
}

/// A text in lines of so many columns, each but the first indented.
///
/// - Parameters:
///   - start: The column at which the text begins.
///   - indent: The spaces before each other line.
func wrapped(_ text: String, columns: Int, indent: Int, start: Int = 0) -> String {
  var lines: [String] = []
  var line = ""
  var room = columns - start
  for word in text.split(separator: " ") {
    if !line.isEmpty, line.count + 1 + word.count > room {
      lines.append(line)
      line = ""
      room = columns - indent
    }
    line += (line.isEmpty ? "" : " ") + word
  }
  lines.append(line)
  return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
}

/// Names with what they mean beside them, as help shows them.
func rows(_ rows: [(String, String)], columns: Int) -> String {
  let indent = 26
  return rows.map { left, right in
    let padded = "  " + left
    let text = wrapped(right, columns: columns, indent: indent, start: indent)
    return padded.count < indent
      ? padded + String(repeating: " ", count: indent - padded.count) + text
      : padded + "\n" + String(repeating: " ", count: indent) + text
  }.joined(separator: "\n")
}
