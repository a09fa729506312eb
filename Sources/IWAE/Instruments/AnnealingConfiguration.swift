import Compute

/// The settings of annealed importance sampling.
public struct AnnealingConfiguration: Hashable, Sendable {
  /// Independent chains of each image.
  public var chains: Int
  /// Temperatures from the prior to the posterior, T.
  public var temperatures: Int
  /// Leapfrog steps of a transition.
  public var leapfrogSteps: Int
  /// Images at a time.
  public var batchSize: Int
  /// The share of transitions that step sizes are tuned to accept.
  public var acceptance: Double
  public var binarization: Binarization
  public var seed: UInt64

  public init(
    chains: Int = 16, temperatures: Int = 500, leapfrogSteps: Int = 10, batchSize: Int = 20,
    acceptance: Double = 0.65, binarization: Binarization = .none, seed: UInt64 = 0
  ) {
    self.chains = chains
    self.temperatures = temperatures
    self.leapfrogSteps = leapfrogSteps
    self.batchSize = batchSize
    self.acceptance = acceptance
    self.binarization = binarization
    self.seed = seed
  }

  /// The fewest transitions that tune the steps of all temperatures.
  private static let tuningTransitions = 400

  /// Transitions at each temperature while step sizes are tuned.
  var tuningRepetitions: Int {
    max(1, (Self.tuningTransitions + temperatures - 1) / temperatures)
  }

  /// The cost of annealing: the transitions of a chain.
  ///
  /// - Parameter walks: The ways through the temperatures after tuning: 1, or 2 with the reverse.
  public func transitions(walks: Int) -> Int { temperatures * (tuningRepetitions + walks) }

  /// The temperature of a step, from 0 to 1: a sigmoid, slow at both ends, as Wu et al. use.
  func temperature(_ step: Int) -> Double {
    func sigmoid(_ x: Double) -> Double { 1 / (1 + exponential(-x)) }
    let steepness = 4.0
    let place = steepness * (2 * Double(step) / Double(temperatures) - 1)
    let (low, high) = (sigmoid(-steepness), sigmoid(steepness))
    return step == temperatures ? 1 : (sigmoid(place) - low) / (high - low)
  }
}
