import Foundation

/// The shapes of a plot, before they become a document or a part of a page.
struct Drawing {
  /// One line of the legend.
  struct Entry {
    var name: String
    /// In a box of 26 by 12.
    var swatch: Shape
  }

  /// A point that can be read out.
  struct Mark {
    var x: Double
    var y: Double
    var text: String
  }

  var width: Double
  var height: Double
  private(set) var shapes: [Shape] = []
  /// One line for each series.
  private(set) var legend: [Entry] = []
  /// The points of each line of the legend, in its order; of the only series where there is no legend.
  private(set) var marks: [[Mark]] = []
  /// Remarks on what is not drawn.
  var notes: [String] = []
  /// True if the names of the series stand beside them.
  var namesItsSeries = false

  init(width: Double = Frame.width, height: Double = Frame.height) {
    (self.width, self.height) = (width, height)
  }

  /// Says that there is nothing to show.
  static var empty: Drawing {
    var drawing = Drawing()
    drawing.add([
      .text(
        Shape.Text(
          text: "There is nothing to show.",
          place: Place(x: Frame.width / 2, y: Frame.height / 2), anchor: .middle, opacity: 0.7))
    ])
    return drawing
  }

  mutating func add(_ shapes: [Shape]) { self.shapes += shapes }

  /// Adds a series with its line in the legend, so that both can be hidden together.
  mutating func add(
    series name: String, style: Palette.Style, swatch: [Shape], _ parts: [Shape], marks: [Mark]
  ) {
    shapes.append(
      .group(Shape.Group(shapes: parts, color: style.color, series: legend.count)))
    legend.append(
      Entry(name: name, swatch: .group(Shape.Group(shapes: swatch, color: style.color))))
    self.marks.append(marks)
  }

  /// Adds points that belong to no line of the legend.
  mutating func add(marks: [Mark]) { self.marks.append(marks) }

  /// The remarks as one text; empty without any.
  var note: String { notes.joined(separator: " ") }

  /// The legend of a page, which hides series by it; a single series needs no name.
  var pageLegend: [Entry] { legend.count > 1 ? legend : [] }

  /// The size of its smallest text.
  var smallestText: Double { Self.smallestText(shapes) }

  private static func smallestText(_ shapes: [Shape]) -> Double {
    shapes.reduce(Shape.Text.ordinarySize) { least, shape in
      switch shape {
      case .text(let text): min(least, text.size)
      case .group(let group): min(least, smallestText(group.shapes))
      case .area, .line, .markers, .image: least
      }
    }
  }

  /// An element for a page that has the palette's rules, and shows the title and the legend itself.
  /// There is no identifier in it, so that any number of them may share a page.
  func part(label: String) -> String {
    """
    <svg class="plot" role="img" aria-label="\(escaped(label))" \
    viewBox="0 0 \(coordinate(width)) \(coordinate(height))" \(Sheet.attributes)>
    \(SVG.elements(shapes))
    </svg>
    """
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
