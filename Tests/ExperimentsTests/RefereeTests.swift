import Compute
import Foundation
import IWAE
import OpenCLDevice
import Testing

@testable import Experiments

/// Claims about a small model of which the right and the wrong numbers are known.
@Suite struct RefereeTests {
  private static let samples = 200
  private static let model = Model(
    dataSize: 16, encoder: [.init(hidden: [8], latent: 2)], decoder: [.init(hidden: [8])])

  /// Parameters far from where the encoder does not matter.
  private static let parameters: [Tensor: [Float]] = model.initialParameters(seed: 4).mapValues {
    $0.enumerated().map { 2.5 * $1 + 0.1 * Float($0 % 5 - 2) }
  }

  private static func images(isBinary: Bool, count: Int = 70) -> ImageSet {
    let values = (0..<count * model.dataSize).map { index in
      let address = NoiseAddress(seed: 6, purpose: .data, image: UInt32(index / model.dataSize))
      let grey = address.uniform(column: index % model.dataSize)
      let side: Float = (index / model.dataSize + index % 4) % 3 == 0 ? 0.9 : 0.15
      return isBinary ? (grey < side ? 1 : 0) : side
    }
    return ImageSet(name: "test", values: .floats(values), width: model.dataSize)
  }

  private static func subject(isBinary: Bool = true, count: Int = 70) -> Subject {
    Subject(
      model, parameters: parameters, images: images(isBinary: isBinary, count: count),
      binarization: .sample, seed: 3)
  }

