import Compute

/// The distribution of the topmost latent: a density of each unit alone, or of all units together.
public struct Prior: Sendable {
  public let definition: JSONValue
  /// `standard-normal`; `formula` for a user's own.
  public let family: String
  /// The name that people call it by: the family, or a formula's own name.
  public let name: String
  /// The tensors `prior.{name}` of a density of each unit, one value a unit, all 0 at first.
  public private(set) var parameters: [String] = []
  /// log p(z) of a unit in "z" and the parameters; nil for a density of all units together.
  public let logDensity: Formula?
  /// z in "e", which is noise, and the parameters; nil where there is no formula for it.
  public private(set) var sample: Formula?
  public private(set) var noise = Noise.Distribution.normal
  /// The density of all units together; nil for one of each alone.
  var joint: (any JointPrior)?
}

/// A density of a row of latents, whose units depend on each other.
protocol JointPrior: Sendable {
  /// The tensors `prior.{name}`, with what they start from.
  func parameters(of model: Model) -> [LayerParameter]

  /// The images from which its parameters can start.
  var imageCount: Int { get }

  /// The number of hidden layers, which only networks have.
  var hiddenLayers: Int { get }

  /// The reason why the density is none of a model's topmost latent; nil if it is one.
  func problem(of model: Model) -> String?

  /// The encoder's parameters that the density uses too.
  func shared(of model: Model) -> [Tensor]

  /// Appends what is worked out from parameters alone; returns what the density needs of it.
  func prepare(_ model: Model, _ program: inout ProgramBuilder) throws(ProgramError) -> [Tensor]

  /// Appends log p of samples, `(R, latent)`, as `(R)`.
  func append(
    at sample: Tensor, _ prepared: [Tensor], of model: Model, into term: Tensor,
    to program: inout ProgramBuilder
  ) throws(ProgramError)

  /// Draws latents, `(latent)` for each address.
  func draw(_ generator: Generator, _ addresses: [NoiseAddress]) throws -> [Float]
}

extension JointPrior {
  var imageCount: Int { 0 }
  var hiddenLayers: Int { 0 }
  func problem(of model: Model) -> String? { nil }
  func shared(of model: Model) -> [Tensor] { [] }
}

extension Prior {
  /// The values below which a unit lies with the given probabilities, by integrating the density.
  ///
  /// - Parameters:
  ///   - uniforms: Probabilities in (0, 1).
  ///   - parameters: The unit's value of every parameter.
  /// - Throws: `DescriptionError.noMass` if the density is 0 everywhere.
  public func quantiles(
    _ uniforms: [Double], parameters: [String: Double]
  ) throws(DescriptionError) -> [Double] {
    guard let logDensity,
      let table = QuantileTable(logDensity: logDensity, parameters: parameters)
    else {
      throw .noMass(of: "\(Self.kind) '\(name)'")
    }
    return uniforms.map(table.quantile)
  }

  /// The integral of the density over the real line: 1 for a distribution, 0 if the formula gives
  /// no finite positive density.
  public func integral(parameters: [String: Double]) -> Double {
    logDensity.flatMap { QuantileTable(logDensity: $0, parameters: parameters)?.integral } ?? 0
  }
}

extension Prior {
  /// The images from which its parameters can start.
  var imageCount: Int { joint?.imageCount ?? 0 }
}

extension Prior: Density {
  public static let kind = "prior"

  /// A file in `Priors` for each row.
  public static let families: [DensityFamily<Prior>] = [
    .init("standard-normal", .standardNormal),
    .init("bernoulli", .bernoulli),
    mixtureFamily,
    vampFamily,
    flowFamily,
    formulaFamily,
  ]
}
