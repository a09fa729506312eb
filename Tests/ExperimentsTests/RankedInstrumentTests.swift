import Compute
import Conformance
import Datasets
import Foundation
import IWAE
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import Experiments

/// Instruments whose images several ranks divide: all get the numbers that one would.
@Suite struct RankedInstrumentTests {
  private static func subject() -> Subject {
    let model = Model(
      dataSize: 784, encoder: [.init(hidden: [10], latent: 3)], decoder: [.init(hidden: [10])])
    return Subject(
      model, parameters: model.initialParameters(seed: 3),
      images: Strokes().images(count: 47, seed: 4), binarization: .none, seed: 7)
  }

  /// A report as JSON, but for the time that it took.
  private static func text(_ report: some Encodable) throws -> String {
    try JSONText.text(report).split(separator: "\n").filter { !$0.contains("\"seconds\"") }
      .joined(separator: "\n")
  }

  private func compare(
    _ measure: @escaping @Sendable (any Device) throws -> String
  ) throws {
    func reports(_ count: Int) throws -> [String] {
      try ThreadRanks.run(count) { ranks in
        let device = try OpenCLDevice.open()
        defer { device.close() }
        device.ranks = ranks
        return try measure(device)
      }
    }
    let alone = try reports(1)[0]
    #expect(alone.count > 100)
    for count in 2...3 {
      let all = try reports(count)
      #expect(all == Array(repeating: alone, count: count))
    }
  }

  /// Each rounds in its own way: results would be those of no number of ranks.
  @Test func devicesOfTwoKindsAreRefused() throws {
    func refuse(_ measure: @escaping @Sendable (any Device) throws -> Void) throws {
      let error = #expect(throws: LaunchError.self) {
        try ThreadRanks.run(2) { ranks in
          let device: any Device = try ranks.rank == 0 ? ReferenceDevice() : OpenCLDevice.open()
          defer { device.close() }
          device.ranks = ranks
          try measure(device)
        }
      }
      let text = try #require(error).description
      #expect(text.hasPrefix("Rank 1 differs from rank 0 in the device: it has "), "\(text)")
      #expect(text.contains("'--device <name>'"), "\(text)")
    }
    try refuse { _ = try BoundsMeasurement(Self.subject(), samples: 4).run(on: $0) }
    try refuse { _ = try SandwichMeasurement(Self.subject()).run(on: $0) }
    try refuse { device in
      let subject = Self.subject()
      _ = try ModelEvaluation(
        subject.model, parameters: subject.parameters, images: subject.images, samples: 4,
        binarization: .none, seed: 1
      ).run(on: device)
    }
  }

  /// The seed and the way to binarize come from a run's configuration, which one machine alone may have.
  @Test func whatIsDrawnOtherwiseIsRefused() throws {
    func refuse(_ name: String, _ change: @escaping @Sendable (inout Subject) -> Void) throws {
      let measures: [@Sendable (Subject, any Device) throws -> Void] = [
        { _ = try BoundsMeasurement($0, samples: 4).run(on: $1) },
        { _ = try SandwichMeasurement($0).run(on: $1) },
        { subject, device in
          _ = try ModelEvaluation(
            subject.model, parameters: subject.parameters, images: subject.images, samples: 4,
            binarization: subject.binarization, seed: subject.seed
          ).run(on: device)
        },
      ]
      for measure in measures {
        let error = #expect(throws: LaunchError.self) {
          try ThreadRanks.run(2) { ranks in
            var subject = Self.subject()
            if ranks.rank == 1 { change(&subject) }
            let device = ReferenceDevice()
            device.ranks = ranks
            try measure(subject, device)
          }
        }
        let text = try #require(error).description
        #expect(text.hasPrefix("Rank 1 differs from rank 0 in \(name): it has "), "\(text)")
      }
    }
    try refuse("the seed") { $0.seed = 8 }
    try refuse("the way to binarize") { $0.binarization = .threshold }
    try refuse("the model") { $0.model.activation = .relu }
  }

  /// Ranks that draw and add otherwise than each other would evaluate something else.
  @Test func sizesThatDifferAreRefused() throws {
    let changes: [@Sendable (inout ModelEvaluation) -> Void] = [
      { $0.samples = 5 }, { $0.batchSize = 10 }, { $0.chunk = 2 },
    ]
    for change in changes {
      let error = #expect(throws: LaunchError.self) {
        try ThreadRanks.run(2) { ranks in
          let subject = Self.subject()
          var evaluation = ModelEvaluation(
            subject.model, parameters: subject.parameters, images: subject.images, samples: 4,
            binarization: .none, seed: 1)
          if ranks.rank == 1 { change(&evaluation) }
          let device = ReferenceDevice()
          device.ranks = ranks
          _ = try evaluation.run(on: device)
        }
      }
      let text = try #require(error).description
      #expect(text.hasPrefix("Rank 1 differs from rank 0 in the sizes: it has "), "\(text)")
    }
  }

  /// Where the weights of a batch do not fit, fewer images are weighed at a time, to the same results.
  @Test func shapesNeedNoSmallerBatchToBeAskedFor() throws {
    let subject = Self.subject()
    func made(batch: Int, samples: Int = 25) -> ModelEvaluation {
      var result = ModelEvaluation(
        subject.model, parameters: subject.parameters, images: subject.images.subset(0..<11),
        samples: samples, binarization: .sample, seed: 1, batchSize: batch, chunk: 8)
      result.findsShapes = true
      return result
    }
    #expect(made(batch: 20, samples: 5000).batchOfShapes == 20)
    #expect(made(batch: 10_000, samples: 5000).batchOfShapes == 3355)
    #expect(made(batch: 20, samples: 1_000_000).batchOfShapes == 16)
    #expect(made(batch: 20, samples: 1 << 28).batchOfShapes == 1)
    let devices: [any Device] = [ReferenceDevice(), try OpenCLDevice.open()]
    for device in devices {
      defer { device.close() }
      var found: [String] = []
      for (batch, together) in [(20, 1 << 24), (20, 100), (20, 24), (7, 1 << 24)] {
        var evaluation = made(batch: batch)
        evaluation.weightsTogether = together
        var images: [CertifiedImage] = []
        let report = try evaluation.run(on: device, observe: { images = $0 })
        #expect(images.count == 11 && images.allSatisfy { $0.shape != nil })
        let text = try Self.text(try #require(report))
        found.append("\(images) \(text)")
      }
      #expect(Set(found).count == 1, "\(device.name)")
    }
    let error = #expect(throws: ConfigurationError.self) {
      try made(batch: 20, samples: (1 << 28) + 1).run(on: ReferenceDevice())
    }
    #expect(error?.description.contains("found 268435457") == true)
  }

  @Test func bounds() throws {
    try compare { device in
      let report = try BoundsMeasurement(Self.subject(), samples: 40).run(on: device)
      return try Self.text(try #require(report))
    }
  }

  @Test func sandwich() throws {
    try compare { device in
      let settings = SandwichMeasurement.Settings(
        samples: 20, temperatures: [3], chains: 3, leapfrogs: 2, fitSteps: 10)
      let report = try SandwichMeasurement(Self.subject(), settings).run(on: device)
      return try Self.text(try #require(report))
    }
  }

  @Test func evaluation() throws {
    try compare { device in
      let subject = Self.subject()
      let report = try ModelEvaluation(
        subject.model, parameters: subject.parameters, images: subject.images,
        activity: Strokes().images(count: 30, seed: 5), samples: 30, binarization: .sample, seed: 1
      ).run(on: device)
      return try Self.text(try #require(report))
    }
  }
}
