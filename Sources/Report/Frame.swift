/// The rectangle into which values are drawn, with its axes.
struct Frame {
  static let (width, height) = (480.0, 300.0)

  let left: Double
  let right: Double
  let top = 10.0
  let bottom = Frame.height - 46
  let y: Scale
  private let yLabel: String

  /// - Parameter margin: The room at the right.
  init(
    yLabel: String, _ values: [Double], isLogarithmic: Bool, base: Double? = nil,
    margin: Double = 12
  ) {
    self.yLabel = yLabel
    right = Frame.width - margin
    y = Scale(values, isLogarithmic: isLogarithmic, from: bottom, to: top, base: base)
    left = 36 + (y.ticks.map { textWidth($0.text) }.max() ?? 0)
  }

  var span: Double { right - left }

  func x(_ values: [Double], isLogarithmic: Bool) -> Scale {
    Scale(values, isLogarithmic: isLogarithmic, from: left, to: right)
  }

  /// Lines, ticks and labels.
  func axes(xLabel: String, _ ticks: [(place: Double, text: String)]) -> [String] {
    var parts: [String] = []
    for tick in y.ticks {
      let place = y.place(tick.value)
      parts.append(
        "<text x=\"\(coordinate(left - 8))\" y=\"\(coordinate(place + 4.5))\" "
          + "text-anchor=\"end\">\(tick.text)</text><path d=\"M\(coordinate(left)) "
          + "\(coordinate(place))H\(coordinate(right))\" stroke=\"currentColor\" opacity=\"0.15\"/>"
      )
    }
    for tick in ticks {
      parts.append(
        "<text x=\"\(coordinate(tick.place))\" y=\"\(coordinate(bottom + 20))\" "
          + "text-anchor=\"middle\">\(escaped(tick.text))</text><path d=\"M\(coordinate(tick.place)) "
          + "\(coordinate(bottom))v5\" stroke=\"currentColor\"/>")
    }
    parts.append(
      "<path d=\"M\(coordinate(left)) \(coordinate(top))V\(coordinate(bottom))"
        + "H\(coordinate(right))\" fill=\"none\" stroke=\"currentColor\"/>")
    parts.append(
      "<text x=\"\(coordinate((left + right) / 2))\" y=\"\(coordinate(bottom + 39))\" "
        + "text-anchor=\"middle\">\(escaped(shortened(xLabel, to: span)))</text>")
    parts.append(Self.upright(yLabel, x: 16, middle: (top + bottom) / 2, length: bottom - top + 20))
    return parts
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

  /// A text that is read from below.
  static func upright(_ text: String, x: Double, middle: Double, length: Double) -> String {
    "<text transform=\"translate(\(coordinate(x)) \(coordinate(middle))) rotate(-90)\" "
      + "text-anchor=\"middle\">\(escaped(shortened(text, to: length)))</text>"
  }
}
