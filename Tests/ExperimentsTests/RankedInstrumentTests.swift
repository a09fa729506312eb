import Compute
import Conformance
import Datasets
import Foundation
import IWAE
import OpenCLDevice
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
