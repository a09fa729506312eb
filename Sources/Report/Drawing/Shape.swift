import Foundation

/// A place in a drawing; y grows downwards.
struct Place: Hashable {
  var x: Double
  var y: Double
}

/// Lines and curves through places.
struct Path: Hashable {
  enum Step: Hashable {
    case move(Place)
    case line(Place)
    /// Cubic, with both control points before its end.
    case curve(Place, Place, Place)
    case close
  }

  private(set) var steps: [Step] = []

  init() {}

  /// Straight lines from one place to the next.
  init(_ places: [Place]) {
    for place in places { steps.append(steps.isEmpty ? .move(place) : .line(place)) }
  }

  /// A line.
  init(from start: Place, to end: Place) { self.init([start, end]) }

  init(x: Double, y: Double, width: Double, height: Double) {
    addRectangle(x: x, y: y, width: width, height: height)
  }

  mutating func move(_ x: Double, _ y: Double) { steps.append(.move(Place(x: x, y: y))) }

  mutating func line(_ x: Double, _ y: Double) { steps.append(.line(Place(x: x, y: y))) }

  mutating func close() { steps.append(.close) }

  mutating func addRectangle(x: Double, y: Double, width: Double, height: Double) {
    move(x, y)
    line(x + width, y)
    line(x + width, y + height)
    line(x, y + height)
    close()
  }

  /// A circle around the origin.
  static func circle(radius: Double) -> Path {
    // The control points with which cubic curves come closest to quarters of a circle.
    let handle = 0.5523 * radius
    let ends = [(1.0, 0.0), (0, 1), (-1, 0), (0, -1), (1, 0)]
    var path = Path()
    path.move(radius, 0)
    for (start, end) in zip(ends, ends.dropFirst()) {
      path.steps.append(
        .curve(
          Place(x: start.0 * radius + end.0 * handle, y: start.1 * radius + end.1 * handle),
          Place(x: end.0 * radius + start.0 * handle, y: end.1 * radius + start.1 * handle),
          Place(x: end.0 * radius, y: end.1 * radius)))
    }
    path.close()
    return path
  }
}

/// The colour of a shape.
enum Paint: Hashable {
  /// That of the series around it, else the ink.
  case current
  /// That of texts and axes.
  case ink
  /// That of the background.
  case paper
  case color(Color)

  /// Its colour on white.
  ///
  /// - Parameter current: That of the series around.
  func color(_ current: Color) -> Color {
    switch self {
    case .current: current
    case .ink: Palette.light.ink
    case .paper: Palette.light.paper
    case .color(let color): color
    }
  }
}

/// The pen of a line.
struct Stroke: Hashable {
  var paint = Paint.current
  var width = 1.0
  /// Lengths drawn and left out by turns; empty for a solid line.
  var dash: [Double] = []
}

/// The elements of drawings, whatever file they become.
enum Shape: Hashable {
  /// An area; a crisp one has no seam to its neighbours.
  case area(Path, paint: Paint = .current, opacity: Double = 1, isCrisp: Bool = false)
  case line(Path, Stroke = Stroke(), opacity: Double = 1)
  /// The same small path around many places, its areas filled and its lines drawn.
  case markers(Path, at: [Place])
  case text(Text)
  case image(Pixels)
  case group(Group)

  struct Text: Hashable {
    enum Anchor: Hashable { case start, middle, end }

    var text: String
    var place: Place
    var anchor = Anchor.start
    var size = Text.ordinarySize
    var isBold = false
    /// True if it is read from below.
    var isUpright = false
    var paint = Paint.current
    var opacity = 1.0
    /// True if the k of `L_k` is a subscript: not in names, which stay as they are.
    var hasSubscripts = false

    var parts: [TextPart] {
      hasSubscripts ? textParts(text) : [TextPart(text: text, isSubscript: false)]
    }

    static let ordinarySize = 13.0
  }

  /// Shapes that belong together.
  struct Group: Hashable {
    var shapes: [Shape]
    /// The place in the palette of what has no paint of its own; nil for that of the surroundings.
    var color: Int?
    /// The number of the series, by which a page hides it; nil for none.
    var series: Int?
    /// The place of the group's origin.
    var origin: Place?
  }

  /// A file in the PNG format, stretched over a rectangle without smoothing.
  struct Pixels: Hashable {
    var png: Data
    var place: Place
    var width: Double
    var height: Double

    /// A grey box, in place of a file that cannot be read.
    var placeholder: Shape {
      .area(Path(x: place.x, y: place.y, width: width, height: height), opacity: 0.15)
    }
  }

  static func text(
    _ text: String, x: Double, y: Double, anchor: Text.Anchor = .start,
    size: Double = Text.ordinarySize, hasSubscripts: Bool = false
  ) -> Shape {
    .text(
      Text(
        text: text, place: Place(x: x, y: y), anchor: anchor, size: size,
        hasSubscripts: hasSubscripts))
  }
}
