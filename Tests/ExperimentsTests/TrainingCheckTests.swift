import Compute
import Datasets
import Foundation
import IWAE
import OpenCLDevice
import Testing

@testable import Experiments

/// Encoders that were trained with the wrong coefficients, below a model that stands still.
@Suite struct TrainingCheckTests {
  /// A posterior whose two latents depend on each other, which no encoder here knows: every objective has
  /// an end of its own.
  private static let density = LinearGaussian(
    weights: [1, 1, 1, 0.9, 0.9, 1, 1, 1.1], offset: [0, 0.5, -0.5, 0], noise: 0.5)
  private static let images = density.images(count: 8192, seed: 2)

  /// The encoder that an objective leads to.
  private func trained(
    _ objective: Objective, _ groups: Int, _ samples: Int, passes: Int = 12,
    on device: any Device
  ) throws -> Subject {
    let model = Self.density.model
    var configuration = TrainingConfiguration(
      objective: objective, groups: groups, samples: samples, batchSize: 64, passes: passes,
      schedule: .cosine(rate: 0.01), seed: 5)
    configuration.holdsModel = true
    let trainer = try Trainer(
      model, configuration, images: Self.images, device: device,
      initial: Self.density.parameters(widening: 0.5))
    while !trainer.isDone { _ = try trainer.finishPass() }
    let state = try trainer.state()
    return Subject(
      model, parameters: state.filter { $0.key.role == .parameter }, images: Self.images,
      binarization: .none, seed: 9)
  }

  private func check(
    _ subject: Subject, _ objective: Objective, _ groups: Int, _ samples: Int,
    on device: any Device
  ) throws -> TrainingCheck.Report {
    let check = TrainingCheck(
      objective, groups: groups, samples: samples, images: Self.images)
    return try #require(try check.run(subject, on: device) { _ in true })
  }

  /// The weights of the worst samples, and those over the wrong axis, which is that of one group alone.
  @Test func mistakenWeightsAreNamed() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let worst = Objective.custom(name: "worst") { _, _ in
      let rule = CoefficientRule(temperature: -1, linear: 1)
      return EstimatorRule(bound: BoundRule(), decoder: rule, path: rule, score: -rule)
    }
    for (name, objective) in [("positive loss", worst), ("wrong axis", .vae)] {
      let subject = try trained(objective, 1, 8, on: device)
      let report = try check(subject, .iwae, 1, 8, on: device)
      #expect(report.found == name, "\(report.text)")
    }
    let honest = try check(trained(.iwae, 1, 8, on: device), .iwae, 1, 8, on: device)
    #expect(honest.found == nil, "\(honest.text)")
  }

  /// Of several groups of several samples, what weights over the wrong axis lead to is what as many groups
  /// as there are samples do.
  @Test func theWrongAxisOfGroupsIsNamed() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let subject = try trained(.miwae, 2, 8, on: device)
    for objective in [Objective.miwae, .piwae] {
      let report = try check(subject, objective, 8, 2, on: device)
      #expect(report.found == "wrong axis", "\(report.text)")
    }
    let honest = try check(trained(.miwae, 8, 2, on: device), .miwae, 8, 2, on: device)
    #expect(honest.found == nil, "\(honest.text)")
    // An encoder that is too narrow for either is far from both ends.
    let narrow = Subject(
      Self.density.model, parameters: Self.density.parameters(widening: 0.03),
      images: Self.images, binarization: .none, seed: 9)
    let open = try check(narrow, .miwae, 2, 16, on: device)
    #expect(open.found == nil && open.verdict.contains("nor does that"), "\(open.text)")
  }

  /// An encoder into which the decoder's pass left its gradient.
  @Test func aSecondBackwardIsNamed() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    // Both weights at once: those over all, and those over groups of one, which are all alike.
    let both = Objective.custom(name: "both") { _, _ in
      let rule = CoefficientRule(.all, constant: 1 / 16, linear: 1)
      return EstimatorRule(bound: BoundRule(), decoder: rule, path: rule, score: -rule)
    }
    let report = try check(trained(both, 16, 1, on: device), .piwae, 16, 1, on: device)
    #expect(report.found == "second backward", "\(report.text)")
    let honest = try check(trained(.piwae, 4, 4, on: device), .piwae, 4, 4, on: device)
    #expect(honest.found == nil, "\(honest.text)")
    // Fresh parameters are at no objective's end.
    let fresh = Subject(
      Self.density.model, parameters: Self.density.model.initialParameters(seed: 1),
      images: Self.images, binarization: .none, seed: 9)
    let open = try check(fresh, .piwae, 4, 4, on: device)
    #expect(open.found == nil && open.verdict.contains("had not ended"), "\(open.text)")
  }

  /// Training that is far from its end, with samples enough that an objective's noise is unlike a mistake's.
  @Test(arguments: [1, 2]) func whoStopsEarlyIsNotAccused(passes: Int) throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let subject = try trained(.iwae, 1, 50, passes: passes, on: device)
    let report = try check(subject, .iwae, 1, 50, on: device)
    #expect(report.found == nil && report.source == Self.images.name, "\(report.text)")
    // At most so many batches, however many images.
    let small = TrainingCheck(
      .iwae, groups: 1, samples: 5, images: try #require(Self.images.first(127)))
    let few = try #require(try small.run(subject, on: device) { _ in true })
    #expect(few.batches == 63)
  }

  @Test func verdictsSayWhatCannotBeTold() throws {
    func report(
      _ own: TrainingCheck.Report.Row, _ mistakes: [TrainingCheck.Report.Row]
    ) -> TrainingCheck.Report {
      TrainingCheck.Report(
        TrainingCheck(.iwae, groups: 1, samples: 8, images: Self.images), batches: 64, own: own,
        mistakes)
    }
    func row(_ ratio: Double?, _ error: Double?) -> TrainingCheck.Report.Row {
      .init(name: "m", explanation: "a mistake", squaredRatio: ratio, standardError: error)
    }
    #expect(report(row(50, 1), [row(0.5, 0.5)]).found == "m")
    let noisy = report(row(50, 1), [row(0.5, 5)])
    #expect(noisy.found == nil && noisy.verdict.contains("cannot be told"))
    let unknown = report(row(50, 1), [row(nil, nil)])
    #expect(unknown.found == nil && unknown.verdict.contains("cannot be told"))
    #expect(report(row(50, 1), []).verdict.contains("No mistake was checked"))
    #expect(report(row(1, 1), [row(0, 0.1)]).verdict.contains("nothing speaks against it"))
    #expect(report(row(nil, nil), [row(0, 0.1)]).verdict.contains("nothing can be told"))
    #expect(report(row(50, 1), [row(40, 1)]).verdict.contains("nor does that of a known mistake"))
  }
}
