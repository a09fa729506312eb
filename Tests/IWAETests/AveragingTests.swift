import Compute
import Conformance
import Datasets
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

/// Running averages of parameters: what they are, and that they are what is validated.
@Suite struct AveragingTests {
  private static let model = Model(
    dataSize: 784, encoder: [.init(hidden: [20], latent: 6)], decoder: [.init(hidden: [20])])
  private static let images = Strokes().images(count: 60, seed: 3)
  private static let validation = Strokes().images(count: 30, seed: 4)

  private func configuration(passes: Int, batchSize: Int = 60) -> TrainingConfiguration {
    var result = TrainingConfiguration(
      objective: .iwae, samples: 4, batchSize: batchSize, passes: passes,
      schedule: .constant(rate: 0.01), validationSamples: 5, seed: 5)
    result.averageDecay = 0.6
    return result
  }

  private func trainer(
    _ configuration: TrainingConfiguration, on device: any Device, validates: Bool = false,
    from former: Trainer? = nil
  ) throws -> Trainer {
    try Trainer(
      Self.model, configuration, images: Self.images,
      validation: validates ? Self.validation : nil, device: device, state: former?.state(),
      progress: former?.progress ?? TrainingProgress())
  }

  /// The parameters themselves stay the same bits, and averages follow them, update by update.
  @Test(arguments: Schedule.allCases) func averagesFollowParameters(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    let averaged = try trainer(configuration(passes: 4), on: device)
    var plain = configuration(passes: 4)
    plain.averageDecay = 0
    let usual = try trainer(plain, on: device)
    let start = try usual.state()
    #expect(start.keys.allSatisfy { $0.role != .average })
    var averages = start.filter { $0.key.role == .parameter }.mapValues { $0.map(Double.init) }
    while !usual.isDone {
      _ = try usual.finishPass()
      _ = try averaged.finishPass()
      let state = try usual.state()
      for (parameter, values) in averages {
        averages[parameter] = zip(values, try #require(state[parameter])).map {
          0.6 * $0 + 0.4 * Double($1)
        }
      }
    }
    let found = try averaged.state()
    #expect(try usual.state() == found.filter { $0.key.role != .average })
    for (parameter, values) in averages {
      let average = try #require(found[parameter.counterpart(.average)])
      #expect(zip(average, values).allSatisfy { abs(Double($0) - $1) < 1e-6 }, "\(parameter)")
      #expect(average != found[parameter] && average != start[parameter])
      #expect(found.tested[parameter] == average)
    }
    #expect(found.tested.count == Self.model.parameters.count)
  }

  @Test func averagesAreValidated() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let averaged = try trainer(configuration(passes: 3), on: device, validates: true)
    while !averaged.isDone {
      let report = try #require(try averaged.finishPass())
      let state = try averaged.state()
      func validation(_ parameters: [Tensor: [Float]]) throws -> Double? {
        try Evaluator(
          Self.model, parameters: parameters, images: Self.validation, device: device, samples: 5,
          seed: 5
        ).evaluate()?.logLikelihood
      }
      #expect(try report.validation == validation(state.tested))
      #expect(try report.validation != validation(state.filter { $0.key.role == .parameter }))
    }
  }

  /// Stopped within passes and within validations, and resumed from what a checkpoint holds.
  @Test(arguments: [1, 2]) func resumingGivesTheSameBits(leaves: Int) throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    var configuration = configuration(passes: 3, batchSize: 10)
    (configuration.weightDecay, configuration.clipNorm, configuration.leaves) = (0.1, 2, leaves)
    let whole = try trainer(configuration, on: device, validates: true)
    while !whole.isDone { _ = try whole.finishPass() }
    var current = try trainer(configuration, on: device, validates: true)
    var (looks, stops) = (0, 0)
    while !current.isDone {
      let report = try current.finishPass(every: .zero) { _ in
        looks += 1
        return looks % 3 != 0
      }
      guard report == nil else { continue }
      stops += 1
      current = try trainer(configuration, on: device, validates: true, from: current)
    }
    #expect(stops > 1)
    #expect(try current.state() == whole.state())
    #expect(current.progress == whole.progress)
  }

  /// Any number of ranks averages, clips and decays to the same bits.
  @Test func ranksAgree() throws {
    var configuration = configuration(passes: 2, batchSize: 20)
    (configuration.weightDecay, configuration.clipNorm, configuration.leaves) = (0.1, 2, 2)
    let outcomes = try [1, 2].map { [configuration] count in
      try ThreadRanks.run(count) { ranks in
        let device = try OpenCLDevice.open()
        defer { device.close() }
        device.ranks = ranks
        let trainer = try trainer(configuration, on: device, validates: true)
        while !trainer.isDone { _ = try trainer.finishPass() }
        return try trainer.state()
      }
    }
    #expect(outcomes[0][0].contains { $0.key.role == .average })
    #expect(outcomes[1].count == 2 && outcomes[1].allSatisfy { $0 == outcomes[0][0] })
  }

  /// A step that gives no number leaves the averages as they were.
  @Test func averagesOutliveStepsThatGiveNoNumber() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    var configuration = configuration(passes: 1, batchSize: 10)
    (configuration.onNaN, configuration.schedule) = (.skip, .constant(rate: 1e30))
    let trainer = try trainer(configuration, on: device)
    _ = try? trainer.finishPass()
    #expect(try trainer.state().isFinite)
  }
}
