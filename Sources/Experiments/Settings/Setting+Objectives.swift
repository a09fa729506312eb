import IWAE

extension Setting {
  public static let samples = integer(
    "samples", short: "-k", \.samples, 1...1 << 20,
    help: "Samples K of each group.")

  public static let groups = integer(
    "groups", short: "-m", \.groups, 1...1 << 20, help: "Groups M of samples of each image.")

  public static let beta = number(
    "beta", \.beta, 0...1, "share", help: "The share of the ELBO in ciwae.", of: ["ciwae"])

  public static let alpha = number(
    "alpha", \.alpha, -100...100, "order", help: "The order of renyi.", of: ["renyi"])

  public static let freeBits = number(
    "free_bits", \.freeBits, 0...1e6, "nats",
    help: "Nats that each topmost unit's divergence counts at least in elbo, its bound included.",
    of: ["elbo"], row: Row(name: "free bits", text: { "\($0.freeBits) nats a unit" }))

  public static let partitions = integer(
    "partitions", \.partitions, 1...1000, help: "The intervals of tvo's sum.", of: ["tvo"])

  public static let firstPoint = number(
    "first_point", \.firstPoint, 1e-10...0.999, "point",
    help: "The first point after 0 of tvo's sum, from which the others rise to 1 evenly in their "
      + "logarithms.", of: ["tvo"])

  public static let riemann = choice(
    "riemann", \.riemann, "side",
    help: "The ends of intervals at which tvo's sum is taken: left, a lower bound, or right.",
    of: ["tvo"])

  /// The settings that only some objectives have.
  public static let ofObjectives = [beta, alpha, freeBits, partitions, firstPoint, riemann]

  /// The objective and its samples.
  public static let step: [Setting] =
    [
      samples, groups,
      Setting(
        "objective", \.objective, "name|json|file", examples: Objective.names,
        expected: "one of \(Objective.names.joined(separator: ", ")), or JSON, or a file of JSON",
        help: "What is ascended: \(Objective.names.joined(separator: ", ")), or JSON, or a file of "
          + "JSON.",
        isDescribed: true, row: Row(name: "objective", isAlwaysShown: true, text: \.objectiveText),
        fromText: { text throws(ConfigurationError) in
          do throws(DescriptionError) {
            return try ObjectiveChoice(described: text)
          } catch {
            throw ConfigurationError("The value of '--objective' is invalid: \(error)")
          }
        }, isValid: { $0.objective() != nil }),
      .choice(
        "estimator", \.estimator,
        help:
          "How the encoder's gradient is estimated: standard, stl, dreg, or auto, which learns the mix "
          + "of standard and dreg that varies least.",
        row: Row(name: "estimator")),
    ] + ofObjectives
}
