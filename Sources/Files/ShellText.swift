/// A path as a shell takes it for one argument.
public func quotedForShell(_ path: String) -> String {
  let isPlain = path.unicodeScalars.allSatisfy { scalar in
    scalar.properties.isAlphabetic || scalar.properties.numericType != nil
      || "._-/+=:@%".unicodeScalars.contains(scalar)
  }
  // A name that begins with a dash would be an option.
  let path = path.hasPrefix("-") ? "./" + path : path
  return isPlain && !path.isEmpty ? path : "'\(path.replacing("'", with: "'\\''"))'"
}
