import Compute
import Datasets
import Foundation
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

@Suite struct TrainerTests {
  private let model = Model(
    dataSize: 784, encoder: [.init(hidden: [20, 20], latent: 6)],
    decoder: [.init(hidden: [20, 20])])
  private let images = Strokes().images(count: 120, seed: 3)

  private func configuration(_ objective: Objective = .iwae) -> TrainingConfiguration {
    TrainingConfiguration(objective: objective, samples: 4, batchSize: 10, passes: 3, seed: 5)
  }

  private func trained(
    _ configuration: TrainingConfiguration, on device: any Device
  ) throws -> [Tensor: [Float]] {
    let trainer = try Trainer(model, configuration, images: images, device: device)
    while !trainer.isDone { _ = try trainer.finishPass() }
    return try trainer.state()
  }

  /// The squared distance of all parameters, relative to their squared size.
  private func distance(_ a: [Tensor: [Float]], _ b: [Tensor: [Float]]) -> Double {
    var difference = 0.0
    var size = 0.0
    for parameter in model.parameters {
      for (x, y) in zip(a[parameter] ?? [], b[parameter] ?? []) {
        difference += Double(x - y) * Double(x - y)
        size += Double(x) * Double(x)
      }
    }
    return difference / size
  }

  @Test(arguments: Schedule.allCases) func theSameSeedGivesTheSameBits(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    let first = try trained(configuration(), on: device)
    #expect(try trained(configuration(), on: OpenCLDevice.open(schedule: schedule)) == first)
    var other = configuration()
    other.seed = 6
    #expect(try trained(other, on: device) != first)
  }

