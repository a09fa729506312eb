/// A path as a shell takes it for one argument, on one line.
public func quotedForShell(_ path: String) -> String {
  var scalars = path.unicodeScalars
  // A name that begins with a dash would be an option.
  if scalars.first == "-" {
    scalars.insert(contentsOf: "./".unicodeScalars, at: scalars.startIndex)
  }
  let isPlain = scalars.allSatisfy { scalar in
    scalar.properties.isAlphabetic || scalar.properties.numericType != nil
      || "._-/+=:@%".unicodeScalars.contains(scalar)
  }
  if isPlain && !scalars.isEmpty { return String(scalars) }
  // A line's end, as all that commands a terminal, is written as an escape, which other quotes have not.
  let hasEscapes = scalars.contains(where: isCommand)
  let escapes: [Unicode.Scalar: String] =
    hasEscapes ? ["'": "\\'", "\\": "\\\\"] : ["'": "'\\''"]
  let text = scalars.map { escapes[$0] ?? String($0) }.joined()
  return (hasEscapes ? "$'" : "'") + onOneLine(text) + "'"
}
