import Foundation
import IWAE

/// A number that a paper or a program claims of a model.
public struct Claim: Hashable, Sendable {
  /// As it was written.
  public let text: String
  public let number: Double
  /// Half of its last digit.
  let rounding: Double

  /// - Returns: Nil where the text is no finite number.
  public init?(_ text: String) {
    guard let number = Double(decimal: text), number.isFinite, number.magnitude < 1e12 else {
      return nil
    }
    (self.text, self.number) = (text, number)
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let decimals = text.lowercased().contains("e") ? 12 : parts.count == 2 ? parts[1].count : 0
    rounding = 0.5 * pow(10, -Double(min(decimals, 12)))
  }

  /// The negative log-likelihood that it means. Probabilities are at most 1: of data with such, a number
  /// below 0 is a log-likelihood.
  func nll(isOfProbabilities: Bool) -> Double {
    isOfProbabilities && number < 0 ? -number : number
  }

  /// The distance that rounding, single precision and three errors explain.
  func tolerance(_ error: Double) -> Double { rounding + Self.precision + 3 * error }

  /// Other programs sum in single precision in another order.
  private static let precision = 1e-3
}

extension Likelihood {
  /// True if log p(x) is that of a probability, and not of a density.
  var isOfProbabilities: Bool {
    switch support {
    case .unit: isBinarized
    case .levels, .counts, .classes: true
    case .positive, .reals: false
    }
  }
}
