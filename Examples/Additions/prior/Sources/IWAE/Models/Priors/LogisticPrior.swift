import Compute

extension Prior {
  /// Independent logistic units of location 0 and scale 1.
  public static let logistic = Prior(
    definition: .string("logistic"), family: "logistic", name: "logistic",
    logDensity: Formula(known: "-z - 2 * softplus(-z)", ["z"]))
}
