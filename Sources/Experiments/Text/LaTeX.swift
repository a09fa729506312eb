import Foundation

/// The grammar of LaTeX, as far as a table needs it.
enum LaTeX {
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

  /// A text with the characters that are commands, or that pdflatex has no letter for, as commands.
  static func escaped(_ text: String) -> String {
    // A letter and its accent as one, where there is one.
    text.precomposedStringWithCanonicalMapping.unicodeScalars.map { scalar in
      switch scalar {
      case "&", "%", "$", "#", "_", "{", "}": "\\\(scalar)"
      case "\\": "\\textbackslash{}"
      case "~": "\\textasciitilde{}"
      case "^": "\\textasciicircum{}"
      case "<": "\\textless{}"
      case ">": "\\textgreater{}"
      case "|": "\\textbar{}"
      case "\"": "''"
      case "…": "\\ldots{}"
      case "\n", "\r", "\t": " "
      default: symbols[scalar].map { "$\($0)$" } ?? "\(scalar)"
      }
    }.joined()
  }

  /// Characters as mathematics has them.
  private static let symbols: [Unicode.Scalar: String] = [
    "±": "\\pm", "×": "\\times", "·": "\\cdot", "−": "-", "∞": "\\infty", "√": "\\surd",
    "≤": "\\leq", "≥": "\\geq", "≠": "\\neq", "≈": "\\approx", "∝": "\\propto", "∈": "\\in",
    "→": "\\to", "∂": "\\partial", "∇": "\\nabla", "∑": "\\sum", "∏": "\\prod", "∫": "\\int",
    "α": "\\alpha", "β": "\\beta", "γ": "\\gamma", "δ": "\\delta", "ε": "\\varepsilon",
    "ζ": "\\zeta", "η": "\\eta", "θ": "\\theta", "ι": "\\iota", "κ": "\\kappa", "λ": "\\lambda",
    "μ": "\\mu", "µ": "\\mu", "ν": "\\nu", "ξ": "\\xi", "ο": "o", "π": "\\pi", "ρ": "\\rho",
    "σ": "\\sigma", "ς": "\\varsigma", "τ": "\\tau", "υ": "\\upsilon", "φ": "\\varphi",
    "χ": "\\chi", "ψ": "\\psi", "ω": "\\omega", "ϕ": "\\phi", "ϵ": "\\epsilon", "ϑ": "\\vartheta",
    "Γ": "\\Gamma", "Δ": "\\Delta", "Θ": "\\Theta", "Λ": "\\Lambda", "Ξ": "\\Xi", "Π": "\\Pi",
    "Σ": "\\Sigma", "Υ": "\\Upsilon", "Φ": "\\Phi", "Ψ": "\\Psi", "Ω": "\\Omega",
    "Α": "\\mathrm{A}", "Β": "\\mathrm{B}", "Ε": "\\mathrm{E}", "Ζ": "\\mathrm{Z}",
    "Η": "\\mathrm{H}", "Ι": "\\mathrm{I}", "Κ": "\\mathrm{K}", "Μ": "\\mathrm{M}",
    "Ν": "\\mathrm{N}", "Ο": "\\mathrm{O}", "Ρ": "\\mathrm{P}", "Τ": "\\mathrm{T}",
    "Χ": "\\mathrm{X}",
  ]
}
