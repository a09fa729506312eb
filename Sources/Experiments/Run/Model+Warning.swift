import Foundation
import IWAE

extension Model {
  /// A warning to give before the model is trained; nil for none.
  public var warning: String? { vampWarning ?? integralWarning }

  private var vampWarning: String? {
    guard prior.family == "vamp", ![.unit, .levels].contains(likelihood.support) else { return nil }
    return "Warning: the inputs of prior '\(prior.name)' are numbers from 0 to 1, but the data of "
      + "likelihood '\(likelihood.name)', by which the encoder learns, may be any others. Use the prior "
      + "'mixture', or data from 0 to 1."
  }

  private var integralWarning: String? {
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
