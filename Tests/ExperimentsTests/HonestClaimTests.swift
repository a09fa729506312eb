import Compute
import Foundation
import IWAE
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import Experiments

/// Claims that are true, or nearly, of the small model of `RefereeTests`.
@Suite struct HonestClaimTests {
  /// Evaluations with samples and pixels of their own, by a dozen seeds and several numbers of samples, of
  /// which none is accused: the distance of two evaluations has both of their errors.
  @Test(arguments: [true, false]) func othersEvaluationsAreNotAccused(isBinary: Bool) throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    // Weights so far from each other as those tests' tell no errors of a few samples.
    let subject = RefereeTests.subject(isBinary: isBinary, count: 40, scale: 0.3)
    let referee = Referee(subject, samples: RefereeTests.samples, width: 0.3, claim: Claim("9"))
    let found = try referee.evaluate(subject, RefereeTests.samples, "", device) { _ in true }
    let figures = try #require(found).0
    let drawn = try referee.redrawVariance(figures, device) { _ in true }
    let variance = try #require(drawn)
    #expect(isBinary ? variance == 0 : variance > 0)
    let certification = Certification(subject, width: 0.3)
    let certificate = try #require(try certification.run(on: device)).certificate
    let (evaluated, _) = try RefereeTests.evaluated(
      subject, redrawVariance: variance, on: device)
    var accused: [String] = []
    for seed in 100..<112 as Range<UInt64> {
      var other = subject
      other.seed = seed
      let (logs, _) = try RefereeTests.weights(other, on: device)
      for size in [1, 5, 50, RefereeTests.samples] {
        let bound = -RefereeTests.mean(logs.map { RefereeTests.logMean(Array($0.prefix(size))) })
        var claim = ClaimReport(try RefereeTests.claim(bound), evaluated, certificate)
        claim.add(ReportingMistake.all, evaluated)
        let isFound = claim.matches.contains { $0.name == "bound" && $0.detail == "k = \(size)" }
        // One sample of each image may be better than log p(x) by chance.
        if !claim.isSupported && !isFound {
          accused.append("seed \(seed), k = \(size): \(claim.text)")
        }
      }
    }
    #expect(accused.isEmpty, "\(accused.joined(separator: "\n"))")
  }

  /// The variance of log p(x|h), by parts of the samples, is that of the samples.
  @Test func reconstructionsKeepTheirSpread() throws {
    let device = ReferenceDevice()
    let subject = RefereeTests.subject()
    let (evaluated, _) = try RefereeTests.evaluated(subject, on: device)
    let alone = try #require(EvaluationMistake.all.first { $0.name == "likelihood alone" })
    let changed = try #require(try alone.change(subject))
    let (logs, _) = try RefereeTests.weights(changed, on: device)
    let variances = logs.map { logs in
      let mean = RefereeTests.mean(logs)
      return logs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(logs.count - 1)
    }
    let expected = variances.reduce(0, +) / Double(logs.count * logs.count)
    let found = try #require(evaluated.reconstructionVariance)
    #expect(abs(found / expected - 1) < 0.4, "\(found), \(expected)")
  }

  /// A number as good as the best of a hundred evaluations is told to be in reach of choosing.
  @Test func choosingAmongEvaluationsIsSaid() throws {
    let device = ReferenceDevice()
    let (evaluated, certificate) = try RefereeTests.evaluated(
      RefereeTests.subject(), redrawVariance: 1, on: device)
    let best = -certificate.logLikelihood
    func judged(_ gain: Double, _ certificate: Certificate) throws -> ClaimReport {
      ClaimReport(try RefereeTests.claim(best - gain), evaluated, certificate)
    }
    let within = try judged(evaluated.boundError * 2, certificate)
    #expect(within.verdict == .supported && within.text.contains("would be enough"), "\(within)")
    let beyond = try judged(evaluated.boundError * 40, certificate)
    #expect(beyond.verdict == .tooGood && beyond.text.contains("would not be enough"))
    #expect(try judged(0, certificate).text.contains("choosing") == false)
  }

  /// A certificate that is not met, or has no interval, is said beside the verdict.
  @Test func certificatesThatSayLittleAreSaid() throws {
    let device = ReferenceDevice()
    let (evaluated, certificate) = try RefereeTests.evaluated(RefereeTests.subject(), on: device)
    func other(error: Bool) -> Certificate {
      let images = evaluated.figures.values[.bound(RefereeTests.samples)] ?? []
      return Certificate(
        images.map {
          CertifiedImage(
            logLikelihood: $0, effectiveSampleSize: 40, samples: error ? RefereeTests.samples : 1)
        }, of: images.count, asked: 0.3, isEnough: { _ in false }, seconds: 0)
    }
    let good = -certificate.logLikelihood - 4
    let met = ClaimReport(try RefereeTests.claim(good), evaluated, certificate)
    #expect(met.verdict == .tooGood && met.isCertified == certificate.isMet)
    let open = ClaimReport(try RefereeTests.claim(good), evaluated, other(error: true))
    #expect(!open.isCertified && open.text.contains("only a certificate that is met"))
    #expect(
      ClaimReport(try RefereeTests.claim(good), evaluated, other(error: false)).verdict == .unknown)
    let bad = ClaimReport(
      try RefereeTests.claim(-certificate.logLikelihood + 9), evaluated, other(error: false))
    #expect(bad.verdict == .tooBad && bad.text.contains("no worse than that"), "\(bad.text)")
  }

  @Test func numbersBetweenBoundsAreSaid() throws {
    let (evaluated, certificate) = try RefereeTests.evaluated(
      RefereeTests.subject(), on: ReferenceDevice())
    let bounds = [1, 5].map { -evaluated.mean(.bound($0)).value }
    let claim = ClaimReport(
      try RefereeTests.claim((bounds[0] + bounds[1]) / 2), evaluated, certificate)
    #expect(claim.between == [1, 5] && claim.text.contains("between 1 and 5 samples"))
    #expect(WeightFigures.sizes(5000) == [1, 5, 10, 50, 64, 100, 500, 1000, 5000])
  }

  @Test func whatIsNoNumberIsNoClaim() {
    for text in ["", "nan", "inf", "84,78", "0x10", "1e400", "84.78 nats"] {
      #expect(Claim(text) == nil, "\(text)")
    }
    #expect(Claim("84.78")?.rounding == 0.005 && Claim("85")?.rounding == 0.5)
    #expect(Claim("-84.8")?.nll(isOfProbabilities: true) == 84.8)
    #expect(Claim("-84.8")?.nll(isOfProbabilities: false) == -84.8)
  }
}
