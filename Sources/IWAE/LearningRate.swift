/// How the learning rate changes from pass to pass.
public enum LearningRate: Hashable, Sendable {
  /// Burda et al.: stage i has 3^i passes at 1e-3 * 10^(-i/7); after the last, its rate stays.
  case burda
  case constant(rate: Double)
  /// Half a cosine from a rate down to zero.
  case cosine(rate: Double)

  /// The passes of all of Burda et al.'s stages: (3^8 - 1) / 2.
  public static let burdaPasses = 3280

  /// The learning rate of a step.
  ///
  /// - Parameters:
  ///   - pass: The pass, counted from zero.
  ///   - progress: The share of all steps that is done, from 0 to 1.
  public func rate(pass: Int, progress: Double) -> Double {
    switch self {
    case .burda:
      var stage = 0
      var end = 1
      while stage < 7 && pass >= end {
        stage += 1
        end = 3 * end + 1
      }
      return 1e-3 * powerOfTen(-Double(stage) / 7)
    case .constant(let rate): return rate
    case .cosine(let rate): return rate * (1 + cosineOf(Double.pi * min(max(progress, 0), 1))) / 2
    }
  }
}
