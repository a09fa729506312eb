import Compute

/// The settings of annealed importance sampling.
public struct AnnealingConfiguration: Hashable, Sendable {
  /// Independent chains of each image.
  public var chains: Int
  /// The numbers of temperatures to anneal with, each in a run of its own.
  public var temperatures: [Int]
  /// The most leapfrog steps of a transition.
  public var leapfrogSteps: Int
  /// Images at a time.
  public var batchSize: Int
  /// The share of transitions that step sizes are tuned to accept, where trajectories are not so long
  /// that they turn back.
  public var acceptance: Double
  public var binarization: Binarization
  public var seed: UInt64

  public init(
    chains: Int = 16, temperatures: [Int] = [50], leapfrogSteps: Int = 10, batchSize: Int = 20,
    acceptance: Double = 0.8, binarization: Binarization = .none, seed: UInt64 = 0
  ) {
    self.chains = chains
    self.temperatures = temperatures
    self.leapfrogSteps = leapfrogSteps
    self.batchSize = batchSize
    self.acceptance = acceptance
    self.binarization = binarization
    self.seed = seed
  }

  /// The cost of annealing: the transitions of a chain, with those that tune it.
  ///
  /// - Parameter walks: The ways through the temperatures: 1, or 2 with the reverse.
  public func transitions(walks: Int) -> Int {
    2 * AnnealingPlan.transitions + walks * temperatures.reduce(0, +)
  }
}
