/// The rectangle into which values are drawn, with its axes.
struct Frame {
  static let (width, height) = (480.0, 300.0)
  /// The room below the rectangle, for ticks and a label.
  private static let foot = 46.0

  let left: Double
  let right: Double
  let top = 10.0
  let bottom: Double
  let y: Scale
  private let yLabel: String

  /// - Parameters:
  ///   - yLabel: The name of the upright axis.
  ///   - height: The height of the drawing.
  ///   - margin: The room at the right.
  ///   - scale: The upright axis, between the lower and the upper end of the rectangle.
  init(
    yLabel: String, height: Double = Frame.height, margin: Double = 12,
    scale: (_ bottom: Double, _ top: Double) -> Scale
  ) {
    self.yLabel = yLabel
    right = Frame.width - margin
    bottom = height - Self.foot
    y = scale(bottom, top)
    left = 36 + (y.ticks.map { textWidth($0.text) }.max() ?? 0)
  }

  var span: Double { right - left }

  func x(_ values: [Double], isLogarithmic: Bool) -> Scale {
    Scale(values, isLogarithmic: isLogarithmic, from: left, to: right)
  }

  /// Lines, ticks and labels.
  func axes(xLabel: String, _ ticks: [(place: Double, text: String)]) -> [Shape] {
    var shapes: [Shape] = []
    for tick in y.ticks {
      let place = y.place(tick.value)
      shapes += [
        .text(tick.text, x: left - 8, y: place + 4.5, anchor: .end),
        .line(
          Path(from: Place(x: left, y: place), to: Place(x: right, y: place)), opacity: 0.15),
      ]
    }
    for tick in ticks {
      shapes += [
        .text(tick.text, x: tick.place, y: bottom + 20, anchor: .middle),
        .line(
          Path(from: Place(x: tick.place, y: bottom), to: Place(x: tick.place, y: bottom + 5))),
      ]
    }
    shapes += [
      .line(
        Path([Place(x: left, y: top), Place(x: left, y: bottom), Place(x: right, y: bottom)])),
      .text(
        shortened(xLabel, to: span), x: (left + right) / 2, y: bottom + 39, anchor: .middle,
        hasSubscripts: true),
      Self.upright(yLabel, x: 16, middle: (top + bottom) / 2, length: bottom - top + 20),
    ]
    return shapes
  }

  /// The ticks of a scale along the bottom, as many as have room.
  func ticks(of scale: Scale) -> [(place: Double, text: String)] {
    var end = -Double.infinity
    return scale.ticks.compactMap { value, text in
      let place = scale.place(value)
      guard place - textWidth(text) / 2 > end + 6 else { return nil }
      end = place + textWidth(text) / 2
      return (place, text)
    }
  }

  /// The name of an upright axis, which is read from below.
  static func upright(_ text: String, x: Double, middle: Double, length: Double) -> Shape {
    .text(
      Shape.Text(
        text: shortened(text, to: length), place: Place(x: x, y: middle), anchor: .middle,
        isUpright: true, hasSubscripts: true))
  }
}