  /// Stopped in the middle of a pass and resumed from what a checkpoint holds.
  @Test(arguments: [KLWeight(), KLWeight(final: 0.5, warmUpPasses: 1, cyclePasses: 1.25)])
  func resumingGivesTheSameBits(klWeight: KLWeight) throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    var configuration = configuration()
    configuration.klWeight = klWeight
    let whole = try trained(configuration, on: device)
    let first = try Trainer(model, configuration, images: images, device: device)
    _ = try first.finishPass()
    #expect(try first.finishPass(every: .zero) { _ in false } == nil)
    #expect(first.progress.pass == 1 && first.progress.batch > 0)
    let second = try Trainer(
      model, configuration, images: images, device: device, state: try first.state(),
      progress: first.progress)
    while !second.isDone { _ = try second.finishPass() }
    #expect(try second.state() == whole)
  }

  /// A bound has the same bits whenever somebody looks, and wherever training was stopped.
  @Test func theBoundIsTheSameHoweverOftenItIsRead() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    var configuration = configuration()
    // Passes of 120 batches, of which the device adds up 64 and 56 at once.
    (configuration.batchSize, configuration.passes) = (1, 2)
    func bounds(stopping: Bool, every interval: Duration) throws -> [Double] {
      var trainer = try Trainer(model, configuration, images: images, device: device)
      var bounds: [Double] = []
      var looks = 0
      while !trainer.isDone {
        let report = try trainer.finishPass(every: interval) { _ in
          looks += 1
          return !stopping || looks % 7 != 0
        }
        if let report { bounds.append(report.bound) }
        guard report == nil else { continue }
        let text = try JSONEncoder().encode(trainer.progress)
        trainer = try Trainer(
          model, configuration, images: images, device: device, state: try trainer.state(),
          progress: try JSONDecoder().decode(TrainingProgress.self, from: text))
      }
      return bounds
    }
    let usual = try bounds(stopping: false, every: .seconds(60))
    #expect(usual.count == 2)
    #expect(try bounds(stopping: false, every: .zero) == usual)
    #expect(try bounds(stopping: true, every: .zero) == usual)
  }

  /// Whoever stops while a pass is validated does not wait, and it is validated later.
  @Test func aStopWithinValidationGoesOnThere() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    func trainer(_ former: Trainer? = nil) throws -> Trainer {
      try Trainer(
        model, configuration(), images: images, validation: Strokes().images(count: 60, seed: 4),
        device: device, state: try former?.state(),
        progress: former?.progress ?? TrainingProgress())
    }
    let usual = try trainer()
    let expected = try #require(try usual.finishPass())
    let stopped = try trainer()
    let batches = stopped.batchesPerPass
    #expect(try stopped.finishPass(every: .zero) { _ in stopped.progress.batch < batches } == nil)
    #expect(stopped.progress.pass == 0 && stopped.progress.batch == batches)
    #expect(stopped.progress.problem(images: images.count, batchSize: 10) == nil)
    let resumed = try trainer(stopped)
    let report = try #require(try resumed.finishPass())
    #expect(report.validation == expected.validation && report.bound == expected.bound)
    #expect(report.learningRate == expected.learningRate && report.progress == expected.progress)
    #expect(try resumed.state() == usual.state())
  }

  /// Fifty steps and more on the reference and on OpenCL.
  @Test(arguments: [AdamConvention.usual, .released])
  func devicesTrainTheSameModel(convention: AdamConvention) throws {
    var configuration = configuration()
    configuration.passes = 5
    configuration.convention = convention
    let reference = try trained(configuration, on: ReferenceDevice())
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let found = try trained(configuration, on: device)
    #expect(distance(reference, found) <= 1e-6)
    #expect(distance(model.initialParameters(seed: 5), found) > 1e-3)
  }

  @Test(arguments: Objective.names) func everyObjectiveLearns(name: String) throws {
    var configuration = configuration(try #require(Objective(name)))
    configuration.passes = 30
    configuration.groups = 2
    configuration.schedule = .constant(rate: 3e-3)
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let trainer = try Trainer(
      model, configuration, images: images, validation: images.subset(0..<20), device: device)
    var bounds: [Double] = []
    while !trainer.isDone {
      let report = try #require(try trainer.finishPass())
      bounds.append(report.bound)
      #expect(report.validation?.isFinite == true)
    }
    #expect(try #require(bounds.last) > bounds[0] + 10)
  }

  /// A learning rate that blows up: the search names the step and the operation, even among data of
  /// which some are NaN.
  @Test(arguments: [false, true])
  func aBoundThatIsNotANumberIsTracedToItsOperation(hasMissing: Bool) throws {
    let mask = (0..<images.values.count).map { UInt8($0 % 9 == 2 && hasMissing ? 0 : 1) }
    let images = images.masked(
      by: ImageSet(name: "mask", values: .bytes(mask), width: images.width))
    var configuration = configuration()
    configuration.schedule = .constant(rate: 1e30)
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let trainer = try Trainer(model, configuration, images: images, device: device)
    do {
      while !trainer.isDone { _ = try trainer.finishPass() }
      Issue.record("training with a rate of 1e30 went well")
    } catch let TrainingError.notANumber(step, operation) {
      #expect(step == 1, "the first step is made with good parameters")
      #expect(operation.contains("into") && !operation.contains("'images'"))
    }
  }

  @Test func warmUpReachesTheControlRecord() throws {
    var slow = configuration()
    slow.klWeight.warmUpPasses = 1e6
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let trainer = try Trainer(model, slow, images: images, device: device)
    let report = try #require(try trainer.finishPass())
    let usual = try Trainer(model, configuration(), images: images, device: device)
    // Without the divergence's weight, the bound is the reconstruction alone, and larger.
    #expect(report.bound > (try #require(try usual.finishPass())).bound)
  }

  @Test func theWeightOfTheDivergenceHasItsCourse() {
    func values(_ weight: KLWeight, _ passes: [Double]) -> [Double] {
      passes.map(weight.value)
    }
    #expect(values(KLWeight(), [0, 0.5, 9]) == [1, 1, 1])
    #expect(values(KLWeight(final: 4), [0, 9]) == [4, 4])
    #expect(values(KLWeight(final: 4, warmUpPasses: 2), [0, 0.5, 2, 9]) == [0, 1, 4, 4])
    let cycles = KLWeight(final: 4, warmUpPasses: 2, cyclePasses: 4)
    #expect(values(cycles, [0, 1, 2, 3.5, 4, 4.5, 6, 8]) == [0, 2, 4, 4, 0, 1, 4, 0])
  }

  @Test func schedulesFollowTheirRecipes() {
    let burda = LearningRate.burda
    #expect(burda.rate(pass: 0, progress: 0) == 1e-3)
    #expect(abs(burda.rate(pass: 1, progress: 0) - 1e-3 * pow(10, -1.0 / 7)) < 1e-12)
    #expect(burda.rate(pass: 3, progress: 0) == burda.rate(pass: 1, progress: 0))
    #expect(burda.rate(pass: 4, progress: 0) < burda.rate(pass: 3, progress: 0))
    #expect(abs(burda.rate(pass: 3279, progress: 0) - 1e-4) < 1e-12)
    #expect(burda.rate(pass: 1093, progress: 0) < burda.rate(pass: 1092, progress: 0))
    // The released code's stages are the same, its rates rounded.
    for pass in [0, 1, 3, 4, 12, 13, 1092, 1093, 3279] {
      let released = LearningRate.burdaReleased.rate(pass: pass, progress: 0)
      #expect(abs(released / burda.rate(pass: pass, progress: 0) - 1) < 0.02)
    }
    #expect(LearningRate.burdaReleased.rate(pass: 13, progress: 0) == 3.7e-4)
    #expect(LearningRate.cosine(rate: 2).rate(pass: 0, progress: 0.5) == 1)
    #expect(LearningRate.constant(rate: 0.3).rate(pass: 9, progress: 0.9) == 0.3)
    let plateau = LearningRate.plateau(rate: 0.3, passes: 2)
    #expect(plateau.rate(pass: 9, progress: 0.9) == 0.3)
    #expect(plateau.rate(pass: 9, progress: 0.9, plateaus: 3) == 0.3 / 8)
    #expect(plateau.rate(pass: 9, progress: 0.9, plateaus: 5000) == 0)
  }

  @Test func ordersArePermutationsOfTheirOwn() {
    let orders = (0..<3).map {
      NoiseAddress(seed: 1, purpose: .shuffling, time: $0).permutation(1000)
    }
    for order in orders { #expect(Set(order) == Set(0..<1000)) }
    #expect(orders[0] != orders[1] && orders[1] != orders[2])
    #expect(orders[0] != Array(0..<1000))
  }
}

@Suite struct EvaluatorTests {
  private let data = LinearGaussian()
  private let model = Model(
    dataSize: 12, likelihood: .gaussian, encoder: [.init(hidden: [], latent: 3)],
    decoder: [.init(hidden: [])])

  /// A model that is the data's own density, with the exact posterior's mean and a wider spread.
  private func truth() -> [Tensor: [Float]] {
    var parameters = model.initialParameters(seed: 1)
    let decoder = model.decoderNetworks[0]
    parameters[decoder.heads[0].weight] = data.weights.map { Float($0) }
    parameters[decoder.heads[0].bias] = data.offset.map { Float($0) }
    parameters[decoder.heads[1].weight] = Array(repeating: 0, count: 36)
    parameters[decoder.heads[1].bias] = Array(repeating: Float(log(data.noise)), count: 12)
    let encoder = model.encoderNetworks[0]
    for head in encoder.heads { parameters[head.weight] = Array(repeating: 0, count: 36) }
    parameters[encoder.heads[0].bias] = [0, 0, 0]
    parameters[encoder.heads[1].bias] = [0, 0, 0]
    return parameters
  }

  private func evaluate(
    samples: Int, chunk: Int = 250, batch: Int = 20, seed: UInt64 = 0, count: Int = 50,
    on device: any Device
  ) throws -> Evaluation {
    let evaluator = try Evaluator(
      model, parameters: truth(), images: data.images(count: count, seed: 9), device: device,
      samples: samples, batchSize: batch, chunk: chunk, seed: seed)
    return try #require(try evaluator.evaluate())
  }

  /// With the prior for a posterior, log-weights are far apart; many samples still find log p(x).
  @Test func manySamplesFindTheExactLikelihood() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let images = data.images(count: 50, seed: 9)
    let exact = (0..<50).map { data.logLikelihood(images.pixels(of: $0)) }
    let found = try evaluate(samples: 200_000, chunk: 2000, on: device)
    for (found, exact) in zip(found.imageLogLikelihoods, exact) {
      #expect(abs(found - exact) < 0.5)
    }
    let mean = exact.reduce(0, +) / 50
    #expect(abs(found.logLikelihood - mean) < 0.05)
    let bounds = try [1, 5, 50, 500].map { try evaluate(samples: $0, on: device).logLikelihood }
    #expect(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 })
    #expect(try #require(bounds.last) <= mean + 0.05)
  }

  /// The same noise in chunks of any size, batches of any size, and on the reference.
  @Test func nothingDependsOnChunksOrBatches() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let whole = try evaluate(samples: 60, chunk: 60, on: device)
    for (chunk, batch) in [(7, 20), (1, 3), (60, 50), (59, 1)] {
      let parts = try evaluate(samples: 60, chunk: chunk, batch: batch, on: device)
      for (a, b) in zip(whole.imageLogLikelihoods, parts.imageLogLikelihoods) {
        #expect(abs(a - b) <= 1e-5 * abs(a))
      }
      #expect(abs(whole.reconstruction - parts.reconstruction) < 1e-3)
      #expect(abs(whole.divergence - parts.divergence) < 1e-3)
      #expect(whole.activeUnits == parts.activeUnits)
    }
    let reference = try evaluate(samples: 60, on: ReferenceDevice())
    for (a, b) in zip(whole.imageLogLikelihoods, reference.imageLogLikelihoods) {
      #expect(abs(a - b) <= 1e-5 * abs(a))
    }
    #expect(abs(whole.effectiveSampleSize - reference.effectiveSampleSize) < 1e-3)
    #expect(abs(whole.reconstruction - reference.reconstruction) < 1e-3)
    let other = try evaluate(samples: 60, seed: 1, on: device)
    #expect(other.imageLogLikelihoods != whole.imageLogLikelihoods)
  }

  /// A posterior that ignores the data has no active unit; without its units, nothing is random.
  @Test func inactiveUnitsAreFoundAndRemoved() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let before = try evaluate(samples: 10, on: device)
    #expect(before.activeUnits == [0])
    let pruned = try #require(
      try model.removingInactiveUnits(from: truth(), variances: before.unitVariances))
    let evaluator = try Evaluator(
      model, parameters: pruned, images: data.images(count: 50, seed: 9), device: device,
      samples: 10)
    let after = try #require(try evaluator.evaluate())
    // Nothing reads the latents any more, so every weight is the same: all samples count.
    #expect(abs(after.effectiveSampleSize - 10) < 1e-3)
    #expect(abs(after.divergence) < 1e-4)
  }
}
