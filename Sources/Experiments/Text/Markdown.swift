/// The grammar of Markdown, as far as a table needs it.
enum Markdown {
  static func cell(_ column: ResultTable.Column, _ cell: ResultTable.Cell) -> String {
    cell.lastDigits(in: column)?.plain ?? escaped(cell.words)
  }

  /// Lines that are ordinary writing: none begins a list, a heading, a quotation or code.
  static func paragraph(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).map { line in
      let line = escaped(String(line.drop(while: \.isWhitespace)))
      if let first = line.first, "-+#>=".contains(first) { return "\\" + line }
      let number = line.prefix { $0.isASCII && $0.isNumber }
      let rest = line.dropFirst(number.count)
      let isItem = !number.isEmpty && (rest.hasPrefix(".") || rest.hasPrefix(")"))
      return isItem ? number + "\\" + rest : line
    }.joined(separator: "\n")
  }

  static func escaped(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    return scalars.indices.map { index in
      let scalar = scalars[index]
      switch scalar {
      case "|", "\\", "*", "`", "<", "[", "~", "&", "$": return "\\\(scalar)"
      case "_":
        // Within a word it is a character like others.
        let isInside =
          index > 0 && index + 1 < scalars.count
          && [scalars[index - 1], scalars[index + 1]].allSatisfy { $0.properties.isAlphabetic }
        return isInside ? "_" : "\\_"
      case "\n", "\r", "\t": return " "
      default: return "\(scalar)"
      }
    }.joined()
  }
}
