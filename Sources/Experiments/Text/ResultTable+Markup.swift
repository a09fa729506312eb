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
    return (table + (remark.isEmpty ? [] : ["", Markdown.paragraph(remark)])).joined(
      separator: "\n")
  }

  /// The cells as a page shows them, with the errors in the last digits.
  public var pageRows: [[String]] {
    rows.map { zip(columns, $0).map { $1.lastDigits(in: $0)?.plain ?? $1.words } }
  }
}

extension ResultTable.Cell {
  /// The number in it; nil where there is none, or where it is read in words.
  func lastDigits(in column: ResultTable.Column) -> LastDigits? {
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
  var plain: String { exponent == 0 ? digits : "\(digits)e\(exponent)" }

  var latex: String {
    let isPlain = exponent == 0 && digits.allSatisfy { $0.isASCII && $0.isNumber }
    if isPlain { return digits }
    let power = exponent == 0 ? "" : "\\times 10^{\(exponent)}"
    let digits = digits.replacingOccurrences(of: "∞", with: "\\infty")
      .replacingOccurrences(of: "NaN", with: "\\mathrm{NaN}")
    return "$\(digits)\(power)$"
  }
}
