/// Colours, markers and dashes that tell series apart.
///
/// The twelve colours were chosen to differ for readers who confuse red, green or blue as well, and
/// to stand out from white and from near black. Markers change with every series, and dashes once
/// the markers are used up, so that no two of 24 series look alike even in grey.
enum Palette {
  struct Theme: Sendable {
    var ink: Color
    var paper: Color
    var series: [Color]
  }

  static let light = Theme(
    ink: Color(hex: 0x1f2429), paper: Color(hex: 0xffffff),
    series: [
      0x17478f, 0xe97303, 0x137c68, 0xa24bd3, 0x8a1f3c, 0x7b6b00, 0x3a9ad8, 0xd275a3, 0xe00060,
      0x0000ff, 0xc840a0, 0x7000c8,
    ].map(Color.init))
  static let dark = Theme(
    ink: Color(hex: 0xe3e6ea), paper: Color(hex: 0x16191d),
    series: [
      0x408dff, 0xfa9a2d, 0x6cfbc1, 0xa86ab7, 0xd04a62, 0xf0e05a, 0xa4d8ff, 0xe5aab9, 0xa04088,
      0x1058e8, 0x607010, 0xb890c8,
    ].map(Color.init))

  /// The style rules of everything within elements that a selector names.
  static func rules(_ theme: Theme, in scope: String) -> String {
    let fixed = [
      ("paper", "fill", theme.paper), ("halo", "stroke", theme.paper), ("ink", "fill", theme.ink),
      ("pen", "stroke", theme.ink),
    ].map { "\(scope) .\($0){\($1):\($2.hex)}" }
    let series = theme.series.enumerated().map { "\(scope) .c\($0){color:\($1.hex)}" }
    return (["\(scope){color:\(theme.ink.hex)}"] + fixed + series).joined(separator: "\n")
  }

  /// The rules of a picture that stands alone.
  static let style = """
    \(rules(light, in: ".plot"))
    @media (prefers-color-scheme: dark) {
    \(rules(dark, in: ".plot"))
    }
    """

  // Around the origin, about seven units wide.
  private static let markers: [Path] = [
    .circle(radius: 3),
    shape([(-2.7, -2.7), (2.7, -2.7), (2.7, 2.7), (-2.7, 2.7)]),
    shape([(0, -3.6), (3.6, 2.6), (-3.6, 2.6)]),
    cross([(-2.8, -2.8), (2.8, 2.8)], [(2.8, -2.8), (-2.8, 2.8)]),
    shape([(0, -4), (3.4, 0), (0, 4), (-3.4, 0)]),
    cross([(-3.6, 0), (3.6, 0)], [(0, -3.6), (0, 3.6)]),
  ]
  private static let dashes: [[Double]] = [[], [9, 3], [9, 3, 2, 3], [5, 2, 2, 2, 2, 2]]

  private static func shape(_ corners: [(Double, Double)]) -> Path {
    var path = Path(corners.map { Place(x: $0.0, y: $0.1) })
    path.close()
    return path
  }

  private static func cross(_ lines: [(Double, Double)]...) -> Path {
    var path = Path()
    for line in lines {
      path.move(line[0].0, line[0].1)
      path.line(line[1].0, line[1].1)
    }
    return path
  }

  /// The look of one series.
  struct Style {
    /// The place in the palette.
    let color: Int
    let dash: [Double]
    let marker: Path

    /// - Parameters:
    ///   - index: The series' place in the plot.
    ///   - color: The place in the palette, where it is another.
    init(_ index: Int, color: Int? = nil, isDashed: Bool = false) {
      let colors = Palette.light.series.count
      self.color = abs((color ?? index) % colors)
      marker = Palette.markers[index % Palette.markers.count]
      dash =
        isDashed ? [3, 3] : Palette.dashes[index / Palette.markers.count % Palette.dashes.count]
    }

    /// Its marker in the middle of a legend's box.
    var swatch: Shape { .markers(marker, at: [Place(x: 13, y: 6)]) }
  }
}
