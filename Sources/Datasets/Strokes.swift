import Compute
import IWAE

/// Handwritten-like digits, drawn procedurally: pen strokes with jitter, slant and thickness,
/// anti-aliased on 28 by 28 pixels. Image n depends on the seed and n alone.
public struct Strokes: Sendable {
  public static let side = 28

  private struct Point {
    var x: Double
    var y: Double
  }

  public init() {}

  /// Images, labelled with their digits.
  public func images(count: Int, seed: UInt64) -> ImageSet {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(count * Self.side * Self.side)
    var labels: [Int] = []
    for index in 0..<count {
      let address = NoiseAddress(seed: seed, purpose: .data, time: 4, image: UInt32(index))
      let digit = Int(address.word(column: 0) % 10)
      labels.append(digit)
      pixels += draw(digit, address)
    }
    return ImageSet(
      name: "strokes", values: .bytes(pixels), width: Self.side * Self.side, height: Self.side,
      labels: labels)
  }

  /// The strokes of each digit, as control points of a smooth curve in a unit square whose y points
  /// down. Several entries are several hands.
  private static let forms: [[[[(Double, Double)]]]] = [
    [
      [
        [
          (0.62, 0.06), (0.3, 0.14), (0.2, 0.5), (0.32, 0.9), (0.6, 0.94), (0.8, 0.6), (0.76, 0.2),
          (0.58, 0.05),
        ]
      ]
    ],
    [
      [[(0.52, 0.04), (0.5, 0.5), (0.48, 0.96)]],
      [[(0.34, 0.24), (0.54, 0.05), (0.53, 0.5), (0.5, 0.96)]],
    ],
    [
      [
        [
          (0.22, 0.26), (0.4, 0.06), (0.7, 0.12), (0.72, 0.4), (0.45, 0.7), (0.2, 0.92),
          (0.24, 0.93), (0.52, 0.9), (0.84, 0.92),
        ]
      ],
      [
        [
          (0.24, 0.22), (0.5, 0.05), (0.74, 0.22), (0.6, 0.55), (0.3, 0.86), (0.22, 0.78),
          (0.4, 0.76), (0.62, 0.94), (0.86, 0.84),
        ]
      ],
    ],
    [
      [
        [
          (0.24, 0.14), (0.5, 0.05), (0.74, 0.16), (0.66, 0.4), (0.42, 0.47), (0.44, 0.48),
          (0.74, 0.56), (0.76, 0.82), (0.48, 0.96), (0.2, 0.84),
        ]
      ]
    ],
    [
      [
        [(0.34, 0.05), (0.26, 0.36), (0.24, 0.56), (0.5, 0.58), (0.8, 0.54)],
        [(0.68, 0.2), (0.64, 0.55), (0.6, 0.96)],
      ],
      [
        [(0.62, 0.05), (0.4, 0.32), (0.16, 0.64), (0.2, 0.66), (0.5, 0.64), (0.86, 0.62)],
        [(0.64, 0.06), (0.62, 0.5), (0.6, 0.96)],
      ],
    ],
    [
      [
        [
          (0.34, 0.08), (0.3, 0.26), (0.28, 0.44), (0.3, 0.45), (0.52, 0.4), (0.76, 0.56),
          (0.7, 0.86), (0.44, 0.96), (0.2, 0.86),
        ], [(0.34, 0.08), (0.56, 0.08), (0.78, 0.06)],
      ]
    ],
    [
      [
        [
          (0.66, 0.05), (0.4, 0.24), (0.24, 0.6), (0.34, 0.92), (0.62, 0.94), (0.74, 0.7),
          (0.56, 0.54), (0.36, 0.62), (0.28, 0.76),
        ]
      ]
    ],
    [
      [[(0.2, 0.1), (0.5, 0.09), (0.8, 0.08), (0.79, 0.1), (0.6, 0.5), (0.46, 0.96)]],
      [
        [(0.2, 0.12), (0.5, 0.09), (0.8, 0.08), (0.79, 0.1), (0.6, 0.5), (0.46, 0.96)],
        [(0.36, 0.52), (0.56, 0.5), (0.74, 0.5)],
      ],
    ],
    [
      [
        [
          (0.68, 0.18), (0.48, 0.05), (0.28, 0.2), (0.4, 0.42), (0.66, 0.58), (0.74, 0.8),
          (0.5, 0.96), (0.26, 0.8), (0.38, 0.56), (0.62, 0.38), (0.7, 0.18),
        ]
      ]
    ],
    [
      [
        [
          (0.72, 0.26), (0.5, 0.06), (0.28, 0.24), (0.36, 0.48), (0.62, 0.44), (0.73, 0.22),
          (0.72, 0.25), (0.68, 0.6), (0.6, 0.96),
        ]
      ]
    ],
  ]

