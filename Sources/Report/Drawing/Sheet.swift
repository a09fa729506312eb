/// A drawing as a document of its own: with title, legend and remarks.
struct Sheet {
  let title: String
  /// A description for a reader who does not see it.
  let summary: String
  let width: Double
  let height: Double
  let shapes: [Shape]

  private static func top(_ title: String) -> Double { title.isEmpty ? 8 : 30 }
  private static let noteSize = 11.0

  init(_ drawing: Drawing, title: String, summary: String) {
    self.title = title
    self.summary = drawing.notes.isEmpty ? summary : "\(summary) \(drawing.note)"
    width = drawing.width
    let legend = Self.legend(drawing)
    let notes = Self.notes(drawing, below: legend.bottom)
    height = Self.top(title) + notes.bottom
    let heading = Shape.Text(
      text: shortened(title, to: width - 24, size: 15), place: Place(x: 12, y: 21), size: 15,
      isBold: true, hasSubscripts: true)
    shapes = [
      .text(heading),
      .group(
        Shape.Group(
          shapes: drawing.shapes + legend.shapes + notes.shapes,
          origin: Place(x: 0, y: Self.top(title)))),
    ]
  }

  /// The legend below the plot, as many entries in a row as fit.
  private static func legend(_ drawing: Drawing) -> (shapes: [Shape], bottom: Double) {
    let entries = drawing.namesItsSeries ? [] : drawing.pageLegend
    guard !entries.isEmpty else { return ([], drawing.height + 8) }
    var (x, y) = (12.0, drawing.height + 14)
    let shapes = entries.map { entry in
      let name = shortened(entry.name, to: drawing.width - 60)
      let length = 34 + textWidth(name) + 18
      if x > 12, x + length > drawing.width { (x, y) = (12, y + 20) }
      defer { x += length }
      return Shape.group(
        Shape.Group(
          shapes: [entry.swatch, .text(name, x: 32, y: 10)], origin: Place(x: x, y: y)))
    }
    return (shapes, y + 24)
  }

  private static func notes(
    _ drawing: Drawing, below top: Double
  ) -> (shapes: [Shape], bottom: Double) {
    let lines = drawing.notes.flatMap { wrapped($0, to: drawing.width - 24, size: noteSize) }
    let shapes = lines.enumerated().map { index, line in
      Shape.text(line, x: 12, y: top + 8 + 15 * Double(index), size: noteSize)
    }
    return (shapes, lines.isEmpty ? top : top + 15 * Double(lines.count) + 2)
  }

  // MARK: SVG

  /// An SVG document that needs no other file and is read in light and dark.
  var svg: String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" \
    viewBox="0 0 \(coordinate(width)) \(coordinate(height))" \
    width="\(coordinate(width * 1.5))" height="\(coordinate(height * 1.5))" \
    \(Self.attributes)>
    <title>\(escaped(title))</title>
    <desc>\(escaped(summary))</desc>
    <style>\(Palette.style)</style>
    <rect class="paper" width="100%" height="100%"/>
    \(SVG.elements(shapes))
    </svg>

    """
  }

  static let attributes =
    "font-family=\"system-ui, Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"currentColor\""
}
