import Foundation

extension ResultTable {
  /// A `tabular` of the package booktabs, with the errors in the last digits.
  public var latex: String {
    let sides = columns.map { $0.isNumber ? "r" : "l" }.joined()
    let head = columns.map { column in
      let title = column.latex ?? LaTeX.escaped(column.title)
      return title + (column.unit.map { " (\(LaTeX.escaped($0)))" } ?? "")
    }
    let lines = rows.map { LaTeX.row(zip(columns, $0).map(LaTeX.cell)) }
    let comments = ["Needs \\usepackage{booktabs}."] + (remark.isEmpty ? [] : [remark])
    return
      (comments.map { "% " + LaTeX.line($0) }
      + ["\\begin{tabular}{\(sides)}", "\\toprule", LaTeX.row(head), "\\midrule"] + lines
      + ["\\bottomrule", "\\end{tabular}"]).joined(separator: "\n")
  }

  /// A table as GitHub's Markdown has it, aligned in its source too, with the errors in the last digits.
  public var markdown: String {
    let head = columns.map { column in
      Markdown.escaped(column.title) + (column.unit.map { " (\(Markdown.escaped($0)))" } ?? "")
    }
    let cells = [head] + rows.map { zip(columns, $0).map(Markdown.cell) }
    let widths = columns.indices.map { column in
      max(3, cells.map { $0[column].count }.max() ?? 0)
    }
    let rule = zip(columns, widths).map { column, width in
      let line = String(repeating: "-", count: width - 1)
      return column.isNumber ? line + ":" : ":" + line
    }
    let lines = cells.map { row in
      zip(row.indices, row).map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return columns[column].isNumber ? space + cell : cell + space
      }
    }
    let table = (lines.prefix(1) + [rule] + lines.dropFirst()).map {
      "| " + $0.joined(separator: " | ") + " |"
    }
    return (table + (remark.isEmpty ? [] : ["", remark])).joined(separator: "\n")
  }

  /// The cells as a page shows them, with the errors in the last digits.
  public var pageRows: [[String]] {
    rows.map { zip(columns, $0).map { $1.lastDigits(in: $0)?.plain ?? $1.words } }
  }
}

extension ResultTable.Cell {
  /// The number in it; nil where there is none, or where it is read in words.
  fileprivate func lastDigits(in column: ResultTable.Column) -> LastDigits? {
    let (decimals, isSigned) =
      switch column.kind {
      case .text: (6, false)
      case .number(let decimals, let isSigned): (decimals, isSigned)
      case .uncertain(let decimals, let isSigned, _, _): (decimals, isSigned)
      }
    var result: LastDigits
    switch self {
    case .number(let value): result = LastDigits(value, error: nil, decimals: decimals)
    case .uncertain(let value, let error):
      result = LastDigits(value, error: error, decimals: decimals)
    case .text, .repeated, .worded, .missing: return nil
    }
    if isSigned, result.digits.first?.isNumber == true { result.digits = "+" + result.digits }
    return result
  }
}

extension LastDigits {
  fileprivate var plain: String { exponent == 0 ? digits : "\(digits)e\(exponent)" }

  fileprivate var latex: String {
    let isPlain = exponent == 0 && digits.allSatisfy { $0.isASCII && $0.isNumber }
    if isPlain { return digits }
    let power = exponent == 0 ? "" : "\\times 10^{\(exponent)}"
    let digits = digits.replacingOccurrences(of: "∞", with: "\\infty")
      .replacingOccurrences(of: "NaN", with: "\\mathrm{NaN}")
    return "$\(digits)\(power)$"
  }
}

/// The grammar of LaTeX, as far as a table needs it.
private enum LaTeX {
  static func cell(_ column: ResultTable.Column, _ cell: ResultTable.Cell) -> String {
    if let number = cell.lastDigits(in: column) { return number.latex }
    let words = cell.words
    return words == "-" ? "--" : escaped(words)
  }

  static func row(_ cells: [String]) -> String {
    // A star or a bracket behind the end of a line would be part of its command.
    let isTaken = cells.first.map { $0.hasPrefix("*") || $0.hasPrefix("[") } ?? false
    let first = isTaken ? ["{\(cells[0])}"] : Array(cells.prefix(1))
    return (first + cells.dropFirst()).joined(separator: " & ") + " \\\\"
  }

  /// A comment is one line.
  static func line(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  static func escaped(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar {
      case "&", "%", "$", "#", "_", "{", "}": "\\\(scalar)"
      case "\\": "\\textbackslash{}"
      case "~": "\\textasciitilde{}"
      case "^": "\\textasciicircum{}"
      case "<": "\\textless{}"
      case ">": "\\textgreater{}"
      case "|": "\\textbar{}"
      case "\"": "''"
      case "±": "$\\pm$"
      case "×": "$\\times$"
      case "∞": "$\\infty$"
      case "…": "\\ldots{}"
      case "\n", "\r", "\t": " "
      default: "\(scalar)"
      }
    }.joined()
  }
}

/// The grammar of Markdown, as far as a table needs it.
private enum Markdown {
  static func cell(_ column: ResultTable.Column, _ cell: ResultTable.Cell) -> String {
    cell.lastDigits(in: column)?.plain ?? escaped(cell.words)
  }

  static func escaped(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    return scalars.indices.map { index in
      let scalar = scalars[index]
      switch scalar {
      case "|", "\\", "*", "`", "<", "[", "~": return "\\\(scalar)"
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