  /// The log-weights of every image.
  private static func weights(
    _ subject: Subject, on device: any Device
  ) throws -> (logs: [[Double]], evaluation: Evaluation) {
    var logs: [[Double]] = []
    let evaluation = try Evaluator(
      subject.model, parameters: subject.parameters, images: subject.images, device: device,
      samples: samples, binarization: subject.binarization, seed: subject.seed
    ).evaluate(
      observe: { weights in logs.append(weights.relativeToMean.map { $0 + weights.logMean }) })
    return (logs, try #require(evaluation))
  }

  private static func mean(_ values: some Collection<Double>) -> Double {
    values.reduce(0, +) / Double(values.count)
  }

  private static func logMean(_ logs: [Double]) -> Double { log(mean(logs.map { exp($0) })) }

  private static func report(
    _ number: Double, on device: any Device, _ subject: Subject = subject()
  ) throws -> RefereeReport {
    let claim = try #require(Claim(String(format: "%.3f", number)))
    let report = try Referee(subject, samples: samples, width: 0.3, claim: claim).run(on: device)
    return try #require(report)
  }

  @Test func anHonestClaimIsAccepted() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let (logs, _) = try Self.weights(Self.subject(), on: device)
    let bound = -Self.mean(logs.map(Self.logMean))
    let report = try Self.report(bound, on: device)
    let certificate = try #require(report.certificate)
    #expect(report.bounds.map(\.samples) == [1, 50, 200] && abs(report.nll - bound) < 1e-4)
    #expect(report.bounds[0].nll > report.bounds[1].nll + 1)
    #expect([.supported, .isBound].contains(report.claim?.verdict))
    #expect(report.claim?.matches.isEmpty == true)
    let exact = try Self.report(-certificate.logLikelihood, on: device)
    #expect(exact.claim?.verdict == .supported && exact.claim?.matches.isEmpty == true)
    // As a log-likelihood it is as good, and what it would be as an NLL is said.
    let negative = try Self.report(certificate.logLikelihood, on: device)
    #expect(negative.claim?.verdict == .supported && negative.text.contains("read as the log-"))
    #expect(negative.claim?.matches.map(\.name) == ["sign"])
    let better = try Self.report(-certificate.logLikelihood - 1.234, on: device)
    #expect(better.claim?.verdict == .tooGood && (better.claim?.distance ?? 0) > 0.3)
    #expect(
      try Self.report(-certificate.logLikelihood + 0.987, on: device).claim?.verdict == .tooBad)
  }

  /// Each mistake that log-weights show, made here in its own words.
  @Test func mistakesOfReportingAreFound() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let subject = Self.subject()
    let (logs, evaluation) = try Self.weights(subject, on: device)
    func weighted(_ logs: [Double]) -> Double {
      let weights = logs.map { exp($0) }
      return zip(weights, logs).map(*).reduce(0, +) / weights.reduce(0, +)
    }
    let fifties = logs.flatMap { logs in
      stride(from: 0, to: logs.count, by: 50).map { Array(logs[$0..<$0 + 50]) }
    }
    let bound = -Self.mean(logs.map(Self.logMean))
    let planted: [(name: String, detail: String, number: Double)] = [
      ("bound", "k = 1", -Self.mean(logs.map(Self.mean))),
      ("bound", "k = 50", -Self.mean(fifties.map(Self.logMean))),
      ("weighted mean", "k = 200", -Self.mean(logs.map(weighted))),
      ("weighted mean", "k = 50", -Self.mean(fifties.map(weighted))),
      ("sum", "k = 200", bound - log(200)),
      ("sum", "k = 50", -Self.mean(fifties.map(Self.logMean)) - log(50)),
      ("no divergence", "", -evaluation.reconstruction),
      ("pixel mean", "nats", bound / 16),
      ("bits", "", bound / log(2)),
      ("last batch", "batches of 32", -Self.mean(logs.suffix(6).map(Self.logMean))),
    ]
    for plant in planted {
      let report = try Self.report(plant.number, on: device, subject)
      let claim = try #require(report.claim)
      #expect(
        claim.matches.contains { $0.name == plant.name && $0.detail == plant.detail },
        "\(plant): \(report.text)")
      // The bound of fifty samples may be as good as the likelihood allows.
      if plant.name != "bound" {
        #expect(claim.verdict == .tooGood || claim.verdict == .tooBad, "\(plant)")
      }
    }
  }

  /// Each mistake of what is evaluated, made by changing parameters, densities or pixels.
  @Test func mistakesOfEvaluationAreFound() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let prior = """
      {"family": "formula", "name": "flat", "log_density": "z - z"}
      """
    let plants: [(name: String, change: (inout Subject) throws -> Void)] = [
      (
        "spread",
        { subject in
          for (parameter, values) in subject.parameters where parameter.name.contains("log_sigma") {
            subject.parameters[parameter] = values.map { 2 * $0 + 0 }
          }
        }
      ),
      ("no prior", { $0.model.prior = try Prior(named: prior) }),
      (
        "no posterior",
        { subject in
          subject.model.encoder[0].posterior = try Posterior(
            named: """
              {"family": "formula", "name": "flat", "heads": ["mean", "log_sigma"], "noise": "normal",
               "sample": "mean + exp(log_sigma) * e", "log_density": "z - z"}
              """)
        }
      ),
    ]
    for (name, change) in plants {
      var mistaken = Self.subject()
      try change(&mistaken)
      let (logs, _) = try Self.weights(mistaken, on: device)
      let numbers =
        name == "spread"
        ? [-Self.mean(logs.map(Self.mean))]
        : [
          -Self.mean(logs.map(Self.logMean)), -Self.mean(logs.map(Self.mean)),
        ]
      for number in numbers {
        let report = try Self.report(number, on: device)
        #expect(
          report.claim?.matches.contains { $0.name == name } == true, "\(name): \(report.text)")
      }
    }
  }

  @Test(arguments: [("grey", Binarization.none), ("threshold", .threshold)])
  func pixelsThatAreNotDrawnAreFound(name: String, rule: Binarization) throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let subject = Self.subject(isBinary: false, count: 800)
    var mistaken = subject
    mistaken.binarization = rule
    let (logs, _) = try Self.weights(mistaken, on: device)
    let report = try Self.report(-Self.mean(logs.map(Self.logMean)), on: device, subject)
    #expect(report.claim?.matches.contains { $0.name == name } == true, "\(report.text)")
    #expect(report.claim?.verdict == .tooGood, "\(report.text)")
    // Another draw of the same pixels is as honest.
    var again = subject
    again.seed = 8
    let (others, _) = try Self.weights(again, on: device)
    let honest = try Self.report(-Self.mean(others.map(Self.logMean)), on: device, subject)
    #expect([.supported, .isBound].contains(honest.claim?.verdict), "\(honest.text)")
  }

  @Test func whatIsNoNumberIsNoClaim() {
    for text in ["", "nan", "inf", "84,78", "0x10", "1e400", "84.78 nats"] {
      #expect(Claim(text) == nil, "\(text)")
    }
    #expect(Claim("84.78")?.rounding == 0.005 && Claim("85")?.rounding == 0.5)
    #expect(Claim("-84.8")?.nll(isOfProbabilities: true) == 84.8)
    #expect(Claim("-84.8")?.nll(isOfProbabilities: false) == -84.8)
  }

  @Test func whoStopsItGetsWhatIsKnown() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let referee = Referee(Self.subject(), samples: 50, width: 0.3, claim: Claim("9"))
    #expect(try referee.run(on: device) { _ in false } == nil)
    let report = try referee.run(on: device) { !$0.hasPrefix("certifying") }
    #expect(report?.isStopped == true && report?.bounds.count == 2 && report?.claim == nil)
  }
}
