import Foundation

/// Curves with error bars over a logarithmic axis, as one SVG picture that is read in light and dark.
public struct LinePlot: Sendable {
  public struct Curve: Sendable {
    public var name: String
    public var points: [(x: Double, y: Double, error: Double)]

    public init(_ name: String, _ points: [(x: Double, y: Double, error: Double)]) {
      (self.name, self.points) = (name, points)
    }
  }

  public var title: String
  public var xLabel: String
  public var yLabel: String
  public var curves: [Curve]
  /// Lines across: a name, a value, and half the width of the band around it.
  public var levels: [(name: String, y: Double, error: Double)]

  public init(
    title: String, xLabel: String, yLabel: String, curves: [Curve],
    levels: [(name: String, y: Double, error: Double)] = []
  ) {
    (self.title, self.xLabel, self.yLabel) = (title, xLabel, yLabel)
    (self.curves, self.levels) = (curves, levels)
  }

  // Blue, orange, green and purple that differ in lightness too.
  private static let colors = ["#3b76af", "#d9822b", "#3a8f5c", "#8a63b0"]
  private static let (width, height) = (640.0, 400.0)
  private static let (left, right, top, bottom) = (70.0, 150.0, 40.0, 50.0)

  /// The picture; points that are not finite, or not positive in x, are left out.
  public var svg: String {
    let shown = curves.map { curve in
      curve.points.filter { $0.x > 0 && $0.x.isFinite && $0.y.isFinite && $0.error.isFinite }
    }
    let xs = shown.joined().map { log10($0.x) }
    let ys =
      shown.joined().flatMap { [$0.y - $0.error, $0.y + $0.error] }
      + levels.flatMap { [$0.y - $0.error, $0.y + $0.error] }.filter(\.isFinite)
    let x = Scale(xs, from: Self.left, to: Self.width - Self.right)
    let y = Scale(ys, from: Self.height - Self.bottom, to: Self.top)
    var parts = [head]
    parts += axes(x, y)
    for (index, level) in levels.enumerated() where level.y.isFinite {
      parts.append(line(level, index: index, y))
    }
    for (index, points) in shown.enumerated() { parts += marks(points, index: index, x, y) }
    parts += legend
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }

  private var head: String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 400" role="img" \
    aria-label="\(escaped(title))" font-family="sans-serif" font-size="12" fill="currentColor">
    <style>svg { color: #222; background: #fff } @media (prefers-color-scheme: dark) { \
    svg { color: #ddd; background: #181818 } }</style>
    <title>\(escaped(title))</title>
    <text x="\(Self.left)" y="22" font-size="15">\(escaped(title))</text>
    """
  }

  private func axes(_ x: Scale, _ y: Scale) -> [String] {
    let (end, base) = (Self.width - Self.right, Self.height - Self.bottom)
    var parts = [
      "<path d=\"M\(Self.left) \(Self.top)V\(base)H\(end)\" fill=\"none\" stroke=\"currentColor\"/>"
    ]
    for decade in Int(x.low.rounded(.up))...max(Int(x.low.rounded(.up)), Int(x.high)) {
      let place = x.place(Double(decade))
      let text =
        decade >= 0 && decade < 7 ? String(format: "%.0f", pow(10, Double(decade))) : "1e\(decade)"
      parts.append(
        "<text x=\"\(place)\" y=\"\(base + 18)\" text-anchor=\"middle\">\(text)</text>"
          + "<path d=\"M\(place) \(base)v5\" stroke=\"currentColor\"/>")
    }
    for value in y.ticks {
      let place = y.place(value)
      parts.append(
        "<text x=\"\(Self.left - 8)\" y=\"\(place + 4)\" text-anchor=\"end\">"
          + "\(String(format: "%.6g", value))</text>"
          + "<path d=\"M\(Self.left) \(place)H\(end)\" stroke=\"currentColor\" opacity=\"0.15\"/>")
    }
    parts.append(
      "<text x=\"\((Self.left + end) / 2)\" y=\"\(Self.height - 10)\" text-anchor=\"middle\">"
        + "\(escaped(xLabel))</text>")
    parts.append(
      "<text transform=\"translate(16 \((Self.top + base) / 2)) rotate(-90)\" "
        + "text-anchor=\"middle\">\(escaped(yLabel))</text>")
    return parts
  }

  private func line(_ level: (name: String, y: Double, error: Double), index: Int, _ y: Scale)
    -> String
  {
    let color = Self.colors[(curves.count + index) % Self.colors.count]
    let (high, low) = (y.place(level.y + level.error), y.place(level.y - level.error))
    let end = Self.width - Self.right
    return "<rect x=\"\(Self.left)\" y=\"\(high)\" width=\"\(end - Self.left)\" "
      + "height=\"\(max(low - high, 0))\" fill=\"\(color)\" opacity=\"0.2\"/>"
      + "<path d=\"M\(Self.left) \(y.place(level.y))H\(end)\" stroke=\"\(color)\" "
      + "stroke-dasharray=\"6 3\"/>"
  }

  private func marks(
    _ points: [(x: Double, y: Double, error: Double)], index: Int, _ x: Scale, _ y: Scale
  ) -> [String] {
    let color = Self.colors[index % Self.colors.count]
    let places = points.map { (x: x.place(log10($0.x)), y: y.place($0.y)) }
    let path = places.map { "\($0.x),\($0.y)" }.joined(separator: " ")
    var parts = ["<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(color)\"/>"]
    for (place, point) in zip(places, points) {
      let (low, high) = (y.place(point.y - point.error), y.place(point.y + point.error))
      parts.append(
        "<circle cx=\"\(place.x)\" cy=\"\(place.y)\" r=\"3\" fill=\"\(color)\"/>"
          + "<path d=\"M\(place.x) \(low)V\(high)\" stroke=\"\(color)\"/>")
    }
    return parts
  }

  private var legend: [String] {
    (curves.map(\.name) + levels.map(\.name)).enumerated().map { index, name in
      let place = Self.top + 18 * Double(index)
      let start = Self.width - Self.right + 12
      return "<rect x=\"\(start)\" y=\"\(place - 4)\" width=\"14\" height=\"4\" "
        + "fill=\"\(Self.colors[index % Self.colors.count])\"/>"
        + "<text x=\"\(start + 20)\" y=\"\(place + 3)\">\(escaped(name))</text>"
    }
  }

  private func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: "\"", with: "&quot;")
  }

  /// From values to places in the picture.
  private struct Scale {
    let low: Double
    let high: Double
    let from: Double
    let to: Double

    init(_ values: [Double], from: Double, to: Double) {
      let (least, most) = (values.min() ?? 0, values.max() ?? 1)
      let margin = max((most - least) * 0.05, 1e-9)
      (low, high) = (least - margin, most + margin)
      (self.from, self.to) = (from, to)
    }

    func place(_ value: Double) -> Double {
      ((from + (value - low) / (high - low) * (to - from)) * 10).rounded() / 10
    }

    /// About five round values.
    var ticks: [Double] {
      let step = (high - low) / 5
      let power = pow(10, log10(step).rounded(.down))
      let unit = [1, 2, 5, 10].map { $0 * power }.first { $0 >= step } ?? step
      return stride(from: (low / unit).rounded(.up) * unit, through: high, by: unit).map { $0 }
    }
  }
}
