/// Colours, markers and dashes that tell series apart.
///
/// The eight colours were chosen to differ for readers who confuse red, green or blue as well, and to
/// stand out from white and from near black. Markers change with every series, and dashes once the
/// colours are used up, so that no two of 24 series look alike even in grey.
enum Palette {
  struct Theme: Sendable {
    var ink: String
    var paper: String
    var series: [String]
  }

  static let light = Theme(
    ink: "#1f2429", paper: "#ffffff",
    series: [
      "#17478f", "#e97303", "#137c68", "#a24bd3", "#8a1f3c", "#7b6b00", "#3a9ad8", "#d275a3",
    ])
  static let dark = Theme(
    ink: "#e3e6ea", paper: "#16191d",
    series: [
      "#408dff", "#fa9a2d", "#6cfbc1", "#a86ab7", "#d04a62", "#f0e05a", "#a4d8ff", "#e5aab9",
    ])

  /// The style rules of everything within elements that a selector names.
  static func rules(_ theme: Theme, in scope: String) -> String {
    let series = theme.series.enumerated().map { "\(scope) .c\($0){color:\($1)}" }
    let paper = "\(scope) .paper{fill:\(theme.paper)}\n\(scope) .halo{stroke:\(theme.paper)}"
    return (["\(scope){color:\(theme.ink)}", paper] + series).joined(separator: "\n")
  }

  /// The rules of a picture that stands alone.
  static let style = """
    \(rules(light, in: ".plot"))
    @media (prefers-color-scheme: dark) {
    \(rules(dark, in: ".plot"))
    }
    """

  // Paths that begin and end anywhere around a point, about seven units wide.
  private static let markers = [
    "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z",
    "m-2.7-2.7h5.4v5.4h-5.4z",
    "m0-3.6l3.6 6.2h-7.2z",
    "m-2.8-2.8l5.6 5.6m0-5.6l-5.6 5.6",
    "m0-4l3.4 4l-3.4 4l-3.4-4z",
    "m-3.6 0h7.2m-3.6-3.6v7.2",
  ]
  private static let dashes = ["", "9 3", "9 3 2 3", "5 2 2 2 2 2"]

  /// The look of one series.
  struct Style {
    let color: String
    let dash: String
    private let marker: String

    /// - Parameters:
    ///   - index: The series' place in the plot.
    ///   - color: The place in the palette, where it is another.
    init(_ index: Int, color: Int? = nil, isDashed: Bool = false) {
      let colors = Palette.light.series.count
      self.color = "c\(abs((color ?? index) % colors))"
      marker = Palette.markers[index % Palette.markers.count]
      dash = isDashed ? "3 3" : Palette.dashes[index / colors % Palette.dashes.count]
    }

    /// The attribute of a line, with a space before it; nothing for a solid one.
    var dashAttribute: String { dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\"" }

    /// One path with a marker at every point.
    func markers(_ points: [(x: Double, y: Double)]) -> String {
      let path = points.map { "M\(coordinate($0.x)) \(coordinate($0.y))\(marker)" }.joined()
      return "<path d=\"\(path)\" fill=\"currentColor\" stroke=\"currentColor\"/>"
    }
  }
}

/// A number as short as it can be written.
func coordinate(_ value: Double) -> String {
  let isWhole = value == value.rounded() && abs(value) < 1e15
  return isWhole ? "\(Int(value))" : "\((value * 10).rounded() / 10)"
}
