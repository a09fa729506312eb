import Compute

/// The distribution of the topmost latent: a density of each unit alone.
public struct Prior: Sendable {
  public let definition: JSONValue
  /// `standard-normal`; `formula` for a user's own.
  public let family: String
  /// The name that people call it by: the family, or a formula's own name.
  public let name: String
  /// The tensors `prior.{name}`, one value a unit, all 0 at first.
  public private(set) var parameters: [String] = []
  /// log p(z) in "z" and the parameters.
  public let logDensity: Formula
  /// z in "e", which is standard normal, and the parameters; nil where there is no formula for it.
  public private(set) var sample: Formula?
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
    guard let table = QuantileTable(logDensity: logDensity, parameters: parameters) else {
      throw .noMass(of: "\(Self.kind) '\(name)'")
    }
    return uniforms.map(table.quantile)
  }

  /// The integral of the density over the real line: 1 for a distribution, 0 if the formula gives
  /// no finite positive density.
  public func integral(parameters: [String: Double]) -> Double {
    QuantileTable(logDensity: logDensity, parameters: parameters)?.integral ?? 0
  }
}

extension Prior: Density {
  public static let kind = "prior"

  /// A file in `Priors` for each row.
  public static let families: [DensityFamily<Prior>] = [
    .init("standard-normal", .standardNormal),
    .init("bernoulli", .bernoulli),
    formulaFamily,
  ]
}
