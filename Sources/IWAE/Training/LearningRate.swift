/// The course of the learning rate from pass to pass.
public enum LearningRate: Hashable, Sendable {
  /// Burda et al.: stage i has 3^i passes at 1e-3 * 10^(-i/7); after the last, its rate stays.
  case burda
  /// The same stages at the rounded rates of the released IWAE code.
  case burdaReleased
  case constant(rate: Double)
  /// Half a cosine from a rate down to zero.
  case cosine(rate: Double)
  /// A rate that is halved whenever so many passes in a row were validated no better than the best.
  case plateau(rate: Double, passes: Int)

  /// The passes of all of Burda et al.'s stages: (3^8 - 1) / 2.
  public static let burdaPasses = 3280

  /// The rates of the released code's stages.
  private static let releasedRates = [1e-3, 7.2e-4, 5.2e-4, 3.7e-4, 2.7e-4, 1.9e-4, 1.4e-4, 1e-4]

  /// True if a pass has the same rate however many there are.
  public var isAbsolute: Bool {
    if case .cosine = self { false } else { true }
  }

  /// The learning rate of a step.
  ///
  /// - Parameters:
  ///   - pass: The pass, counted from zero.
  ///   - progress: The share of all steps that is done, from 0 to 1.
  ///   - plateaus: The times that validation did not become better for long.
  public func rate(pass: Int, progress: Double, plateaus: Int = 0) -> Double {
    switch self {
    case .burda: return 1e-3 * powerOfTen(-Double(Self.stage(pass)) / 7)
    case .burdaReleased: return Self.releasedRates[Self.stage(pass)]
    case .constant(let rate): return rate
    case .cosine(let rate): return rate * (1 + cosineOf(Double.pi * min(max(progress, 0), 1))) / 2
    case .plateau(let rate, _):
      return rate * Double(sign: .plus, exponent: -plateaus, significand: 1)
    }
  }

  /// True if a pass ends a plateau.
  ///
  /// - Parameter passes: The passes since the best validation, that one included.
  func isPlateau(afterWorse passes: Int) -> Bool {
    if case .plateau(_, let most) = self { passes > 0 && passes % max(most, 1) == 0 } else { false }
  }

  /// True if it goes by validation.
  var needsValidation: Bool { if case .plateau = self { true } else { false } }

  /// The stage of Burda et al. in which a pass lies, from 0 to 7.
  private static func stage(_ pass: Int) -> Int {
    var stage = 0
    var end = 1
    while stage < 7 && pass >= end {
      stage += 1
      end = 3 * end + 1
    }
    return stage
  }
}
