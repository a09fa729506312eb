/// A text on one line: its line breaks are shown as escapes. Of a name of several lines, each could pass for a
/// message.
public func onOneLine(_ text: String) -> String {
  var result = String.UnicodeScalarView()
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\n": result.append(contentsOf: "\\n".unicodeScalars)
    case "\r": result.append(contentsOf: "\\r".unicodeScalars)
    default: result.append(scalar)
    }
  }
  return String(result)
}
