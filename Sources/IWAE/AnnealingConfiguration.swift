import Compute

/// How annealed importance sampling goes about it.
public struct AnnealingConfiguration: Hashable, Sendable {
  /// Independent chains of each image.
  public var chains = 16
  /// Temperatures from the prior to the posterior, T.
  public var temperatures = 500
  /// Leapfrog steps of a transition.
  public var leapfrogSteps = 10
  /// Images at a time.
  public var batchSize = 20
  /// The share of transitions that step sizes are tuned to accept.
  public var acceptance = 0.65
  public var binarization = Binarization.none
  public var seed: UInt64 = 0

  public init() {}

  /// The temperature of a step, from 0 to 1: a sigmoid, slow at both ends, as Wu et al. use.
  func temperature(_ step: Int) -> Double {
    func sigmoid(_ x: Double) -> Double { 1 / (1 + exponential(-x)) }
    let steepness = 4.0
    let place = steepness * (2 * Double(step) / Double(temperatures) - 1)
    let (low, high) = (sigmoid(-steepness), sigmoid(steepness))
    return step == temperatures ? 1 : (sigmoid(place) - low) / (high - low)
  }
}
