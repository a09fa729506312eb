import Foundation

extension Canvas {
  mutating func draw(_ shapes: [Shape]) {
    for shape in shapes { draw(shape) }
  }

  private mutating func draw(_ shape: Shape) {
    switch shape {
    case .area(let path, let paint, let opacity, let isCrisp):
      var polygons = outlines(path)
      if isCrisp {
        polygons = polygons.map { $0.map { Place(x: $0.x.rounded(), y: $0.y.rounded()) } }
      }
      fill(polygons, paint.color(current), opacity: opacity)
    case .line(let path, let stroke, let opacity):
      let pen = Pen(width: stroke.width * Self.scale, isRound: false)
      let lines = outlines(path).flatMap { Pen.dashed($0, stroke.dash.map { $0 * Self.scale }) }
      fill(lines.flatMap(pen.outline), stroke.paint.color(current), opacity: opacity)
    case .markers(let marker, let places):
      let pen = Pen(width: Self.scale, isRound: false)
      let polygons = places.flatMap { place -> [[Place]] in
        let outlines = outlines(marker, at: place)
        return outlines.filter { $0.count > 2 }.map(Pen.turned) + outlines.flatMap(pen.outline)
      }
      fill(polygons, current, opacity: 1)
    case .text(let text): draw(text)
    case .image(let pixels):
      if let image = PNGImage(file: pixels.png) {
        put(image, pixels)
      } else {
        draw(pixels.placeholder)
      }
    case .group(let group): draw(group)
    }
  }

  private mutating func draw(_ group: Shape.Group) {
    let before = (origin, current)
    if let color = group.color { current = Palette.light.series[color] }
    if let place = group.origin { origin = Place(x: origin.x + place.x, y: origin.y + place.y) }
    draw(group.shapes)
    (origin, current) = before
  }

  private mutating func draw(_ text: Shape.Text) {
    let parts = text.parts
    func size(_ part: TextPart) -> Double {
      part.isSubscript ? text.size * TextPart.size : text.size
    }
    let width = parts.reduce(0) { $0 + StrokeFont.width($1.text) * size($1) }
    var along =
      switch text.anchor {
      case .start: 0.0
      case .middle: -width / 2
      case .end: -width
      }
    for part in parts {
      let (size, drop) = (size(part), part.isSubscript ? TextPart.drop * text.size : 0)
      let lines = StrokeFont.strokes(part.text).map { stroke in
        stroke.map { place in
          let (x, y) = (along + place.x * size, drop + place.y * size)
          return pixel(
            Place(
              x: text.place.x + (text.isUpright ? y : x),
              y: text.place.y + (text.isUpright ? -x : y)
            ))
        }
      }
      let pen = Pen(width: StrokeFont.pen(isBold: text.isBold) * size * Self.scale, isRound: true)
      fill(lines.flatMap(pen.outline), text.paint.color(current), opacity: text.opacity)
      along += StrokeFont.width(part.text) * size
    }
  }

  private func pixel(_ place: Place) -> Place {
    Place(x: (place.x + origin.x) * Self.scale, y: (place.y + origin.y) * Self.scale)
  }

  /// The lines of a path in pixels, its curves as many short ones; one for each of its parts.
  private func outlines(_ path: Path, at place: Place = Place(x: 0, y: 0)) -> [[Place]] {
    var outlines: [[Place]] = []
    func moved(_ other: Place) -> Place {
      pixel(Place(x: place.x + other.x, y: place.y + other.y))
    }
    for step in path.steps {
      switch step {
      case .move(let place): outlines.append([moved(place)])
      case .line(let place): outlines[outlines.count - 1].append(moved(place))
      case .curve(let first, let second, let end):
        guard let start = outlines.last?.last else { continue }
        let (a, b, c) = (moved(first), moved(second), moved(end))
        outlines[outlines.count - 1] += (1...10).map { step in
          let t = Double(step) / 10
          let s = 1 - t
          let weights = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t]
          return Place(
            x: zip(weights, [start, a, b, c]).reduce(0) { $0 + $1.0 * $1.1.x },
            y: zip(weights, [start, a, b, c]).reduce(0) { $0 + $1.0 * $1.1.y })
        }
      case .close:
        if let first = outlines.last?.first { outlines[outlines.count - 1].append(first) }
      }
    }
    return outlines
  }
}
