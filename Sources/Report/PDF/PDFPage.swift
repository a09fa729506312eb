/// The operators that draw shapes on a page.
struct PDFPage {
  private(set) var content: String
  /// The images that the content names by their places here.
  private(set) var images: [PNGImage] = []
  /// The opacities that the content names so.
  private(set) var opacities: [Double] = []
  // That of the series around, else the ink.
  private var current = Palette.light.ink

  /// - Parameter height: The page's height; shapes count theirs downwards, a page upwards.
  init(height: Double) {
    content = "1 0 0 -1 0 \(coordinate(height)) cm 1 j\n"
  }

  mutating func draw(_ shapes: [Shape]) {
    for shape in shapes { draw(shape) }
  }

  private mutating func draw(_ shape: Shape) {
    switch shape {
    // An operator that paints must have a path.
    case .area(let path, _, _, _) where path.steps.isEmpty: break
    case .line(let path, _, _) where path.steps.isEmpty: break
    case .markers(let marker, let places) where marker.steps.isEmpty || places.isEmpty: break
    case .area(let path, let paint, let opacity, let isCrisp):
      let color = paint.color(current)
      // A thin line of its own colour covers the seam that readers show between neighbours.
      let seam = isCrisp ? "\(values(color)) RG 0.3 w " : ""
      put("\(values(color)) rg \(seam)\(data(path))\(isCrisp ? "B" : "f")", opacity: opacity)
    case .line(let path, let stroke, let opacity):
      let dash = stroke.dash.map(coordinate).joined(separator: " ")
      put(
        "\(values(stroke.paint.color(current))) RG \(coordinate(stroke.width)) w [\(dash)] 0 d "
          + "\(data(path))S", opacity: opacity)
    case .markers(let marker, let places):
      let color = values(current)
      let paths = places.map { data(marker, at: $0) }.joined(separator: "\n")
      put("\(color) rg \(color) RG 1 w \(paths)B", opacity: 1)
    case .text(let text): draw(text)
    case .image(let pixels): draw(pixels)
    case .group(let group): draw(group)
    }
  }

  private mutating func draw(_ group: Shape.Group) {
    let before = current
    if let color = group.color { current = Palette.light.series[color] }
    if let origin = group.origin {
      content += "q 1 0 0 1 \(pair(origin)) cm\n"
    }
    draw(group.shapes)
    if group.origin != nil { content += "Q\n" }
    current = before
  }

  private mutating func draw(_ pixels: Shape.Pixels) {
    let (width, height) = (coordinate(pixels.width), coordinate(pixels.height))
    guard let image = PNGImage(file: pixels.png) else {
      return draw(pixels.placeholder)
    }
    let index = images.firstIndex(of: image) ?? images.count
    if index == images.count { images.append(image) }
    // An image fills the unit square, from its bottom upwards.
    content +=
      "q \(width) 0 0 -\(height) \(coordinate(pixels.place.x)) "
      + "\(coordinate(pixels.place.y + pixels.height)) cm /I\(index) Do Q\n"
  }

  private mutating func draw(_ text: Shape.Text) {
    let runs = text.parts.flatMap { part in
      PDFFont.runs(part.text, isBold: text.isBold).map {
        (part: part, font: $0.font, codes: $0.codes)
      }
    }
    func size(_ part: TextPart) -> Double {
      part.isSubscript ? text.size * TextPart.size : text.size
    }
    let width = runs.reduce(0) { $0 + $1.font.width($1.codes) * size($1.part) }
    let shift =
      switch text.anchor {
      case .start: 0.0
      case .middle: -width / 2
      case .end: -width
      }
    let place = text.place
    // The page is upside down: letters are turned back.
    let matrix =
      text.isUpright
      ? "0 -1 -1 0 \(coordinate(place.x)) \(coordinate(place.y - shift))"
      : "1 0 0 -1 \(coordinate(place.x + shift)) \(coordinate(place.y))"
    let strings = runs.map { part, font, codes in
      let drop = part.isSubscript ? -TextPart.drop * text.size : 0
      return "/\(font.name) \(coordinate(size(part))) Tf \(coordinate(drop)) Ts "
        + "<\(codes.map(PDFFont.hex).joined())> Tj"
    }
    put(
      "BT \(values(text.paint.color(current))) rg \(matrix) Tm \(strings.joined(separator: " ")) ET",
      opacity: text.opacity)
  }

  /// Operators between a saved state and its return.
  private mutating func put(_ operators: String, opacity: Double) {
    guard opacity != 1 else {
      content += "q \(operators) Q\n"
      return
    }
    let index = opacities.firstIndex(of: opacity) ?? opacities.count
    if index == opacities.count { opacities.append(opacity) }
    content += "q /G\(index) gs \(operators) Q\n"
  }

  private func values(_ color: Color) -> String {
    color.shares.map { "\(($0 * 1000).rounded() / 1000)" }.joined(separator: " ")
  }

  private func pair(_ place: Place) -> String {
    "\(coordinate(place.x)) \(coordinate(place.y))"
  }

  private func data(_ path: Path, at origin: Place = Place(x: 0, y: 0)) -> String {
    func moved(_ place: Place) -> String {
      pair(Place(x: place.x + origin.x, y: place.y + origin.y))
    }
    return path.steps.map { step in
      switch step {
      case .move(let place): "\(moved(place)) m "
      case .line(let place): "\(moved(place)) l "
      case .curve(let first, let second, let end):
        "\(moved(first)) \(moved(second)) \(moved(end)) c "
      case .close: "h "
      }
    }.joined()
  }
}
