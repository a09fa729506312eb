import Foundation

/// A font of lines, for pictures made of pixels: a letter is some strokes of a round pen.
enum StrokeFont {
  /// Units of the grid for one of the font's size: capitals are as high as those of Helvetica.
  private static let unitsPerSize = 14 / 0.716
  /// The room between two letters.
  private static let spacing = 3.4

  /// The width of the pen, in units of the font's size.
  static func pen(isBold: Bool) -> Double { isBold ? 0.125 : 0.08 }

  private struct Letter {
    var width: Double
    var strokes: [[Place]]
  }

  private static let letters: [Character: Letter] = drawings.mapValues(letter)

  /// A box, for what the font has no drawing of.
  private static let unknown = letter("7;0,0 7,0 7,14 0,14 0,0")

  private static func letter(_ drawing: String) -> Letter {
    let parts = drawing.split(separator: ";")
    let strokes = parts.dropFirst().map { part -> [Place] in
      let isSmooth = part.hasPrefix("~")
      let places = part.drop { $0 == "~" }.split(separator: " ").map { place -> Place in
        let values = place.split(separator: ",").compactMap { Double($0) }
        return Place(x: values[0], y: values[1])
      }
      return isSmooth ? smoothed(places) : places
    }
    return Letter(width: Double(parts[0]) ?? 0, strokes: strokes)
  }

  /// A curve through places, after Catmull and Rom: at each its direction is that from the place
  /// before to the place after. It is closed where it ends at its start.
  private static func smoothed(_ places: [Place]) -> [Place] {
    let isClosed = places.first == places.last
    let last = places.count - 1
    func place(_ index: Int) -> Place {
      if isClosed { return places[(index + last) % last] }
      return places[min(max(index, 0), last)]
    }
    var result = [places[0]]
    for index in 0..<last {
      let (a, b, c, d) = (place(index - 1), place(index), place(index + 1), place(index + 2))
      func value(_ t: Double, _ path: KeyPath<Place, Double>) -> Double {
        let (a, b, c, d) = (a[keyPath: path], b[keyPath: path], c[keyPath: path], d[keyPath: path])
        return b
          + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
      }
      result += (1...5).map { step in
        Place(x: value(Double(step) / 5, \.x), y: value(Double(step) / 5, \.y))
      }
    }
    return result
  }

  /// The drawing of a letter; of one with accents that there is none of, that without them.
  private static func letter(_ character: Character) -> Letter {
    if let letter = letters[character] { return letter }
    let base = String(character).decomposedStringWithCanonicalMapping.unicodeScalars.first
    return base.flatMap { letters[Character($0)] } ?? unknown
  }

  /// True if there is a drawing of the letter.
  static func has(_ character: Character) -> Bool { letters[character] != nil }

  /// The width of a text of size 1.
  static func width(_ text: String) -> Double {
    text.reduce(0) { $0 + letter($1).width + spacing } / unitsPerSize
  }

  /// The strokes of a text of size 1 that begins at the origin; y grows downwards.
  static func strokes(_ text: String) -> [[Place]] {
    var x = spacing / 2
    var strokes: [[Place]] = []
    for character in text {
      let letter = letter(character)
      strokes += letter.strokes.map { stroke in
        stroke.map { Place(x: ($0.x + x) / unitsPerSize, y: -$0.y / unitsPerSize) }
      }
      x += letter.width + spacing
    }
    return strokes
  }
}
