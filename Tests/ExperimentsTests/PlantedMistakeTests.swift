import Compute
import Foundation
import IWAE
import ReferenceDevice
import Testing

@testable import Experiments

/// Published mistakes of evaluation, planted in small models.
@Suite struct PlantedMistakeTests {
  /// The number that a mistaken evaluation gives is told to come of the mistake.
  ///
  /// - Parameters:
  ///   - words: Of the mistake's explanation.
  ///   - subject: What is meant.
  ///   - mistaken: What is evaluated in its place.
  private func expectFound(_ words: String, _ subject: Subject, as mistaken: Subject) throws {
    let device = ReferenceDevice()
    let (evaluated, certificate) = try RefereeTests.evaluated(subject, on: device)
    let (logs, _) = try RefereeTests.weights(mistaken, on: device)
    for size in [RefereeTests.samples, 1, 50] {
      let bounds = logs.map { logs in
        let groups = stride(from: 0, to: logs.count, by: size).map { first in
          RefereeTests.logMean(Array(logs[first..<first + size]))
        }
        return RefereeTests.mean(groups)
      }
      let claim = try RefereeTests.claim(-RefereeTests.mean(bounds))
      let judgement = ClaimReport(claim, evaluated, certificate)
      // By chance a number may be as good as the right one.
      if judgement.isSupported { continue }
      let referee = Referee(subject, samples: RefereeTests.samples)
      let found = try #require(
        try referee.mistakes(judgement, evaluated, device, { _ in true }))
      #expect(
        found.contains { $0.explanation.contains(words) && $0.detail == "k = \(size)" },
        "\(words), k = \(size): \(judgement.text)")
      return
    }
    Issue.record("\(words): every number is as good as the right one")
  }

  private static let flatPrior = """
    {"family": "formula", "name": "flat", "log_density": "z - z"}
    """

  /// A posterior with a mean and a log sigma, of a sample and a density.
  private static func posterior(sample: String, density: String) throws -> Posterior {
    try Posterior(
      named: """
        {"family": "formula", "name": "own", "heads": ["mean", "log_sigma"], "noise": "normal",
         "sample": "\(sample)", "log_density": "\(density)"}
        """)
  }

  @Test func aLikelihoodAloneIsFound() throws {
    let subject = RefereeTests.subject(count: 20)
    var mistaken = subject
    mistaken.model.prior = try Prior(named: Self.flatPrior)
    mistaken.model.encoder[0].posterior = try Self.posterior(
      sample: "mean + exp(log_sigma) * e", density: "z - z")
    try expectFound("and log q(h|x) left out", subject, as: mistaken)
  }

  /// The encoder's spread is mistaken where it draws, or where it weighs, and not in both.
  @Test func spreadsThatAreMistakenOnceAreFound() throws {
    let subject = RefereeTests.subject(count: 20)
    let plants = [
      (
        "in its samples alone: the log-variance", "mean + exp(log_sigma)^2 * e",
        "-0.5 * ((z - mean) / exp(log_sigma))^2 - log_sigma - 0.5 * log(2 * pi)"
      ),
      (
        "in log q(h|x) alone: the log-variance", "mean + exp(log_sigma) * e",
        "-0.5 * ((z - mean) / exp(log_sigma)^2)^2 - 2 * log_sigma - 0.5 * log(2 * pi)"
      ),
      (
        "in its samples alone: log sigma", "mean + sqrt(exp(log_sigma)) * e",
        "-0.5 * ((z - mean) / exp(log_sigma))^2 - log_sigma - 0.5 * log(2 * pi)"
      ),
    ]
    for (words, sample, density) in plants {
      var mistaken = subject
      mistaken.model.encoder[0].posterior = try Self.posterior(sample: sample, density: density)
      try expectFound(words, subject, as: mistaken)
    }
  }

  /// Grey pixels are drawn as 0s and 1s, rounded, or taken as they are.
  @Test func otherPixelsAreFound() throws {
    var drawn = RefereeTests.subject(isBinary: false, count: 20)
    drawn.binarization = .sample
    var (rounded, grey) = (drawn, drawn)
    (rounded.binarization, grey.binarization) = (.threshold, .none)
    try expectFound("grey pixels rounded", drawn, as: rounded)
    try expectFound("which are meant as they are", grey, as: drawn)
    try expectFound("grey pixels as they are", rounded, as: grey)
  }

  /// A model of numbers, whose deviation the decoder gives.
  private static func numbers() -> Subject {
    let model = Model(
      dataSize: 6, likelihood: .gaussian, encoder: [.init(hidden: [5], latent: 2)],
      decoder: [.init(hidden: [5])])
    let parameters: [Tensor: [Float]] = model.initialParameters(seed: 4).mapValues {
      $0.enumerated().map { 1.4 * $1 + 0.1 * Float($0 % 5 - 2) }
    }
    let address = NoiseAddress(seed: 6, purpose: .data)
    let values: [Float] = (0..<20 * 6).map { address.normal(column: $0) }
    return Subject(
      model, parameters: parameters,
      images: ImageSet(name: "numbers", values: .floats(values), width: 6), binarization: .none,
      seed: 3)
  }

  /// The likelihood of numbers with another density.
  private static func likelihood(_ density: String) throws -> Likelihood {
    try Likelihood(
      named: """
        {"family": "formula", "name": "own", "heads": ["mean", "log_sigma"], "support": "reals",
         "mean": "mean", "log_density": "\(density)"}
        """)
  }

  @Test func aLikelihoodsSpreadIsFound() throws {
    let subject = Self.numbers()
    let plants = [
      (
        "likelihood's log-variance read as log sigma",
        "-0.5 * ((x - mean) / exp(log_sigma)^2)^2 - 2 * log_sigma - 0.5 * log(2 * pi)"
      ),
      (
        "likelihood's log sigma read as a log-variance",
        "-0.5 * (x - mean)^2 / exp(log_sigma) - 0.5 * log_sigma - 0.5 * log(2 * pi)"
      ),
    ]
    for (words, density) in plants {
      var mistaken = subject
      mistaken.model.likelihood = try Self.likelihood(density)
      try expectFound(words, subject, as: mistaken)
    }
  }

  /// A Gaussian density without its constant, as a squared error is taken for one.
  @Test func aMissingConstantIsFound() throws {
    let device = ReferenceDevice()
    let subject = Self.numbers()
    var mistaken = subject
    mistaken.model.likelihood = try Self.likelihood(
      "-0.5 * ((x - mean) / exp(log_sigma))^2 - log_sigma")
    let (logs, _) = try RefereeTests.weights(mistaken, on: device)
    let (evaluated, certificate) = try RefereeTests.evaluated(subject, on: device)
    let number = -RefereeTests.mean(logs.map(RefereeTests.logMean))
    var claim = ClaimReport(try RefereeTests.claim(number), evaluated, certificate)
    claim.add(ReportingMistake.all, evaluated)
    #expect(claim.verdict == .tooGood && claim.matches.contains { $0.name == "constant" })
  }
}
