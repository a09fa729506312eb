import Compute
import Datasets
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

/// What the estimator that mixes two others learns while it trains.
@Suite struct EstimatorLearningTests {
  private static let model = EstimatorMixTests.model

  private func configuration(
    passes: Int, change: (inout TrainingConfiguration) -> Void = { _ in }
  ) -> TrainingConfiguration {
    var result = TrainingConfiguration(
      objective: .iwae, estimator: .auto, samples: 5, batchSize: 4, passes: passes,
      schedule: .constant(rate: 1e-3), binarization: .none)
    change(&result)
    return result
  }

  private func trainer(
    _ configuration: TrainingConfiguration, _ images: ImageSet, model: Model = Self.model,
    from state: [Tensor: [Float]]? = nil, initial: [Tensor: [Float]] = [:],
    _ progress: TrainingProgress = TrainingProgress(), device: any Device = ReferenceDevice()
  ) throws -> Trainer {
    try Trainer(
      model, configuration, images: images, device: device, state: state, initial: initial,
      progress: progress)
  }

  /// The shares of a run whose parameters hardly move, from one step of 64, are nearly as good as those of
  /// the draws that they are judged by. Of two layers, and of a prior that the encoder's weights serve too.
  @Test(arguments: [EstimatorMixTests.model, EstimatorMixTests.two, Self.vamp])
  func whatTrainingLearnsHelps(model: Model) throws {
    let (parameters, images) = try EstimatorMixTests.trained(model)
    let slow = configuration(passes: 300) {
      ($0.schedule, $0.batchSize) = (.constant(rate: 1e-6), 20)
    }
    let trainer = try trainer(slow, images, model: model, initial: parameters)
    while !trainer.isDone { _ = try trainer.finishPass() }
    let mix = try #require(trainer.mix)
    let draws = try EstimatorMixTests.Draws(
      model, parameters, images, .iwae, samples: 5, batch: images.count, count: 400)
    let mixed = (0..<400).map { mix.mixed(draws.standard[$0], draws.doubled[$0]) }
    func sum(_ rows: [[[Float]]]) -> Double {
      draws.tensors.indices.reduce(0) { sum, index in
        sum + EstimatorMixTests.squares(rows.map { $0[index] }).reduce(0, +)
      }
    }
    let rows = [sum(draws.standard), sum(draws.doubled)]
    #expect(sum(mixed) < 1.1 * (rows.min() ?? 0), "\(sum(mixed)) of \(rows)")
    #expect(mix.shares.contains { abs($0) > 0.2 })
  }

  static let vamp = Model(
    dataSize: 12, encoder: [.init(hidden: [8], latent: 3)], decoder: [.init(hidden: [8])],
    prior: .vamp(4))

  /// Steps in parts are looked at one by one, so that a run is stopped in the middle of a block.
  @Test(arguments: NaNPolicy.allCases) func aBlockIsGoneOnWith(policy: NaNPolicy) throws {
    let (_, few) = try EstimatorMixTests.trained(Self.model)
    let images = ImageSet(
      name: "more",
      values: .bytes((0..<300).flatMap { few.pixels(of: $0 % 60).map { UInt8($0) } }), width: 12)
    // The reference has more digits than a state keeps.
    let device = try OpenCLDevice.open()
    defer { device.close() }
    var configuration = configuration(passes: 3) { $0.onNaN = policy }
    let data = try ResidentSet(images, for: Self.model, name: "training")
    configuration.memoryLimit = try StepPrograms(
      Self.model, configuration.step(batchSize: 4, source: data.batchSource(.none)), .images(1),
      device
    ).bytes
    let whole = try trainer(configuration, images, device: device)
    #expect(whole.programs.division.isOfParts && whole.batchesPerPass == 75)
    while !whole.isDone { _ = try whole.finishPass() }
    var part = try trainer(configuration, images, device: device)
    var stops: [Int] = []
    var steps = [20, 63, 64, 70, 90]
    while !part.isDone {
      let next = steps.first ?? .max
      let report = try part.finishPass(every: .zero) { _ in
        part.progress.step < next
      }
      guard report == nil else { continue }
      steps.removeFirst()
      stops.append(part.progress.batch)
      part = try trainer(configuration, images, from: part.state(), part.progress, device: device)
    }
    #expect(stops.contains { $0 % 64 != 0 } && stops.count == 5, "\(stops)")
    #expect(try part.state() == whole.state())
    #expect(whole.mix?.shares.contains { $0 != 0 } == true)
  }

  /// With another weight of log q the two estimators differ on average, so that nothing is learnt; where
  /// the score alone tells them apart they do not.
  @Test func aWarmUpIsNotLearntFrom() throws {
    let (_, images) = try EstimatorMixTests.trained(Self.model)
    for (objective, learns) in [(Objective.iwae, false), (.vae, true)] {
      let trainer = try trainer(
        configuration(passes: 4) {
          $0.objective = objective
          $0.klWeight = KLWeight(warmUpPasses: 2)
        }, images)
      for _ in 0..<2 { _ = try trainer.finishPass() }
      #expect(trainer.mix?.shares.contains { $0 != 0 } == learns)
      for _ in 0..<2 { _ = try trainer.finishPass() }
      #expect(trainer.mix?.shares.contains { $0 != 0 } == true)
    }
  }

  @Test func whatItCannotLearnFromIsRefused() throws {
    let (_, images) = try EstimatorMixTests.trained(Self.model)
    for change in [{ $0.leaves = 2 }, { $0.clipNorm = 1 }, { $0.objective = .rws }]
      as [(inout TrainingConfiguration) -> Void]
    {
      #expect(throws: TrainingError.self) {
        try trainer(configuration(passes: 1, change: change), images)
      }
    }
    var few = configuration(passes: 1)
    few.backwardSamples = 2
    #expect(few.problem?.contains("auto") == true)
  }

  /// Estimators whose weights are of different samples have no difference that is one rule.
  @Test func differentWeightsHaveNoDifference() throws {
    func own(_ fields: String) throws -> Objective {
      try Objective(
        description: #"{"name": "own", "bound": {}, "decoder": {"linear": 1}, "# + fields + "}")
    }
    let scopes = #""path": {"linear": 1, "scope": "group"}, "dreg": {"square": 1, "scope": "all"}"#
    #expect(try own(scopes).difference(groups: 2, samples: 3) == nil)
    let same = #""dreg": {"square": 1, "scope": "all"}"#
    #expect(try own(same).difference(groups: 2, samples: 3) != nil)
  }
}
