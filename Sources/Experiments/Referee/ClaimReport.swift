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
    /// The number that the mistake gives on this model, and its error.
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
  /// The ends of what is allowed: the certificate's interval, wider by what drawing pixels again would
  /// change. Nil where the certificate has none.
  @Nullable public var lowest: Double?
  @Nullable public var highest: Double?
  /// -L_k with all samples, and its error over draws of samples and pixels.
  public var bound: Double
  public var boundError: Double
  public var verdict: Verdict
  /// The nats by which it is better, or worse, than what is allowed.
  public var distance: Double
  public internal(set) var matches: [Match] = []
  /// The nats that the best of a hundred evaluations would be better by, if each drew pixels and samples
  /// anew.
  public var selection: Double
  let claim: Claim
  private let samples: Int

  private enum CodingKeys: String, CodingKey {
    case claimed, nll, lowest, highest, bound, boundError, verdict, distance, matches, selection
  }

  init(_ claim: Claim, _ evaluated: ReportingMistake.Evaluated, _ certificate: Certificate) {
    (self.claim, claimed, samples) = (claim, claim.number, evaluated.samples)
    nll = claim.nll(isOfProbabilities: evaluated.model.likelihood.isOfProbabilities)
    let (value, error) = evaluated.mean(.bound(evaluated.samples))
    (bound, boundError) = (-value, error)
    // The largest of a hundred normal numbers lies 2.5 deviations out.
    selection = 2.5 * error
    let slack = claim.tolerance(evaluated.error(0))
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

  var text: String {
    func number(_ value: Double) -> String { String(format: "%.3f", value) }
    var lines: [String] = []
    let reading = claimed == nll ? "" : ", which is read as the log-likelihood"
    let allowed =
      lowest.flatMap { low in highest.map { "\(number(low)) to \(number($0))" } }
      .map { "from \($0)" } ?? "above nothing that is certified"
    switch verdict {
    case .supported:
      lines.append(
        "claimed \(claim.text)\(reading): supported. The model's NLL is \(allowed), errors and rounding "
          + "included")
    case .isBound:
      lines.append(
        "claimed \(claim.text)\(reading): supported, as -L_\(samples), \(number(bound)) ± "
          + "\(number(boundError)); log p(x) itself is better, \(allowed)")
    case .tooGood, .tooBad:
      let side = verdict == .tooGood ? "better" : "worse"
      lines.append(
        "claimed \(claim.text)\(reading): not supported. To be true, log p(x) would have to be "
          + "\(number(-nll)); the model's NLL is \(allowed), and the claim \(number(distance)) nats \(side)"
      )
    case .unknown:
      lines.append(
        "claimed \(claim.text)\(reading): neither supported nor refuted. It is \(number(distance)) nats "
          + "better than -L_\(samples), and nothing certifies how far log p(x) lies above that")
    }
    if !matches.isEmpty {
      lines.append("what gives that number on this model:")
      lines += matches.map(\.text)
    } else if !isSupported {
      lines.append("no mistake that is known gives that number on this model")
    }
    if verdict == .tooGood, distance < selection {
      lines.append(
        "the best of a hundred evaluations with pixels and samples drawn anew would be better by "
          + "\(number(selection)) nats: choosing among them on these images would be enough")
    }
    return lines.joined(separator: "\n")
  }
}
