/// A stretch of a text on one line of writing.
struct TextPart: Hashable {
  var text: String
  var isSubscript: Bool

  /// A subscript's size, and how far below the line it stands, as shares of the text's own size.
  static let (size, drop) = (0.75, 0.22)
}

/// The parts of a text: the k of `L_k` is a subscript.
///
/// Only a capital letter of its own has one, of at most two small letters or of digits. A name may be
/// like that too: only texts that are not names, as titles and names of axes, have parts.
func textParts(_ text: String) -> [TextPart] {
  let letters = Array(text)
  func isPartOfName(_ index: Int) -> Bool {
    letters.indices.contains(index)
      && (letters[index].isLetter || letters[index].isNumber || "_-/.".contains(letters[index]))
  }
  var parts: [TextPart] = []
  var start = 0
  for mark in letters.indices where letters[mark] == "_" && mark > start {
    guard let first = letters[mark - 1].asciiValue, (65...90).contains(first),
      !isPartOfName(mark - 2)
    else { continue }
    let tail = letters[(mark + 1)...].prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }
    let isShort = tail.count <= 2 && tail.allSatisfy(\.isLowercase) || tail.allSatisfy(\.isNumber)
    let end = mark + 1 + tail.count
    // A full stop after it may end the sentence.
    let isNameGoingOn = isPartOfName(end) && (letters[end] != "." || isPartOfName(end + 1))
    guard !tail.isEmpty, isShort, !isNameGoingOn else { continue }
    parts.append(TextPart(text: String(letters[start..<mark]), isSubscript: false))
    parts.append(TextPart(text: String(tail), isSubscript: true))
    start = end
  }
  if start < letters.count {
    parts.append(TextPart(text: String(letters[start...]), isSubscript: false))
  }
  return parts
}

/// A title of a page, with its subscripts as elements.
func marked(_ text: String) -> String {
  textParts(text).map { $0.isSubscript ? "<sub>\(escaped($0.text))</sub>" : escaped($0.text) }
    .joined()
}

/// About how wide a text is; fonts differ.
func textWidth(_ text: String, size: Double = Shape.Text.ordinarySize) -> Double {
  Double(text.count) * size * 0.6
}

/// A text that is cut off where it would be too wide.
func shortened(
  _ text: String, to width: Double, size: Double = Shape.Text.ordinarySize
) -> String {
  let most = max(3, Int(width / (size * 0.6)))
  return text.count <= most ? text : text.prefix(most - 1) + "…"
}

/// A text in lines that are no wider than there is room.
func wrapped(_ text: String, to width: Double, size: Double) -> [String] {
  var lines: [String] = []
  for word in text.split(separator: " ") {
    let longer = lines.last.map { "\($0) \(word)" }
    if let longer, textWidth(longer, size: size) <= width {
      lines[lines.count - 1] = longer
    } else {
      lines.append(String(word))
    }
  }
  return lines
}
