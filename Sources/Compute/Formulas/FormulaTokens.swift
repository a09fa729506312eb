/// A formula's text, cut into tokens from left to right.
struct FormulaTokens {
  enum Token: Hashable {
    case number(Double, text: String)
    case name(String)
    /// Any other character.
    case symbol(Unicode.Scalar)
    case end

    /// The token as an error message quotes it.
    var quoted: String {
      switch self {
      case .number(_, let text): "'\(text)'"
      case .name(let name): "'\(name)'"
      case .symbol(let symbol): "'\(symbol.escaped(asASCII: false))'"
      case .end: "end"
      }
    }
  }

  private let text: [Unicode.Scalar]
  private var next = 0
  private(set) var token = Token.end
  /// The token's position, counted from 1.
  private(set) var position = 1

  init(_ text: [Unicode.Scalar]) throws(FormulaError) {
    self.text = text
    try advance()
  }

  mutating func advance() throws(FormulaError) {
    skip { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" }
    position = next + 1
    guard let first = character(0) else {
      token = .end
      return
    }
    if first.isDigit || (first == "." && character(1)?.isDigit == true) {
      token = try number()
    } else if first.startsName {
      token = .name(text(of: { $0.continuesName }))
    } else {
      token = .symbol(first)
      next += 1
    }
  }

  /// Digits, a fraction and an exponent; a dot or an `e` without digits after it is not part of
  /// the number.
  private mutating func number() throws(FormulaError) -> Token {
    let start = next
    skip(\.isDigit)
    if character(0) == ".", character(1)?.isDigit == true {
      next += 1
      skip(\.isDigit)
    }
    if character(0) == "e" || character(0) == "E" {
      let signed = character(1) == "-" || character(1) == "+"
      if character(signed ? 2 : 1)?.isDigit == true {
        next += signed ? 2 : 1
        skip(\.isDigit)
      }
    }
    let spelled = string(text[start..<next])
    guard let value = Double(spelled), value.isFinite else {
      throw .numberTooLarge(text: spelled, position: start + 1)
    }
    return .number(value, text: spelled)
  }

  private func character(_ offset: Int) -> Unicode.Scalar? {
    next + offset < text.count ? text[next + offset] : nil
  }

  private mutating func skip(_ belongs: (Unicode.Scalar) -> Bool) {
    while let scalar = character(0), belongs(scalar) { next += 1 }
  }

  private mutating func text(of belongs: (Unicode.Scalar) -> Bool) -> String {
    let start = next
    skip(belongs)
    return string(text[start..<next])
  }

  private func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var string = String.UnicodeScalarView()
    string.append(contentsOf: scalars)
    return String(string)
  }
}

extension Unicode.Scalar {
  var isDigit: Bool { "0"..."9" ~= self }
  var startsName: Bool { "a"..."z" ~= self || "A"..."Z" ~= self || self == "_" }
  var continuesName: Bool { startsName || isDigit }
}
