import Compute

/// A move of a latent's units together, after each was drawn alone by a posterior's formulas.
protocol PosteriorMove: Sendable {
  /// The linear layers that it adds to the encoder's.
  var headNames: [String] { get }
  func heads(latent: Int) -> [Head]

  /// The parameters that it has beside: `encoder.{l}.…`.
  func parameters(of model: Model, layer: Int) -> [LayerParameter]

  /// The number of hidden layers, which only networks have.
  var hiddenLayers: Int { get }

  /// The reason why so many units cannot be moved; nil if they can.
  func problem(latent: Int) -> String?

  /// Appends the move.
  ///
  /// - Parameters:
  ///   - units: The latents as they were drawn.
  ///   - sample: `(R, latent)`: the latents as they are moved.
  ///   - program: The program.
  func append(
    _ units: DrawnUnits, into sample: Tensor, to program: inout ProgramBuilder
  ) throws(ProgramError) -> Moved
}

extension PosteriorMove {
  var hiddenLayers: Int { 0 }
  func parameters(of model: Model, layer: Int) -> [LayerParameter] { [] }
}

/// Latents that were drawn unit by unit.
struct DrawnUnits {
  var model: Model
  var layer: Int
  /// In the order of the posterior's.
  var heads: [Tensor]
  /// `(R, latent)` each; the noise is nil where every unit is at its centre.
  var noise: Tensor?
  var values: Tensor
}

/// Latents that were moved.
struct Moved {
  /// `(R)` each: log q of the latents falls by them.
  var spreads: [Tensor] = []
  /// Appends the derivative of log q by the latents, `(R, latent)`, parameters held. It is told that
  /// of the units before they moved. Nil at the centre, whose density nobody asks for.
  var slope: ((BoundFormula, inout ProgramBuilder) throws(ProgramError) -> Tensor)?
}

extension Posterior {
  /// Appends a sample, or the centre where no noise is given.
  func appendSample(
    _ units: DrawnUnits, into sample: Tensor, to program: inout ProgramBuilder
  ) throws(ProgramError) -> Moved? {
    let heads = Array(units.heads.prefix(unitHeads.count))
    let formula = units.noise == nil ? center : self.sample
    let value = formula.over(unitHeads, heads, units.noise.map { ["e": $0] } ?? [:])
    try program.append(
      .map(
        Map([.init(value, into: units.values)], reading: heads + [units.noise].compactMap(\.self))))
    return try move?.append(units, into: sample, to: &program)
  }
}
