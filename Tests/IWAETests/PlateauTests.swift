import Compute
import Datasets
import OpenCLDevice
import Testing

@testable import IWAE

/// A learning rate that goes by validation.
@Suite struct PlateauTests {
  private let model = Model(
    dataSize: 784, encoder: [.init(hidden: [10], latent: 4)], decoder: [.init(hidden: [10])])
  private let images = Strokes().images(count: 40, seed: 3)

  /// At such a rate validation is better now and then, and worse for long in between.
  private func configuration(passes: Int) -> TrainingConfiguration {
    TrainingConfiguration(
      objective: .iwae, samples: 2, batchSize: 20, passes: 24,
      schedule: .plateau(rate: 0.25, passes: passes), validationSamples: 2, seed: 5)
  }

  private func trainer(
    _ configuration: TrainingConfiguration, on device: any Device, from former: Trainer? = nil
  ) throws -> Trainer {
    try Trainer(
      model, configuration, images: images, validation: Strokes().images(count: 20, seed: 4),
      device: device, state: former?.state(), progress: former?.progress ?? TrainingProgress())
  }

  @Test(arguments: [1, 3]) func theRateIsHalvedWhereValidationIsNoBetter(passes: Int) throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let trainer = try trainer(configuration(passes: passes), on: device)
    var (best, worse, rate) = (-Double.infinity, 0, 0.25)
    var halvings = 0
    while !trainer.isDone {
      let report = try #require(try trainer.finishPass())
      #expect(report.learningRate == rate)
      let validation = try #require(report.validation)
      worse = validation > best ? 0 : worse + 1
      best = max(best, validation)
      // The count begins again with each halving.
      guard worse == passes else { continue }
      (worse, rate, halvings) = (0, rate / 2, halvings + 1)
    }
    #expect(halvings > 1 && trainer.progress.plateaus == halvings)
    #expect(trainer.progress.problem(images: 40, batchSize: 20) == nil)
  }

  @Test func resumingGivesTheSameBits() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let configuration = configuration(passes: 2)
    let whole = try trainer(configuration, on: device)
    while !whole.isDone { _ = try whole.finishPass() }
    #expect((whole.progress.plateaus ?? 0) > 0)
    var current = try trainer(configuration, on: device)
    while !current.isDone {
      _ = try current.finishPass()
      current = try trainer(configuration, on: device, from: current)
    }
    #expect(try current.state() == whole.state() && current.progress == whole.progress)
  }

  @Test func withoutValidationThereIsNone() throws {
    #expect(throws: TrainingError.self) {
      try Trainer(
        model, configuration(passes: 2), images: images, device: OpenCLDevice.open())
    }
    var progress = TrainingProgress()
    progress.plateaus = 1
    #expect(progress.problem(images: 40, batchSize: 20)?.contains("1 times in 0 passes") == true)
  }
}
