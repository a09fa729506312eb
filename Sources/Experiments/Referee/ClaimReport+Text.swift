import Foundation

extension ClaimReport {
  private func number(_ value: Double) -> String { String(format: "%.3f", value) }

  var text: String {
    var lines = [judgement]
    if verdict == .tooGood, !isCertified {
      lines.append(
        "the certificate is not as narrow, or as sure, as was asked for: log p(x) may be higher than it "
          + "says, and only a certificate that is met refutes the claim")
    }
    if !matches.isEmpty {
      lines.append("what gives that number on this model:")
      lines += matches.map(\.text)
    } else if !isSupported {
      lines.append("no mistake that is known gives that number on this model")
    }
    if !isSupported, between.count == 2, !matches.contains(where: { $0.name == "bound" }) {
      lines.append(
        "it lies between -L_\(between[0]) and -L_\(between[1]): a bound of between \(between[0]) and "
          + "\(between[1]) samples would give it")
    }
    return (lines + [choice].compactMap(\.self)).joined(separator: "\n")
  }

  private var judgement: String {
    let subject =
      "claimed \(claim.text)" + (claimed == nll ? "" : ", which is read as the log-likelihood")
    let allowed =
      lowest.flatMap { low in highest.map { "from \(number(low)) to \(number($0))" } }
      ?? "not certified"
    switch verdict {
    case .supported:
      return "\(subject): supported. The model's NLL is \(allowed), errors and rounding included"
    case .isBound:
      return "\(subject): supported, as -L_\(samples), \(number(bound)) ± \(number(boundError)); "
        + "log p(x) itself is better, or the same: the model's NLL is \(allowed)"
    case .tooBad where lowest == nil:
      return "\(subject): not supported. It is \(number(distance)) nats worse than -L_\(samples), "
        + "\(number(bound)) ± \(number(boundError)), and the model's NLL is no worse than that"
    case .tooGood, .tooBad:
      let side = verdict == .tooGood ? "better" : "worse"
      return
        "\(subject): not supported. To be true, log p(x) would have to be \(number(-nll)); the "
        + "model's NLL is \(allowed), and the claim \(number(distance)) nats \(side)"
    case .unknown:
      return
        "\(subject): neither supported nor refuted. It is \(number(distance)) nats better than "
        + "-L_\(samples), and nothing certifies how far log p(x) lies above that"
    }
  }

  /// The gain of choosing among evaluations, beside what the claim needs; nil where it needs nothing.
  private var choice: String? {
    guard advantage > boundError, boundError > 0, verdict == .supported || verdict == .tooGood
    else {
      return nil
    }
    let isEnough = advantage <= selection
    return
      "it is \(number(advantage)) nats better than the estimate of log p(x), and the best of a "
      + "hundred evaluations with pixels and samples drawn anew would be better by \(number(selection)): "
      + "choosing among them on these images would \(isEnough ? "" : "not ")be enough"
  }
}
