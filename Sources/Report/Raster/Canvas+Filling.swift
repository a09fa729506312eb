extension Canvas {
  /// Rows within a row of pixels, each of which is measured exactly along its length.
  private static let rowsPerPixel = 6

  /// A place where a polygon's edge crosses a row, and its direction: 1 downwards, -1 upwards.
  private struct Crossing {
    var x: Double
    var direction: Int
  }

  /// Fills polygons in pixels: what any of them winds around is inside.
  mutating func fill(_ polygons: [[Place]], _ color: Color, opacity: Double) {
    let ys = polygons.joined().map(\.y)
    guard let least = ys.min(), let most = ys.max(), least.isFinite, most.isFinite else { return }
    let top = Int(max(least, 0))
    let bottom = min(Int(min(most, Double(height))) + 1, height)
    guard top < bottom else { return }
    let crossings = crossings(polygons, top: top, bottom: bottom)
    for row in top..<bottom {
      let first = (row - top) * Self.rowsPerPixel
      let lines = crossings[first..<first + Self.rowsPerPixel].map { line in
        line.sorted { $0.x < $1.x }
      }
      guard let left = lines.compactMap(\.first?.x).min(),
        let right = lines.compactMap(\.last?.x).max()
      else { continue }
      let start = Int(min(max(left, 0), Double(width)))
      let end = min(Int(min(max(right, 0), Double(width))) + 1, width)
      guard start < end else { continue }
      var coverage = [Float](repeating: 0, count: end - start)
      for line in lines { Self.add(line, from: start, to: &coverage) }
      mix(coverage, from: start, row: row, color, opacity: opacity)
    }
  }

  /// The places at which edges cross the middles of the rows within pixels.
  private func crossings(_ polygons: [[Place]], top: Int, bottom: Int) -> [[Crossing]] {
    let rows = Double(Self.rowsPerPixel)
    var result = [[Crossing]](repeating: [], count: (bottom - top) * Self.rowsPerPixel)
    for polygon in polygons {
      for (index, start) in polygon.enumerated() {
        let end = polygon[(index + 1) % polygon.count]
        guard start.y != end.y else { continue }
        let (upper, lower) = start.y < end.y ? (start, end) : (end, start)
        let first = ((upper.y - Double(top)) * rows - 0.5).rounded(.up)
        let last = ((lower.y - Double(top)) * rows - 0.5).rounded(.up)
        let from = Int(min(max(first, 0), Double(result.count)))
        let to = Int(min(max(last, 0), Double(result.count)))
        guard from < to else { continue }
        let slope = (lower.x - upper.x) / (lower.y - upper.y)
        for row in from..<to {
          let y = (Double(row) + 0.5) / rows + Double(top)
          result[row].append(
            Crossing(
              x: upper.x + (y - upper.y) * slope, direction: start.y < end.y ? 1 : -1))
        }
      }
    }
    return result
  }

  /// Adds the covered parts of pixels between crossings.
  private static func add(_ line: [Crossing], from start: Int, to coverage: inout [Float]) {
    let share = 1 / Float(rowsPerPixel)
    var winding = 0
    for (crossing, next) in zip(line, line.dropFirst()) {
      winding += crossing.direction
      guard winding != 0 else { continue }
      let left = max(crossing.x - Double(start), 0)
      let right = min(next.x - Double(start), Double(coverage.count))
      guard left < right else { continue }
      let (first, last) = (Int(left), min(Int(right), coverage.count - 1))
      if first == last {
        coverage[first] += share * Float(right - left)
        continue
      }
      coverage[first] += share * Float(Double(first + 1) - left)
      for pixel in first + 1..<max(last, first + 1) { coverage[pixel] += share }
      coverage[last] += share * Float(right - Double(last))
    }
  }
}