  private func draw(_ digit: Int, _ address: NoiseAddress) -> [UInt8] {
    var column = 1
    /// A standard normal number, kept within two and a half deviations.
    func normal() -> Double {
      column += 1
      return min(max(Double(address.normal(column: column)), -2.5), 2.5)
    }
    let hands = Self.forms[digit]
    let hand = hands[Int(address.word(column: 1)) % hands.count]
    let slant = 0.18 * normal() + 0.08
    let turn = 0.07 * normal()
    let (width, height) = (17.5 * (1 + 0.1 * normal()), 20.0 * (1 + 0.05 * normal()))
    let (shiftX, shiftY) = (0.7 * normal(), 0.6 * normal())
    let thickness = 1.15 + 0.25 * normal()
    let pressure = 0.12 * normal()
    var segments: [(Point, Point)] = []
    for stroke in hand {
      let points = stroke.map { x, y in
        let (u, v) = (x - 0.5 + 0.025 * normal(), y - 0.5 + 0.022 * normal())
        return Point(
          x: 14 + shiftX + width * (u - slant * v) - height * turn * v,
          y: 14 + shiftY + height * v + width * turn * u)
      }
      segments += curve(points)
    }
    return rasterize(segments, thickness: thickness, pressure: pressure)
  }

  /// A smooth curve through points (Catmull and Rom), as short straight pieces.
  private func curve(_ points: [Point]) -> [(Point, Point)] {
    var result: [(Point, Point)] = []
    var last = points[0]
    for index in 0..<points.count - 1 {
      let p = (-1...2).map { points[min(max(index + $0, 0), points.count - 1)] }
      for step in 1...6 {
        let t = Double(step) / 6
        func blend(_ a: Double, _ b: Double, _ c: Double, _ d: Double) -> Double {
          0.5
            * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t
              + (3 * b - a - 3 * c + d) * t * t * t)
        }
        let next = Point(
          x: blend(p[0].x, p[1].x, p[2].x, p[3].x), y: blend(p[0].y, p[1].y, p[2].y, p[3].y))
        result.append((last, next))
        last = next
      }
    }
    return result
  }

  /// Ink falls off over one pixel around the edge of the pen, which is thinner at the ends of a
  /// stroke or in its middle.
  private func rasterize(
    _ segments: [(Point, Point)], thickness: Double, pressure: Double
  ) -> [UInt8] {
    let side = Self.side
    var ink = [Double](repeating: 0, count: side * side)
    for (index, segment) in segments.enumerated() {
      let (a, b) = segment
      let along = 2 * Double(index) / Double(max(segments.count - 1, 1)) - 1
      let radius = max(0.6, thickness + pressure * (1 - 2 * along * along))
      let reach = radius + 1
      let rows = pixelRange(min(a.y, b.y) - reach, max(a.y, b.y) + reach)
      let columns = pixelRange(min(a.x, b.x) - reach, max(a.x, b.x) + reach)
      let (dx, dy) = (b.x - a.x, b.y - a.y)
      let length = max(dx * dx + dy * dy, 1e-12)
      for row in rows {
        for column in columns {
          let (px, py) = (Double(column) + 0.5 - a.x, Double(row) + 0.5 - a.y)
          let t = min(max((px * dx + py * dy) / length, 0), 1)
          let (ex, ey) = (px - t * dx, py - t * dy)
          let distance = (ex * ex + ey * ey).squareRoot()
          let value = min(max(radius + 0.5 - distance, 0), 1)
          ink[row * side + column] = max(ink[row * side + column], value)
        }
      }
    }
    return ink.map { UInt8(($0 * 255).rounded()) }
  }

  private func pixelRange(_ low: Double, _ high: Double) -> Range<Int> {
    let first = min(max(Int(low.rounded(.down)), 0), Self.side)
    return first..<min(max(Int(high.rounded(.up)), first), Self.side)
  }
}
