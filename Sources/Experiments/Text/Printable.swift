import Files

/// A text that does to a terminal no more than its words: characters that command it, or turn the order of
/// others, stand as their numbers, as JSON writes them. Lines and tabs stay, and of a line's end its
/// carriage return.
public func printable(_ text: String) -> String {
  var result = String.UnicodeScalarView()
  let scalars = text.unicodeScalars
  for index in scalars.indices {
    let scalar = scalars[index]
    if scalar == "\n" || scalar == "\t" || !isCommand(scalar) || endsLine(scalars[index...]) {
      result.append(scalar)
    } else {
      let digits = String(scalar.value, radix: 16)
      let padding = String(repeating: "0", count: max(0, 4 - digits.count))
      result.append(contentsOf: "\\u\(padding)\(digits)".unicodeScalars)
    }
  }
  return String(result)
}

/// True of a carriage return before a line feed, or before the one that follows the text.
private func endsLine(_ rest: Substring.UnicodeScalarView) -> Bool {
  rest.first == "\r" && (rest.dropFirst().first ?? "\n") == "\n"
}

extension CommandLine {
  /// The position of the first argument that is not UTF-8; nil for none. Repaired, as `arguments` has them,
  /// two names could become one.
  public static var firstThatIsNoText: Int? {
    (0..<Int(argc)).first { index in
      unsafeArgv[index].map { String(validatingCString: $0) == nil } ?? false
    }
  }
}
