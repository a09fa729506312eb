import Compute
import Datasets
import ReferenceDevice
import Testing

@testable import IWAE

/// The numbers that training tells of on its way.
@Suite struct TrainingCurveTests {
  private let model = Model(
    dataSize: 784, encoder: [.init(hidden: [4], latent: 2)], decoder: [.init(hidden: [4])])
  private let images = Strokes().images(count: 100, seed: 3)

  private func trainer(_ device: any Device) throws -> Trainer {
    try Trainer(
      model, TrainingConfiguration(objective: .iwae, samples: 2, batchSize: 1, passes: 2, seed: 5),
      images: images,
      validation: images.subset(0..<5), device: device)
  }

  /// 100 batches: 64 and 36 of them.
  @Test func blocksHaveTheMeansOfTheirSteps() throws {
    let device = ReferenceDevice()
    defer { device.close() }
    let trainer = try trainer(device)
    var blocks: [(step: Int, bound: Double)] = []
    trainer.observeBlock = { blocks.append(($0, $1)) }
    let reports = try (0..<2).map { _ in try #require(try trainer.finishPass()) }
    #expect(blocks.map(\.step) == [64, 100, 164, 200])
    for (pass, report) in reports.enumerated() where blocks.count == 4 {
      let parts = blocks[(2 * pass)..<(2 * pass + 2)].map(\.bound)
      #expect(parts[0] != parts[1])
      #expect(abs((64 * parts[0] + 36 * parts[1]) / 100 - report.bound) < 1e-6)
    }
  }

  /// A block that was stopped within has the mean of all of its steps.
  @Test func aBlockIsWholeWhereverTrainingStopped() throws {
    let device = ReferenceDevice()
    defer { device.close() }
    func blocks(stopping: Bool) throws -> [Double] {
      var trainer = try trainer(device)
      var blocks: [Double] = []
      var stops = 0
      while !trainer.isDone {
        trainer.observeBlock = { blocks.append($1) }
        let report = try trainer.finishPass(every: .zero) { _ in
          stops += 1
          return !stopping || stops % 2 == 0
        }
        guard report == nil else { continue }
        trainer = try Trainer(
          model, trainer.configuration, images: images, validation: images.subset(0..<5),
          device: device, state: try trainer.state(), progress: trainer.progress)
      }
      #expect(!stopping || stops > 2)
      return blocks
    }
    #expect(try blocks(stopping: true) == blocks(stopping: false))
  }

  @Test func validationsHaveTheirParts() throws {
    let device = ReferenceDevice()
    defer { device.close() }
    let report = try #require(try trainer(device).finishPass())
    let reconstruction = try #require(report.validationReconstruction)
    let divergence = try #require(report.validationDivergence)
    let validation = try #require(report.validation)
    // With more samples than one the estimate is above the evidence lower bound.
    #expect(divergence > 0 && reconstruction - divergence <= validation + 1e-9)
    #expect(reconstruction - divergence > validation - 50)
    let other = try Trainer(
      model, TrainingConfiguration(objective: .iwae, samples: 2, batchSize: 10, passes: 1),
      images: images,
      device: device)
    let alone = try #require(try other.finishPass())
    #expect(alone.validationReconstruction == nil && alone.validationDivergence == nil)
  }
}
