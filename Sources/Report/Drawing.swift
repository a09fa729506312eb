import Foundation

/// The elements of a plot, before they become a document or a part of a page.
struct Drawing {
  /// One line of the legend.
  struct Entry {
    var name: String
    /// Elements in a box of 26 by 12.
    var swatch: String
  }

  /// A point that can be read out.
  struct Mark {
    var x: Double
    var y: Double
    var text: String
  }

  var width: Double
  var height: Double
  private(set) var elements: [String] = []
  private(set) var legend: [Entry] = []
  /// The points of each line of the legend, in its order; of the only series where there is no legend.
  private(set) var marks: [[Mark]] = []
  /// A remark on the values that are not drawn; nil where all are.
  var note: String?

  init(width: Double = Frame.width, height: Double = Frame.height) {
    (self.width, self.height) = (width, height)
  }

  /// Says that there is nothing to show.
  static var empty: Drawing {
    var drawing = Drawing()
    drawing.add(
      "<text x=\"\(coordinate(Frame.width / 2))\" y=\"\(coordinate(Frame.height / 2))\" "
        + "text-anchor=\"middle\" opacity=\"0.7\">There is nothing to show.</text>")
    return drawing
  }

  mutating func add(_ elements: String...) { self.elements += elements }

  mutating func add(_ elements: [String]) { self.elements += elements }

  /// Adds a series with its line in the legend, so that both can be hidden together.
  mutating func add(
    series name: String, style: Palette.Style, swatch: String, _ parts: [String], marks: [Mark]
  ) {
    elements.append(
      "<g class=\"series \(style.color)\" data-series=\"\(legend.count)\">"
        + parts.joined(separator: "\n") + "</g>")
    legend.append(Entry(name: name, swatch: "<g class=\"\(style.color)\">\(swatch)</g>"))
    self.marks.append(marks)
  }

  /// Adds points that belong to no line of the legend.
  mutating func add(marks: [Mark]) { self.marks.append(marks) }

  // MARK: Documents

  /// A document with title and legend.
  func document(title: String, summary: String) -> String {
    let top = 30.0
    let (rows, legendHeight) = legendRows
    let total = top + height + legendHeight
    return """
      <svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" \
      viewBox="0 0 \(coordinate(width)) \(coordinate(total))" \
      width="\(coordinate(width * 1.5))" height="\(coordinate(total * 1.5))" \
      \(Self.attributes)>
      <title>\(escaped(title))</title>
      <desc>\(escaped(summary))</desc>
      <style>\(Palette.style)</style>
      <rect class="paper" width="100%" height="100%"/>
      <text x="12" y="21" font-size="15" font-weight="600">\
      \(escaped(shortened(title, to: width - 24, size: 15)))</text>
      <g transform="translate(0 \(coordinate(top)))">
      \((elements + rows).joined(separator: "\n"))
      </g>
      </svg>

      """
  }

  /// An element for a page that has the palette's rules, and shows the title and the legend itself.
  /// There is no identifier in it, so that any number of them may share a page.
  func part(label: String) -> String {
    """
    <svg class="plot" role="img" aria-label="\(escaped(label))" \
    viewBox="0 0 \(coordinate(width)) \(coordinate(height))" \(Self.attributes)>
    \(elements.joined(separator: "\n"))
    </svg>
    """
  }

  private static let attributes =
    "font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"currentColor\""

  /// The legend below the plot, as many entries in a row as fit.
  private var legendRows: (elements: [String], height: Double) {
    var (x, y) = (12.0, height + 14)
    let lines = legend.map { entry in
      let name = shortened(entry.name, to: width - 60)
      let length = 34 + textWidth(name) + 18
      if x > 12, x + length > width { (x, y) = (12, y + 20) }
      defer { x += length }
      return "<g transform=\"translate(\(coordinate(x)) \(coordinate(y)))\">\(entry.swatch)"
        + "<text x=\"32\" y=\"10\">\(escaped(name))</text></g>"
    }
    return (lines, legend.isEmpty ? 8 : y + 24 - height)
  }
}

/// A text as SVG and HTML take it, in elements and attributes.
func escaped(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    case "'": result += "&#39;"
    case "\t", "\n": result.unicodeScalars.append(scalar)
    // What XML does not allow in any form.
    case "\u{0}"..."\u{1f}", "\u{fffe}", "\u{ffff}": result += "\u{fffd}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// About how wide a text is; fonts differ.
func textWidth(_ text: String, size: Double = 13) -> Double { Double(text.count) * size * 0.6 }

/// A text that is cut off where it would be too wide.
func shortened(_ text: String, to width: Double, size: Double = 13) -> String {
  let most = max(3, Int(width / (size * 0.6)))
  return text.count <= most ? text : text.prefix(most - 1) + "…"
}
