import Foundation

/// A pen that makes areas of lines.
struct Pen {
  /// In pixels.
  let width: Double
  /// True if lines end in half circles.
  let isRound: Bool

  /// The areas that a line covers: a rectangle for each stretch and a disc where two meet, all turned
  /// the same way, so that together they cover what any of them does.
  func outline(_ line: [Place]) -> [[Place]] {
    let half = width / 2
    var areas: [[Place]] = []
    for (start, end) in zip(line, line.dropFirst()) {
      let (x, y) = (end.x - start.x, end.y - start.y)
      let length = (x * x + y * y).squareRoot()
      guard length > 0 else { continue }
      let (across, along) = (-y / length * half, x / length * half)
      areas.append(
        Self.turned([
          Place(x: start.x + across, y: start.y + along),
          Place(x: end.x + across, y: end.y + along),
          Place(x: end.x - across, y: end.y - along),
          Place(x: start.x - across, y: start.y - along),
        ]))
    }
    let joints = isRound ? line[...] : line.dropFirst().dropLast()
    areas += joints.map(disc)
    if !isRound, line.count > 2, let first = line.first, first == line.last {
      areas.append(disc(first))
    }
    return areas
  }

  private func disc(_ middle: Place) -> [Place] {
    let sides = max(8, Int(width * 2))
    return Self.turned(
      (0..<sides).map { side in
        let angle = 2 * Double.pi * Double(side) / Double(sides)
        return Place(x: middle.x + cos(angle) * width / 2, y: middle.y + sin(angle) * width / 2)
      })
  }

  /// The same polygon, clockwise on the screen.
  static func turned(_ polygon: [Place]) -> [Place] {
    let area = zip(polygon, polygon.dropFirst() + polygon.prefix(1)).reduce(0) {
      $0 + $1.0.x * $1.1.y - $1.1.x * $1.0.y
    }
    return area < 0 ? polygon.reversed() : polygon
  }

  /// The drawn stretches of a line.
  ///
  /// - Parameters:
  ///   - line: The line.
  ///   - dash: Lengths drawn and left out by turns; empty for the whole line.
  static func dashed(_ line: [Place], _ dash: [Double]) -> [[Place]] {
    guard let first = line.first, dash.contains(where: { $0 > 0 }) else { return [line] }
    var stretches = [[first]]
    var (index, left) = (0, dash[0])
    for (start, end) in zip(line, line.dropFirst()) {
      let length = hypot(end.x - start.x, end.y - start.y)
      var done = 0.0
      while length - done > left {
        done += left
        let share = done / length
        let place = Place(
          x: start.x + (end.x - start.x) * share, y: start.y + (end.y - start.y) * share)
        if index % 2 == 0 {
          stretches[stretches.count - 1].append(place)
        } else {
          stretches.append([place])
        }
        index += 1
        left = dash[index % dash.count]
      }
      left -= length - done
      if index % 2 == 0 { stretches[stretches.count - 1].append(end) }
    }
    return stretches
  }
}
