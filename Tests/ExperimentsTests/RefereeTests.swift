import Compute
import Foundation
import IWAE
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import Experiments

/// Claims about a small model of which the right and the wrong numbers are known.
@Suite struct RefereeTests {
  static let samples = 200
  private static let model = Model(
    dataSize: 16, encoder: [.init(hidden: [8], latent: 2)], decoder: [.init(hidden: [8])])

  /// Parameters far from where the encoder does not matter.
  private static let parameters: [Tensor: [Float]] = model.initialParameters(seed: 4).mapValues {
    $0.enumerated().map { 1.4 * $1 + 0.1 * Float($0 % 5 - 2) }
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

  static func subject(isBinary: Bool = true, count: Int = 70, scale: Float = 1) -> Subject {
    Subject(
      model, parameters: parameters.mapValues { $0.map { scale * $0 } },
      images: images(isBinary: isBinary, count: count),
      binarization: .sample, seed: 3)
  }

  /// The log-weights of every image.
  static func weights(
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

  static func mean(_ values: some Collection<Double>) -> Double {
    values.reduce(0, +) / Double(values.count)
  }

  static func logMean(_ logs: [Double]) -> Double {
    let largest = logs.reduce(-.infinity, max)
    return largest + log(mean(logs.map { exp($0 - largest) }))
  }

  /// What is known of a subject as it is, with a certificate as wide as that.
  static func evaluated(
    _ subject: Subject, redrawVariance: Double = 0, on device: any Device
  ) throws -> (ReportingMistake.Evaluated, Certificate) {
    let referee = Referee(subject, samples: samples)
    let found = try #require(try referee.evaluate(subject, samples, "", device) { _ in true })
    let evaluated = ReportingMistake.Evaluated(
      figures: found.0, reconstruction: found.1.reconstruction,
      reconstructionVariance: found.1.reconstructionVariance, model: subject.model,
      redrawVariance: redrawVariance, images: subject.images.count, samples: samples)
    let images = found.1.imageLogLikelihoods.map {
      CertifiedImage(logLikelihood: $0, effectiveSampleSize: 40, samples: samples)
    }
    let certificate = Certificate(
      images, of: images.count, asked: 0.3, isEnough: { _ in true }, seconds: 0)
    return (evaluated, certificate)
  }

  static func claim(_ number: Double) throws -> Claim {
    try #require(Claim(String(format: "%.3f", number)))
  }

  @Test func anHonestClaimIsAccepted() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let subject = Self.subject(count: 20)
    let (logs, _) = try Self.weights(subject, on: device)
    let bound = -Self.mean(logs.map(Self.logMean))
    var referee = Referee(
      subject, samples: Self.samples, width: 0.3, claim: try Self.claim(bound))
    referee.notes = ["taken for granted"]
    let report = try #require(try referee.run(on: device))
    #expect(report.notes.first == "taken for granted" && report.notes.count == 2)
    let certificate = try #require(report.certificate)
    #expect(report.bounds.map(\.samples) == [1, 50, 200] && abs(report.nll - bound) < 1e-4)
    #expect(report.bounds[0].nll > report.bounds[1].nll + 1)
    #expect([.supported, .isBound].contains(report.claim?.verdict), "\(report.text)")
    #expect(report.claim?.matches.isEmpty == true, "\(report.text)")
    let (evaluated, _) = try Self.evaluated(subject, on: device)
    func judged(_ number: Double) throws -> ClaimReport {
      var judged = ClaimReport(try Self.claim(number), evaluated, certificate)
      judged.add(ReportingMistake.all, evaluated)
      return judged
    }
    let exact = try judged(-certificate.logLikelihood)
    #expect(exact.verdict == .supported && exact.matches.isEmpty)
    // As a log-likelihood it is as good, and what it would be as an NLL is said.
    let negative = try judged(-bound)
    #expect(negative.isSupported && negative.text.contains("read as the log-"))
    #expect(negative.matches.contains { $0.name == "sign" })
    let better = try judged(-certificate.logLikelihood - 5)
    #expect(better.verdict == .tooGood && better.distance > 0.3)
    #expect(try judged(report.bounds[0].nll + 0.987).verdict == .tooBad)
  }

  /// Each mistake that log-weights show, made here in its own words.
  @Test func mistakesOfReportingAreFound() throws {
    let device = ReferenceDevice()
    let subject = Self.subject()
    let (logs, evaluation) = try Self.weights(subject, on: device)
    func weighted(_ logs: [Double]) -> Double {
      let largest = logs.reduce(-.infinity, max)
      let weights = logs.map { exp($0 - largest) }
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
      ("pixel mean", "bits", bound / 16 / log(2)),
      ("bits", "", bound / log(2)),
      ("last batch", "batches of 32", -Self.mean(logs.suffix(6).map(Self.logMean))),
    ]
    let (evaluated, certificate) = try Self.evaluated(subject, on: device)
    for plant in planted {
      var claim = ClaimReport(try Self.claim(plant.number), evaluated, certificate)
      claim.add(ReportingMistake.all, evaluated)
      // The bound of fifty samples may be as good as the likelihood allows, and is no mistake then.
      let isFound = claim.matches.contains { $0.name == plant.name && $0.detail == plant.detail }
      let isAllowed = plant.name == "bound" && plant.detail == "k = 50" && claim.isSupported
      #expect(isFound || isAllowed, "\(plant): \(claim.text)")
      if plant.name != "bound" {
        #expect(claim.verdict == .tooGood || claim.verdict == .tooBad, "\(plant)")
      }
    }
  }

  /// Each mistake of what is evaluated, made by changing parameters, densities or pixels.
  @Test func mistakesOfEvaluationAreFound() throws {
    let device = ReferenceDevice()
    let (evaluated, certificate) = try Self.evaluated(Self.subject(), on: device)
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
        let judgement = ClaimReport(try Self.claim(number), evaluated, certificate)
        let found = try Referee(Self.subject(), samples: Self.samples).mistakes(
          judgement, evaluated, device, { _ in true })
        #expect(
          found?.contains { $0.name == name } == true, "\(name) \(number): \(judgement.text)")
      }
    }
  }

  @Test func pixelsThatAreNotDrawnAreFound() throws {
    let device = ReferenceDevice()
    let subject = Self.subject(isBinary: false, count: 200)
    var mistaken = subject
    mistaken.binarization = .none
    let (logs, _) = try Self.weights(mistaken, on: device)
    var again = subject
    again.seed = 8
    let (others, _) = try Self.weights(again, on: device)
    let (own, _) = try Self.weights(subject, on: device)
    let differences = zip(own, others).map { Self.logMean($0) - Self.logMean($1) }
    let variance = differences.reduce(0) { $0 + $1 * $1 } / Double(differences.count) / 2
    let (evaluated, certificate) = try Self.evaluated(
      subject, redrawVariance: variance, on: device)
    let claim = try Self.claim(-Self.mean(logs.map(Self.logMean)))
    // As if the same pixels were drawn each time: so few images tell it only then.
    var fixed = evaluated
    fixed.redrawVariance = 0
    let judgement = ClaimReport(claim, fixed, certificate)
    #expect(judgement.verdict == .tooGood, "\(judgement.text)")
    let found = try Referee(subject, samples: Self.samples).mistakes(
      judgement, fixed, device, { _ in true })
    #expect(found?.contains { $0.name == "grey" } == true, "\(judgement.text)")
    // Another draw of the same pixels is as honest.
    let honest = ClaimReport(
      try Self.claim(-Self.mean(others.map(Self.logMean))), evaluated, certificate)
    #expect(honest.isSupported, "\(honest.text)")
  }

  @Test func whoStopsItGetsWhatIsKnown() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let referee = Referee(Self.subject(count: 5), samples: 50, width: 0.3, claim: Claim("9"))
    #expect(try referee.run(on: device) { _ in false } == nil)
    let report = try referee.run(on: device) { !$0.hasPrefix("certifying") }
    #expect(report?.isStopped == true && report?.bounds.count == 2 && report?.claim == nil)
    // Too few images of the training are refused before anything is done.
    let few = Referee(
      Self.subject(count: 5), samples: 50, width: 0.3,
      training: TrainingCheck(
        .iwae, groups: 1, samples: 5, images: Self.images(isBinary: true, count: 3)))
    #expect(throws: ConfigurationError.self) {
      try few.run(on: device) { _ in
        Issue.record("it has begun")
        return false
      }
    }
  }
}
