import Compute

/// A quantity that training ascends, as data: a row of coefficients.
///
/// With w the weights of an image's M * K samples, normalised over a group or over all of them,
/// every objective and estimator is a polynomial in w of degree two at most for the decoder, for
/// the encoder through the sample (path) and for the encoder through the density (score).
public struct Objective: Sendable {
  /// The name as the command line spells it.
  public let name: String
  /// True if the encoder's gradient can be estimated in other ways than the standard one.
  public let hasEstimators: Bool
  /// The fewest samples K with which the objective means something.
  public let leastSamples: Int
  /// The reason why the objective cannot be computed in single precision; nil if it can.
  public let problem: String?
  /// The nats that the divergence of a topmost unit counts at least, where it is taken in closed form;
  /// nil where it is sampled.
  public let freeBits: Double?
  /// Nil where nothing is known of it.
  let encoderSignal: EncoderSignal?
  let origin: Origin
  private let row: @Sendable (SampleCounts) -> Row

  /// The encoder's gradient once there are many samples, by the standard estimator (Rainforth et
  /// al. 2018).
  ///
  /// If the bound becomes log p(x) whatever the encoder does, the signal falls as 1/K and the
  /// noise as 1/sqrt(K). Where it does not, or where the estimate is biased, the signal stays.
  public enum EncoderSignal: Sendable {
    case stays
    /// The samples of a group drown it; more groups average the noise away.
    case fadesWithSamples
    /// Samples and groups are the same to it.
    case fades
  }

  /// A way to estimate the encoder's gradient.
  public enum Estimator: String, Hashable, Sendable, CaseIterable, Codable {
    /// Through the sample and through the density.
    case standard
    /// Sticking the landing: the score is dropped.
    case stl
    /// Doubly reparameterized: the score is turned into another path.
    case dreg
    /// The standard one and as much of what dreg differs by as makes it vary least, which earlier steps
    /// tell for each tensor.
    case auto

    /// Those that have a row of their own.
    public static let rows: [Estimator] = [.standard, .stl, .dreg]

    /// The one whose demands it makes.
    public var row: Estimator { self == .auto ? .dreg : self }
  }

  /// The place where an objective is written down, which tells those of one name apart.
  enum Origin: Hashable, Sendable {
    /// A row of the table, with beta or whatever it has.
    case table(parameters: [Double])
    /// JSON of the user's.
    case description(JSONValue)
    /// A function of the user's, known by its address.
    case function(Function)

    final class Function: Hashable, Sendable {
      static func == (a: Function, b: Function) -> Bool { a === b }
      func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
    }
  }

  init(
    _ name: String, from origin: Origin = .table(parameters: []), encoderSignal: EncoderSignal?,
    hasEstimators: Bool = true, leastSamples: Int = 1, problem: String? = nil,
    freeBits: Double? = nil,
    row: @escaping @Sendable (SampleCounts) -> Row
  ) {
    (self.name, self.origin) = (name, origin)
    (self.hasEstimators, self.leastSamples) = (hasEstimators, leastSamples)
    (self.problem, self.freeBits) = (problem, freeBits)
    (self.encoderSignal, self.row) = (encoderSignal, row)
  }

  /// A file in this folder for each row.
  private static func table(
    beta: Double, alpha: Double, freeBits: Double, riemann: RiemannSum
  ) -> [Objective] {
    [
      .elbo(freeBits: freeBits),
      .vae,
      .iwae,
      .miwae,
      .ciwae(beta: beta),
      .piwae,
      .renyi(alpha: alpha),
      .rws,
      .vimco,
      .tvo(riemann),
    ]
  }

  /// The names as the command line spells them.
  public static let names = table(beta: 0, alpha: 0, freeBits: 0, riemann: RiemannSum()).map(\.name)

  /// The objective of a name; nil if there is none. With some parameters it is that of another name.
  public init?(
    _ name: String, beta: Double = 0.5, alpha: Double = 0.5, freeBits: Double = 0,
    riemann: RiemannSum = RiemannSum()
  ) {
    guard let index = Self.names.firstIndex(of: name) else { return nil }
    self = Self.table(beta: beta, alpha: alpha, freeBits: freeBits, riemann: riemann)[index]
  }

  /// True if the topmost divergence is taken in closed form.
  public var isClosedForm: Bool { freeBits != nil }

  /// True if M groups of K samples are another objective than one group of M * K.
  public var dependsOnGroups: Bool {
    // Powers of two: no coefficient is rounded.
    [2, 4].contains { groups in
      Estimator.rows.contains { estimator in
        !rule(groups: groups, samples: 2, estimator: estimator).isSame(
          ofGroups: groups, asOne: rule(groups: 1, samples: 2 * groups, estimator: estimator))
      }
    }
  }

  /// The rule for M groups of K samples; of `auto`, that of the standard estimator, which it adds to.
  public func rule(groups: Int, samples: Int, estimator: Estimator = .standard) -> EstimatorRule {
    row(SampleCounts(groups: groups, samples: samples)).rule(hasEstimators ? estimator : .standard)
  }
}

extension Objective: Hashable {
  public static func == (a: Objective, b: Objective) -> Bool {
    a.name == b.name && a.origin == b.origin
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(origin)
  }
}
