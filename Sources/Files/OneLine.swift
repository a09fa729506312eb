/// True of a character that commands a terminal, or turns the order of others.
public func isCommand(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x202A...0x202E, 0x2066...0x2069, 0x200E, 0x200F, 0x061C, 0x2028, 0x2029: true
  default: scalar.properties.generalCategory == .control
  }
}

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
