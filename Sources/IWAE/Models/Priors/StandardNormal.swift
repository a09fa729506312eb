import Compute

extension Prior {
  /// Independent standard normal units.
  public static let standardNormal = Prior(
    definition: .string("standard-normal"), family: "standard-normal", name: "standard-normal",
    logDensity: standardNormalLogDensity, sample: "e")

  static let standardNormalLogDensity = Formula(known: "-0.5 * z^2 - 0.5 * log(2 * pi)", ["z"])
}
