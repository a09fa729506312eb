/// Shapes as elements of an SVG document.
enum SVG {
  static func elements(_ shapes: [Shape]) -> String {
    shapes.map(element).joined(separator: "\n")
  }

  private static func element(_ shape: Shape) -> String {
    switch shape {
    case .area(let path, let paint, let opacity, let isCrisp):
      "<path d=\"\(data(path))\"\(fill(paint))\(attribute("opacity", opacity))"
        + (isCrisp ? " shape-rendering=\"crispEdges\"" : "") + "/>"
    case .line(let path, let stroke, let opacity):
      "<path d=\"\(data(path))\" fill=\"none\"\(attributes(stroke))"
        + "\(attribute("opacity", opacity))/>"
    case .markers(let marker, let places):
      "<path d=\"\(data(marker, at: places))\" fill=\"currentColor\" stroke=\"currentColor\"/>"
    case .text(let text): element(text)
    case .image(let pixels):
      "<image x=\"\(coordinate(pixels.place.x))\" y=\"\(coordinate(pixels.place.y))\" "
        + "width=\"\(coordinate(pixels.width))\" height=\"\(coordinate(pixels.height))\" "
        + "preserveAspectRatio=\"none\" image-rendering=\"pixelated\" "
        + "href=\"\(PNGImage.address(of: pixels.png))\"/>"
    case .group(let group): element(group)
    }
  }

  private static func element(_ group: Shape.Group) -> String {
    var classes = group.series == nil ? [] : ["series"]
    if let color = group.color { classes.append("c\(color)") }
    let start =
      (classes.isEmpty ? "" : " class=\"\(classes.joined(separator: " "))\"")
      + (group.series.map { " data-series=\"\($0)\"" } ?? "")
      + (group.origin.map { " transform=\"translate(\(coordinate($0.x)) \(coordinate($0.y)))\"" }
        ?? "")
    return "<g\(start)>\(elements(group.shapes))</g>"
  }

  private static func element(_ text: Shape.Text) -> String {
    let (x, y) = (coordinate(text.place.x), coordinate(text.place.y))
    let place =
      text.isUpright ? "transform=\"translate(\(x) \(y)) rotate(-90)\"" : "x=\"\(x)\" y=\"\(y)\""
    let anchor =
      switch text.anchor {
      case .start: ""
      case .middle: " text-anchor=\"middle\""
      case .end: " text-anchor=\"end\""
      }
    let size =
      text.size == Shape.Text.ordinarySize ? "" : " font-size=\"\(coordinate(text.size))\""
    return "<text \(place)\(anchor)\(size)\(text.isBold ? " font-weight=\"600\"" : "")"
      + (text.paint == .current ? "" : fill(text.paint))
      + "\(attribute("opacity", text.opacity))\(spaces(text))>\(content(text))</text>"
  }

  /// Some readers drop a space at the beginning of a part, unless told to keep it.
  private static func spaces(_ text: Shape.Text) -> String {
    text.parts.contains(where: \.isSubscript) ? " xml:space=\"preserve\"" : ""
  }

  /// The text with its subscripts lowered, and what follows them raised again.
  private static func content(_ text: Shape.Text) -> String {
    var isLow = false
    return text.parts.map { part in
      defer { isLow = part.isSubscript }
      if part.isSubscript {
        // Lengths in em are of the part's own size.
        return "<tspan dy=\"\(coordinate(TextPart.drop / TextPart.size))em\" "
          + "font-size=\"\(coordinate(TextPart.size))em\">\(escaped(part.text))</tspan>"
      }
      let raise = "<tspan dy=\"\(coordinate(-TextPart.drop))em\">\(escaped(part.text))</tspan>"
      return isLow ? raise : escaped(part.text)
    }.joined()
  }

  // MARK: Attributes

  private static func attribute(_ name: String, _ value: Double) -> String {
    value == 1 ? "" : " \(name)=\"\(coordinate(value))\""
  }

  /// The style sheet knows the background's colour in light and in dark.
  private static func fill(_ paint: Paint) -> String {
    switch paint {
    case .current: " fill=\"currentColor\""
    case .ink: " class=\"ink\""
    case .paper: " class=\"paper\""
    case .color(let color): " fill=\"\(color.hex)\""
    }
  }

  private static func attributes(_ stroke: Stroke) -> String {
    let paint =
      switch stroke.paint {
      case .current: " stroke=\"currentColor\""
      case .ink: " class=\"pen\""
      case .paper: " class=\"halo\""
      case .color(let color): " stroke=\"\(color.hex)\""
      }
    let dash = stroke.dash.map(coordinate).joined(separator: " ")
    return paint + (dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\"")
      + attribute("stroke-width", stroke.width) + " stroke-linejoin=\"round\""
  }

  // MARK: Paths

  private static func data(_ path: Path) -> String {
    var last = Place(x: 0, y: 0)
    return path.steps.map { step in
      switch step {
      case .move(let place):
        last = place
        return "M\(pair(place))"
      case .line(let place):
        defer { last = place }
        if place.x == last.x { return "V\(coordinate(place.y))" }
        return place.y == last.y ? "H\(coordinate(place.x))" : "L\(pair(place))"
      case .curve(let first, let second, let end):
        last = end
        return "C\(pair(first)) \(pair(second)) \(pair(end))"
      case .close: return "z"
      }
    }.joined()
  }

  /// One path with the marker around every place.
  private static func data(_ marker: Path, at places: [Place]) -> String {
    var last = Place(x: 0, y: 0)
    var start = last
    func offset(_ place: Place) -> String { pair(Place(x: place.x - last.x, y: place.y - last.y)) }
    let steps = marker.steps.map { step in
      switch step {
      case .move(let place):
        defer { (last, start) = (place, place) }
        return "m\(offset(place))"
      case .line(let place):
        defer { last = place }
        return "l\(offset(place))"
      case .curve(let first, let second, let end):
        defer { last = end }
        return "c\(offset(first)) \(offset(second)) \(offset(end))"
      case .close:
        last = start
        return "z"
      }
    }.joined()
    return places.map { "M\(pair($0))\(steps)" }.joined()
  }

  private static func pair(_ place: Place) -> String {
    "\(coordinate(place.x)) \(coordinate(place.y))"
  }
}

/// A length to a hundredth, as short as it can be written.
func coordinate(_ value: Double) -> String {
  let isWhole = value == value.rounded() && abs(value) < 1e15
  return isWhole ? "\(Int(value))" : "\((value * 100).rounded() / 100)"
}
