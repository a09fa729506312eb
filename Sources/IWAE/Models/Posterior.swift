import Compute

/// The distribution of a latent given the layer below: a function of noise and of the encoder's
/// heads, and its density. Its formulas are of each unit alone; what comes of them may then move all
/// units together.
public struct Posterior: Sendable {
  public let definition: JSONValue
  /// `gaussian`; `formula` for a user's own.
  public let family: String
  /// The name that people call it by: the family, or a formula's own name.
  public let name: String
  /// The linear layers on the encoder that the formulas mention. Each gives one value for every unit.
  public let unitHeads: [String]
  public let noise: Noise.Distribution
  /// z in "e", which is the noise, and the heads: of units before they move.
  public let sample: Formula
  /// log q(z) in "z" and the heads: of units before they move.
  public let logDensity: Formula
  /// The noise in "z" and the heads: "e" stands in for it where its tree occurs in a formula
  /// derived from the density. Nil where it is not known.
  public private(set) var inverse: Formula?
  /// The Kullback-Leibler divergence of one unit from the standard normal distribution, in the
  /// heads; nil if it has no closed form.
  public private(set) var divergence: Formula?
  /// The sample at the centre of the noise, in the heads, where it is not just put into the sample.
  var knownCenter: Formula?
  /// The move of all units together; nil for units that stay as they were drawn.
  var move: (any PosteriorMove)?

  /// The linear layers on the encoder.
  public var heads: [String] { unitHeads + (move?.headNames ?? []) }

  /// The sample at the centre of the noise, in the heads.
  public var center: Formula {
    knownCenter ?? sample.substituting(["e": noise == .normal ? 0 : 0.5])
  }

  /// log q of the sample, with "e" for the inverse; mentions "z" where no inverse is known.
  public var logDensityAtSample: Formula { overNoise(logDensity) }

  /// The derivative of log q by a head while z is held still, with "e" for the inverse.
  public func score(by head: String) throws(FormulaError) -> Formula {
    overNoise(try logDensity.derivative(by: head))
  }

  /// The derivative of log q by z, with "e" for the inverse.
  func slope() throws(FormulaError) -> Formula {
    overNoise(try logDensity.derivative(by: "z"))
  }

  private func overNoise(_ formula: Formula) -> Formula {
    inverse.map { formula.replacing($0, with: "e") } ?? formula
  }

  /// Why no gradient goes through the sample to the heads; nil if one does.
  public var obstacleToPath: String? {
    let mentioned = sample.variables
    for head in unitHeads where mentioned.contains(head) {
      do {
        guard try sample.derivative(by: head).number == 0 else { continue }
        return "the sample of posterior '\(name)' is a step function of '\(head)', whose "
          + "derivative is 0"
      } catch {
        return "the sample of posterior '\(name)' cannot be derived by '\(head)': \(error)"
      }
    }
    return nil
  }
}

extension Posterior: Density {
  public static let kind = "posterior"

  /// A file in `Posteriors` for each row.
  public static let families: [DensityFamily<Posterior>] = [
    .init("gaussian", .gaussian),
    .init("full", .full),
    flowFamily,
    .init("bernoulli", .bernoulli),
    formulaFamily,
  ]
}
