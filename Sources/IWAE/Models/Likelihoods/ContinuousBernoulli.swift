import Compute

extension Likelihood {
  /// Numbers in [0, 1] of density proportional to exp(a x), after Loaiza-Ganem and Cunningham.
  ///
  /// With p = sigmoid(a), their C(p) p^x (1 - p)^(1 - x) is a e^(ax) / (e^a - 1).
  public static let continuousBernoulli = Likelihood(
    definition: .string("continuous-bernoulli"), family: "continuous-bernoulli", heads: ["logits"],
    logDensity: continuousBernoulliLogDensity, mean: continuousBernoulliMean,
    draw: continuousBernoulliDraw, support: .unit, initialBias: logitOfMean)

  // log p = (x - 1/2) a + log((a/2) / sinh(a/2)). Away from 0 the logarithm is, with b = |a|,
  // log(b / (1 - e^-b)) - b/2, and the halves of a and b are max(a, 0). Near 0 its derivative would
  // cancel, and there its series is taken: its terms are -B_2n a^2n / (2n (2n)!), of ratio
  // (a / 2 pi)^2, so that below 1/2 the eighth is less than 1e-18.
  private static let continuousBernoulliLogDensity =
    "where(abs(logits) < 0.5, (x - 0.5) * logits + logits^2 * "
    + horner([
      "-1 / 24", "1 / 2880", "-1 / 181440", "1 / 9676800", "-1 / 479001600",
      "691 / 15692092416000", "-1 / 1046139494400",
    ])
    + ", x * logits - max(logits, 0) + log(abs(logits) / -expm1(-abs(logits))))"

  // 1 / (1 - e^-a) - 1 / a, and its series 1/2 + sum of B_2n a^(2n - 1) / (2n)!.
  private static let continuousBernoulliMean =
    "where(abs(logits) < 0.5, 0.5 + logits * "
    + horner([
      "1 / 12", "-1 / 720", "1 / 30240", "-1 / 1209600", "1 / 47900160",
      "-691 / 1307674368000", "1 / 74724249600",
    ])
    + ", -1 / expm1(-logits) - 1 / logits)"

  // The inverse of (e^(ax) - 1) / (e^a - 1) for a < 0, where no exponential overflows. 1 - x has the
  // density of -a. Both functions are exact to the last bits however small a is, except at 0.
  private static let continuousBernoulliDraw: String = {
    let size = "max(abs(logits), 1e-20)"
    let uniform = "where(logits < 0, u, 1 - u)"
    let falling = "min(log1p(\(uniform) * expm1(-\(size))) / -\(size), 1)"
    return "where(logits < 0, \(falling), 1 - \(falling))"
  }()

  /// A polynomial in the square of the logits, the constant first.
  private static func horner(_ coefficients: [String]) -> String {
    let last = coefficients.count - 1
    return coefficients[..<last].reversed().reduce(coefficients[last]) {
      "(\($1) + logits^2 * (\($0)))"
    }
  }
}
