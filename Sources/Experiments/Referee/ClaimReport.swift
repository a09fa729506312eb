import Foundation
import IWAE

/// What a claimed number would need to be true, and which mistakes would give it.
public struct ClaimReport: Encodable, Sendable {
  /// A mistake that gives the claimed number.
  public struct Match: Encodable, Sendable {
    public var name: String
    /// What sets it apart from others of the name, as "k = 50".
    public var detail: String
    public var explanation: String
    /// The number that the mistake gives on this model, and the error of its distance from what another
    /// evaluation reports, over draws of samples and pixels.
    public var figure: Double
    public var standardError: Double

    var text: String {
      "- \(explanation)\(detail.isEmpty ? "" : " (\(detail))"): "
        + String(format: "%.3f ± %.3f", figure, standardError)
    }
  }

  public enum Verdict: String, Encodable, Sendable {
    /// It lies where the certificate allows.
    case supported
    /// It is that of the bound of as many samples, which the certificate need not reach.
    case isBound = "is_bound"
    case tooGood = "too_good"
    case tooBad = "too_bad"
    /// Nothing certifies the model well enough.
    case unknown
  }

  public var claimed: Double
  /// The negative log-likelihood that it means.
  public var nll: Double
  /// The ends of what is allowed: the certificate's interval, wider by what drawing pixels and samples again
  /// would change. Nil where the certificate has none.
  @Nullable public var lowest: Double?
  @Nullable public var highest: Double?
  /// -L_k with all samples, and its error over draws of samples and pixels.
  public var bound: Double
  public var boundError: Double
  public var verdict: Verdict
  /// The nats by which it is better, or worse, than what is allowed.
  public var distance: Double
  /// False if the certificate is not met, so that log p(x) may lie outside of what it allows.
  public var isCertified: Bool
  /// The numbers of samples of two bounds that it lies between; empty where it lies between none.
  public var between: [Int]
  public internal(set) var matches: [Match] = []
  /// The nats that the best of a hundred evaluations would be better by, if each drew pixels and samples
  /// anew.
  public var selection: Double
  /// The nats by which it is better than the certificate's estimate.
  public var advantage: Double
  let claim: Claim
  let samples: Int

  private enum CodingKeys: String, CodingKey {
    case claimed, nll, lowest, highest, bound, boundError, verdict, distance, isCertified, between
    case matches, selection, advantage
  }

  init(_ claim: Claim, _ evaluated: ReportingMistake.Evaluated, _ certificate: Certificate) {
    (self.claim, claimed, samples) = (claim, claim.number, evaluated.samples)
    nll = claim.nll(isOfProbabilities: evaluated.model.likelihood.isOfProbabilities)
    let (value, error) = evaluated.mean(.bound(evaluated.samples))
    (bound, boundError) = (-value, evaluated.boundError)
    // The largest of a hundred normal numbers lies 2.5 deviations out.
    selection = 2.5 * evaluated.boundError
    advantage = -certificate.logLikelihood - nll
    isCertified = certificate.isMet
    between = Self.between(nll, evaluated)
    // The claim has an error of its own; the certificate's stands in its interval.
    let sampling = evaluated.figures.mean(.bound(evaluated.samples))?.error ?? .nan
    let slack = claim.tolerance(evaluated.distanceError(sampling, groups: 0))
    lowest = certificate.upper.map { -$0 - slack }
    highest = certificate.lower.map { -$0 + slack }
    (distance, verdict) = (0, .unknown)
    if let lowest, let highest, nll >= lowest, nll <= highest {
      verdict = .supported
    } else if abs(nll - bound) <= claim.tolerance(error), nll >= lowest ?? -.infinity {
      // No bound lies above log p(x), however far its error reaches.
      verdict = .isBound
    } else if let lowest, let highest {
      verdict = nll < lowest ? .tooGood : .tooBad
      distance = nll < lowest ? lowest - nll : nll - highest
    } else {
      // A bound lies above -log p(x) whatever the certificate says.
      verdict = nll > bound ? .tooBad : .unknown
      distance = abs(nll - bound)
    }
  }

  private static func between(
    _ nll: Double, _ evaluated: ReportingMistake.Evaluated
  ) -> [Int] {
    let sizes = WeightFigures.sizes(evaluated.samples)
    let bounds = sizes.map { -evaluated.mean(.bound($0)).value }
    let below = sizes.indices.dropLast().first { nll < bounds[$0] && nll > bounds[$0 + 1] }
    return below.map { [sizes[$0], sizes[$0 + 1]] } ?? []
  }

  /// True if it may be what it is said to be.
  var isSupported: Bool { verdict == .supported || verdict == .isBound }

  /// A mistake that gives the number, read either way; nil for one that gives another.
  func match(
    _ name: String, _ explanation: String, _ figure: ReportingMistake.Figure
  ) -> Match? {
    let tolerance = claim.tolerance(figure.error)
    // Of what is supported, its sign alone needs a reason.
    let readings = isSupported ? [claimed] : [claimed, nll]
    guard readings.contains(where: { abs($0 - figure.number) <= tolerance }),
      !isSupported || claimed != nll
    else { return nil }
    return Match(
      name: name, detail: figure.detail, explanation: explanation, figure: figure.number,
      standardError: figure.error)
  }

  /// Adds the mistakes that give the number.
  mutating func add(_ mistakes: [ReportingMistake], _ evaluated: ReportingMistake.Evaluated) {
    for mistake in mistakes {
      matches += mistake.figures(evaluated).compactMap {
        match(mistake.name, mistake.explanation, $0)
      }
    }
  }
}
