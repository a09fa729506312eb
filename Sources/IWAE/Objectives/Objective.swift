import Compute

/// What is ascended, as data: a row of coefficients for each objective.
///
/// With w the weights of an image's M * K samples, normalised over a group or over all of them,
/// every objective and estimator is a polynomial in w of degree two at most for the decoder, for
/// the encoder through the sample (path) and for the encoder through the density (score).
public enum Objective: Hashable, Sendable {
  /// The evidence lower bound with the divergence to N(0, I) in closed form.
  case elbo
  /// The evidence lower bound, sampled.
  case vae
  case iwae
  case miwae
  /// beta * ELBO + (1 - beta) * IWAE.
  case ciwae(beta: Double)
  /// The decoder on IWAE over all M * K samples, the encoder on MIWAE.
  case piwae
  /// The variational Renyi bound of order alpha.
  case renyi(alpha: Double)
  /// Reweighted wake-sleep: the encoder follows the wake phase.
  case rws
  /// VIMCO: the encoder follows its density alone, each sample judged by what the bound would be
  /// without it.
  case vimco

  /// How the encoder's gradient is estimated.
  public enum Estimator: String, Hashable, Sendable, CaseIterable {
    /// Through the sample and through the density.
    case standard
    /// Sticking the landing: the score is dropped.
    case stl
    /// Doubly reparameterized: the score is turned into another path.
    case dreg
  }

  /// Every objective.
  private static func all(beta: Double, alpha: Double) -> [Objective] {
    [.elbo, .vae, .iwae, .miwae, .ciwae(beta: beta), .piwae, .renyi(alpha: alpha), .rws, .vimco]
  }

  /// The names as the command line spells them.
  public static let names = all(beta: 0, alpha: 0).map(\.name)

  /// The name as the command line spells it.
  public var name: String {
    switch self {
    case .elbo: "elbo"
    case .vae: "vae"
    case .iwae: "iwae"
    case .miwae: "miwae"
    case .ciwae: "ciwae"
    case .piwae: "piwae"
    case .renyi: "renyi"
    case .rws: "rws"
    case .vimco: "vimco"
    }
  }

  /// The objective of a name; nil if there is none.
  public init?(_ name: String, beta: Double = 0.5, alpha: Double = 0.5) {
    let all = Self.all(beta: beta, alpha: alpha)
    guard let objective = all.first(where: { $0.name == name }) else { return nil }
    // The Renyi bound of order one is the evidence lower bound.
    self = objective == .renyi(alpha: 1) ? .vae : objective
  }

  /// Whether the encoder's gradient can be estimated in other ways than the standard one.
  public var hasEstimators: Bool { ![.elbo, .rws, .vimco].contains(self) }

  /// The fewest samples K with which the objective means something.
  public var leastSamples: Int { self == .vimco ? 2 : 1 }

  /// Whether M groups of K samples are another objective than one group of M * K.
  public var dependsOnGroups: Bool {
    let rule = rule(groups: 2, samples: 2)
    return [rule.bound, rule.encoderBound].contains { $0.scope == .group }
  }

  /// Why the objective cannot be computed in single precision; nil if it can.
  public var problem: String? {
    guard case .renyi(let alpha) = self,
      abs(Float(1 - alpha)) < BoundRule.leastTemperature
    else { return nil }
    return
      "an alpha of \(alpha) is too close to 1 for single precision; use 1, which is the vae, or "
      + "stay \(BoundRule.leastTemperature) away from it."
  }

  /// Whether the topmost divergence is taken in closed form.
  var isClosedForm: Bool { self == .elbo }

  /// The rule for M groups of K samples.
  public func rule(groups: Int, samples: Int, estimator: Estimator = .standard) -> EstimatorRule {
    let each = 1 / Float(groups * samples)
    let perGroup = 1 / Float(groups)
    let mean = CoefficientRule(constant: each)
    let all = CoefficientRule(.all, linear: 1)
    let group = CoefficientRule(.group, linear: perGroup)
    let row: Row =
      switch self {
      case .elbo, .vae:
        Row(bound: BoundRule(meanShare: 1), decoder: mean, doubled: mean)
      case .iwae:
        Row(bound: BoundRule(), decoder: all, doubled: CoefficientRule(.all, square: 1))
      case .miwae:
        Row(
          bound: BoundRule(.group), decoder: group,
          doubled: CoefficientRule(.group, square: perGroup))
      case .ciwae(let beta):
        Row(
          bound: BoundRule(meanShare: Float(beta)),
          decoder: CoefficientRule(constant: Float(beta) * each, linear: Float(1 - beta)),
          doubled: CoefficientRule(constant: Float(beta) * each, square: Float(1 - beta)))
      case .piwae:
        Row(
          bound: BoundRule(), encoderBound: BoundRule(.group), decoder: all, path: group,
          doubled: CoefficientRule(.group, square: perGroup))
      case .renyi(let alpha):
        Row(
          bound: BoundRule(temperature: Float(1 - alpha)),
          decoder: CoefficientRule(temperature: Float(1 - alpha), linear: 1),
          doubled: CoefficientRule(
            temperature: Float(1 - alpha), linear: Float(alpha), square: Float(1 - alpha)))
      case .rws:
        Row(
          bound: BoundRule(), decoder: all, path: CoefficientRule(), score: all,
          doubled: CoefficientRule())
      case .vimco:
        Row(
          bound: BoundRule(.group), decoder: group, path: CoefficientRule(), score: -group,
          leaveOneOut: perGroup, doubled: CoefficientRule())
      }
    return row.rule(hasEstimators ? estimator : .standard)
  }

  /// One row of the table of objectives.
  private struct Row {
    var bound: BoundRule
    var encoderBound: BoundRule?
    var decoder: CoefficientRule
    /// The decoder's unless given.
    var path: CoefficientRule?
    /// Minus the path's unless given.
    var score: CoefficientRule?
    var leaveOneOut: Float = 0
    /// The path of the doubly reparameterized estimator.
    var doubled: CoefficientRule

    func rule(_ estimator: Estimator) -> EstimatorRule {
      let path = path ?? decoder
      return switch estimator {
      case .standard:
        EstimatorRule(
          bound: bound, encoderBound: encoderBound, decoder: decoder, path: path,
          score: score ?? -path, leaveOneOut: leaveOneOut)
      case .stl:
        EstimatorRule(
          bound: bound, encoderBound: encoderBound, decoder: decoder, path: path,
          score: CoefficientRule())
      case .dreg:
        EstimatorRule(
          bound: bound, encoderBound: encoderBound, decoder: decoder, path: doubled,
          score: CoefficientRule())
      }
    }
  }
}
