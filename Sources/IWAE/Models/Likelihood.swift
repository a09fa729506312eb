import Compute

/// The distribution of the data given the lowest latent: a density of each variable alone, by a
/// formula, or by a probability of each of its classes.
public struct Likelihood: Sendable {
  public let definition: JSONValue
  /// `bernoulli`, `gaussian` and so on; `formula` for a user's own.
  public let family: String
  /// The name that people call it by: the family, or a formula's own name.
  public let name: String
  /// The linear layers on the decoder. Each gives one value for every variable, or one for each of
  /// its classes.
  public let heads: [String]
  /// The tensors `likelihood.{name}`.
  public private(set) var parameters: [DensityParameter] = []
  /// log p(x) in "x", the heads and the parameters; nil for classes.
  public let logDensity: Formula?
  /// The mean of x in the heads and the parameters; nil for classes.
  public let mean: Formula?
  /// A draw of x in the heads, the parameters, and either "u", uniform in (0, 1), or "n", standard
  /// normal; nil where there is no formula for it.
  public private(set) var draw: Formula?
  /// The values that x may have.
  public let support: Support
  /// True if grey data become 0s and 1s first.
  public private(set) var isBinarized = false
  /// The name of the mean in graphs.
  var meanName = "expectation"
  /// The bias of the first head that gives a variable the mean over the data, in "mean".
  var initialBias: Formula = 0
}

extension Likelihood {
  /// - Parameter logDensity: Text, and so are the other formulas.
  init(
    definition: JSONValue, family: String, heads: [String], parameters: [DensityParameter] = [],
    logDensity: String, mean: String, draw: String? = nil, support: Support,
    isBinarized: Bool = false, meanName: String = "expectation", initialBias: String
  ) {
    let values = heads + parameters.map(\.name)
    self.init(
      definition: definition, family: family, name: family, heads: heads, parameters: parameters,
      logDensity: Formula(known: logDensity, ["x"] + values), mean: Formula(known: mean, values),
      draw: draw.map { Formula(known: $0, ["u", "n"] + values) }, support: support,
      isBinarized: isBinarized, meanName: meanName,
      initialBias: Formula(known: initialBias, ["mean"]))
  }

  /// log p(x) where x is a number. A missing value, which is NaN, adds nothing, nor to a derivative:
  /// the branch that is not taken has no influence.
  public var observedLogDensity: Formula? { logDensity.map { .where(.isNumber("x"), $0, 0) } }

  /// The initial bias of the first head, from a variable's mean over the data. Others start at 0.
  public func initialBias(mean: Double) -> Float { Float(initialBias.evaluate(["mean": mean])) }

  /// The logit of the mean, kept within [0.001, 0.999] as Burda et al. do.
  static let logitOfMean = "log(min(max(mean, 0.001), 0.999) / (1 - min(max(mean, 0.001), 0.999)))"
}

/// A vector of numbers that a likelihood learns besides its heads.
public struct DensityParameter: Hashable, Sendable {
  public enum Size: Hashable, Sendable {
    /// `(1)`.
    case single
    /// `(D)`.
    case perVariable
  }

  public let name: String
  public let size: Size
  /// The value that training starts from.
  public let initial: Float
}

extension Likelihood: Density {
  public static let kind = "likelihood"

  /// A file in `Likelihoods` for each row.
  public static let families: [DensityFamily<Likelihood>] = [
    .init("bernoulli", .bernoulli),
    gaussianFamily,
    .init("poisson", .poisson),
    .init("continuous-bernoulli", .continuousBernoulli),
    .init("negative-binomial", .negativeBinomial),
    .init("logistic", .logistic),
    categoricalFamily,
    formulaFamily,
  ]
}
