import Foundation

/// The fonts of a page, which every reader of PDF has.
enum PDFFont: String, CaseIterable {
  case regular = "Helvetica"
  case bold = "Helvetica-Bold"
  /// Greek and signs of mathematics, in an encoding of its own.
  case symbol = "Symbol"

  /// The name within a page.
  var name: String {
    switch self {
    case .regular: "F1"
    case .bold: "F2"
    case .symbol: "F3"
    }
  }

  /// Stretches of a text that are in one font each, as codes of its encoding; a letter that no font
  /// has is a question mark.
  static func runs(_ text: String, isBold: Bool) -> [(font: PDFFont, codes: [UInt8])] {
    var runs: [(font: PDFFont, codes: [UInt8])] = []
    for scalar in text.precomposedStringWithCanonicalMapping.unicodeScalars {
      let letters = isBold ? PDFFont.bold : .regular
      let (font, code): (PDFFont, UInt8) =
        if let code = winAnsi(scalar) {
          (letters, code)
        } else if let code = symbols[scalar] {
          (.symbol, code)
        } else {
          (letters, 0x3f)
        }
      if runs.last?.font == font {
        runs[runs.count - 1].codes.append(code)
      } else {
        runs.append((font, [code]))
      }
    }
    return runs
  }

  static func hex(_ code: UInt8) -> String {
    let text = String(code, radix: 16, uppercase: true)
    return text.count == 1 ? "0" + text : text
  }

  /// The code in the encoding of letters: that of Windows, code page 1252.
  private static func winAnsi(_ scalar: Unicode.Scalar) -> UInt8? {
    switch scalar.value {
    case 0x20...0x7e, 0xa0...0xff: UInt8(scalar.value)
    // A minus sign is a hyphen, which is as wide as digits want it.
    case 0x2212: 0x2d
    default: punctuation[scalar]
    }
  }

  private static let punctuation: [Unicode.Scalar: UInt8] = [
    "€": 0x80, "‚": 0x82, "ƒ": 0x83, "„": 0x84, "…": 0x85, "†": 0x86, "‡": 0x87, "‰": 0x89,
    "Š": 0x8a, "Œ": 0x8c, "Ž": 0x8e, "‘": 0x91, "’": 0x92, "“": 0x93, "”": 0x94, "•": 0x95,
    "–": 0x96, "—": 0x97, "™": 0x99, "š": 0x9a, "œ": 0x9c, "ž": 0x9e, "Ÿ": 0x9f,
  ]

  /// The codes of what the symbol font alone has. Greek letters lie where the Latin ones of about
  /// the same sound do.
  private static let symbols: [Unicode.Scalar: UInt8] = {
    var codes: [Unicode.Scalar: UInt8] = [
      "≤": 0xa3, "∞": 0xa5, "→": 0xae, "≥": 0xb3, "∝": 0xb5, "≠": 0xb9, "≈": 0xbb, "∈": 0xce,
      "∏": 0xd5, "√": 0xd6, "∑": 0xe5, "∫": 0xf2, "∂": 0xb6, "∇": 0xd1,
    ]
    for (greek, latin) in zip(greek.unicodeScalars, latin.utf8) { codes[greek] = latin }
    return codes
  }()
  private static let greek = "αβγδεζηθικλμνξοπρστυφχψωςΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ"
  private static let latin = "abgdezhqiklmnxoprstufcywVABGDEZHQIKLMNXOPRSTUFCYW"
}

// MARK: Widths

extension PDFFont {
  /// The width of some letters in units of the font's size. That of bold letters is taken for that of
  /// regular ones: digits are as wide, and nothing else bold is centred.
  func width(_ codes: [UInt8]) -> Double {
    codes.reduce(0) { $0 + (self == .symbol ? 0.55 : Self.width($1)) }
  }

  private static func width(_ code: UInt8) -> Double {
    switch code {
    case 0x20...0x7e: Double(widths[Int(code) - 0x20]) / 1000
    case 0x85, 0x89, 0x97, 0x99: 1
    case 0xb1, 0xd7, 0xf7: 0.584
    case 0xb7: 0.278
    // Most are small letters with an accent.
    case 0xc0...0xdf: 0.7
    default: 0.556
    }
  }

  /// Thousandths of the size, of the letters from space to tilde, as Adobe's metrics of Helvetica
  /// have them.
  private static let widths: [Int] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722,
    722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722,
    667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556,
    556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500,
    500, 334, 260, 334, 584,
  ]
}
