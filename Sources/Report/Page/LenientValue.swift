import Foundation

/// A value of a JSON object that others write: what is not understood is left out, not refused.
enum LenientValue: Decodable {
  case number(Double)
  case other

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    // Before numbers: a boolean is none.
    if (try? container.decode(Bool.self)) != nil {
      self = .other
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let text = try? container.decode(String.self), let number = Double(text) {
      // What JSON cannot say: nan, inf.
      self = .number(number)
    } else {
      self = .other
    }
  }

  var number: Double? {
    if case .number(let number) = self { return number }
    return nil
  }
}
