import Foundation
import IWAE

extension Model {
  /// A warning to give before the model is trained; nil for none.
  public var warning: String? {
    let start = Dictionary(uniqueKeysWithValues: prior.parameters.map { ($0, 0.0) })
    guard prior.family == "formula" else { return nil }
    let integral = prior.integral(parameters: start)
    // A comparison that is false of NaN.
    if abs(integral - 1) <= 0.01 { return nil }
    return "Warning: the density of prior '\(prior.name)' has the integral "
      + String(format: "%.4g", integral)
      + ", not 1. Bounds are then not of a probability; divide the density by its integral."
  }
}
