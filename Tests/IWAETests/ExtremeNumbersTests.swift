import Compute
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

/// Very many samples, and a single one; data of which there is nothing to learn; deviations that vanish
/// and that explode.
@Suite struct ExtremeNumbersTests {
  private let model = Model(
    dataSize: 5, encoder: [.init(hidden: [4], latent: 2)], decoder: [.init(hidden: [4])])
  private let images = ImageSet(
    name: "patterns", values: .bytes((0..<40).map { UInt8($0 * $0 / 7 % 2) }), width: 5)

  private func evaluated(
    _ model: Model, _ parameters: [Tensor: [Float]], samples: Int, on device: any Device
  ) throws -> Evaluation {
    try #require(
      try Evaluator(
        model, parameters: parameters, images: images.subset(0..<2), device: device,
        samples: samples, seed: 3
      ).evaluate())
  }

  /// 100,000 samples at once, and in parts, against sums in double precision.
  @Test(arguments: Schedule.allCases, [(1, 100_000), (100, 1000), (1, 1)])
  func sumsOverManySamples(schedule: Schedule, size: (groups: Int, samples: Int)) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    let parameters = model.initialParameters(seed: 2, mean: images.mean)
    let step = DividedStep(
      model: model, parameters: parameters, images: images, batchSize: 2, groups: size.groups,
      samples: size.samples)
    let expected = try step.gradients(.whole)
    // As gradients are held everywhere: a share of 1e-9 of the squares.
    let limit = size == (1, 1) ? 1e-5 : Float(1e-9).squareRoot()
    for division in [StepPrograms.Division.whole, .samples((size.samples + 2) / 3)] {
      try DividedStep.expectSame(
        try step.gradients(division, on: device), expected, "\(size) \(division)", within: limit)
    }
    let count = size.groups * size.samples
    let found = try evaluated(model, parameters, samples: count, on: device)
    let reference = try evaluated(model, parameters, samples: count, on: ReferenceDevice())
    #expect(abs(found.nll - reference.nll) <= 2e-6 * reference.nll)
    let sizes = (found.effectiveSampleSize, reference.effectiveSampleSize)
    #expect(abs(sizes.0 - sizes.1) <= 1e-5 * sizes.1)
  }

  /// Pixels that are all alike are learnt, whatever the samples.
  @Test(arguments: [0, 1] as [UInt8], [1, 5]) func imagesThatAreAllAlike(
    pixel: UInt8, samples: Int
  ) throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let images = ImageSet(
      name: "alike", values: .bytes(Array(repeating: pixel, count: 200)), width: 5)
    let trainer = try Trainer(
      model,
      TrainingConfiguration(
        objective: .iwae, samples: samples, batchSize: 4, passes: 20,
        schedule: .constant(rate: 0.05), seed: 1), images: images, validation: images,
      device: device)
    var bounds: [Double] = []
    while !trainer.isDone { bounds.append(try #require(try trainer.finishPass()).bound) }
    // No likelihood is above 0, but for the noise of so few samples.
    #expect(bounds.allSatisfy { $0.isFinite && $0 <= 0.05 })
    #expect(try #require(bounds.last) > max(bounds[0], -0.1))
  }

  /// A posterior whose deviation is e^20 or e^-20 agrees with the reference; one of e^100 is said to
  /// be no number, by both.
  @Test func deviationsThatVanishAndExplode() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    for logSigma in [-20, 20, 100] as [Float] {
      var parameters = model.initialParameters(seed: 2, mean: images.mean)
      let bias = try #require(model.parameters.first { $0.name == "encoder.0.log_sigma.bias" })
      parameters[bias] = [logSigma, logSigma]
      let found = try evaluated(model, parameters, samples: 5, on: device).nll
      let expected = try evaluated(model, parameters, samples: 5, on: ReferenceDevice()).nll
      if logSigma == 100 {
        #expect(!found.isFinite && !expected.isFinite, "log w is beyond single precision")
      } else {
        #expect(abs(found - expected) <= 1e-4 * abs(expected), "log sigma \(logSigma)")
      }
    }
  }

  /// A likelihood whose deviation collapses onto data that are all alike: the bound rises without end
  /// until it is no number, which is told, or put off.
  @Test func aLikelihoodThatCollapses() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    var gaussian = model
    gaussian.likelihood = .gaussian
    let images = ImageSet(
      name: "alike", values: .floats(Array(repeating: 0.25, count: 500)), width: 5)
    func train(_ policy: NaNPolicy) throws -> Trainer {
      var configuration = TrainingConfiguration(
        objective: .iwae, samples: 2, batchSize: 4, passes: 60, schedule: .constant(rate: 1),
        seed: 1)
      configuration.onNaN = policy
      let trainer = try Trainer(gaussian, configuration, images: images, device: device)
      while !trainer.isDone { _ = try trainer.finishPass() }
      return trainer
    }
    let error = #expect(throws: TrainingError.self) { try train(.stop) }
    guard case .notANumber(let step, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(step > 1)
    let lowered = try train(.lowerRate)
    #expect(lowered.progress.rateHalvings != nil)
    #expect(try lowered.state().isFinite)
  }
}
