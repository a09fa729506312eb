import Compute
import Foundation
import IWAE

/// A way to evaluate another model, or other data, than those that are meant: it has been published, or
/// comes of names that two programs understand differently.
struct EvaluationMistake: Sendable {
  let name: String
  let explanation: String
  /// The subject as it is evaluated by mistake; nil where the mistake is none, or cannot be made.
  let change: @Sendable (Subject) throws -> Subject?

  /// A row for each.
  static let all =
    [
      EvaluationMistake(
        name: "grey", explanation: "grey pixels as they are, not drawn as 0s and 1s"
      ) { binarized($0, .none) },
      EvaluationMistake(
        name: "threshold", explanation: "grey pixels rounded, not drawn as 0s and 1s"
      ) { binarized($0, .threshold) },
      EvaluationMistake(
        name: "drawn", explanation: "grey pixels drawn as 0s and 1s, which are meant as they are"
      ) { binarized($0, .sample) },
      EvaluationMistake(
        name: "no prior",
        explanation: "log p(h), of several layers the topmost's, left out of the weights"
      ) {
        try densities($0, prior: nothing)
      },
      EvaluationMistake(name: "no posterior", explanation: "log q(h|x) left out of the weights") {
        try densities($0, posterior: posterior(sample: 1, density: nil))
      },
      EvaluationMistake(
        name: "likelihood alone",
        explanation:
          "log p(h), of several layers the topmost's, and log q(h|x) left out of the weights"
      ) { try densities($0, prior: nothing, posterior: posterior(sample: 1, density: nil)) },
    ] + spreads(2, "the log-variance read as log sigma")
    + spreads(0.5, "log sigma read as a log-variance") + [
      EvaluationMistake(
        name: "likelihood's spread",
        explanation: "the likelihood's log-variance read as log sigma"
      ) { likelihoodSpread($0, times: 2) },
      EvaluationMistake(
        name: "likelihood's spread",
        explanation: "the likelihood's log sigma read as a log-variance"
      ) { likelihoodSpread($0, times: 0.5) },
    ]

  private static func spreads(_ factor: Double, _ what: String) -> [EvaluationMistake] {
    [
      EvaluationMistake(name: "spread", explanation: "the encoder: \(what)") {
        try densities($0, posterior: posterior(sample: factor, density: factor))
      },
      EvaluationMistake(name: "spread", explanation: "the encoder, in log q(h|x) alone: \(what)") {
        try densities($0, posterior: posterior(sample: 1, density: factor))
      },
      EvaluationMistake(name: "spread", explanation: "the encoder, in its samples alone: \(what)") {
        try densities($0, posterior: posterior(sample: factor, density: 1))
      },
    ]
  }

  private static func binarized(_ subject: Subject, _ rule: Binarization) -> Subject? {
    guard subject.model.likelihood.isBinarized, !subject.images.isBinary,
      subject.binarization != rule
    else { return nil }
    var result = subject
    result.binarization = rule
    return result
  }

  /// The log-density of what is left out: 0, in words that formulas know.
  private static let nothing = "min(z^2, 0)"

  /// The Gaussian posterior with log sigma times a factor in its samples, and one in its density; nil for
  /// no density.
  private static func posterior(sample: Double, density: Double?) throws -> Posterior {
    let logDensity =
      density.map {
        "-0.5 * ((z - mean) * exp(-\($0) * log_sigma))^2 - \($0) * log_sigma - 0.5 * log(2 * pi)"
      } ?? nothing
    return try Posterior(
      named: """
        {"family": "formula", "name": "mistaken", "heads": ["mean", "log_sigma"], "noise": "normal",
         "sample": "mean + exp(\(sample) * log_sigma) * e", "log_density": "\(logDensity)"}
        """)
  }

  /// Other densities in place of a Gaussian posterior and of any prior of the topmost latents alone.
  private static func densities(
    _ subject: Subject, prior: String? = nil, posterior: Posterior? = nil
  ) throws -> Subject? {
    var model = subject.model
    guard model.encoder.allSatisfy({ $0.posterior == .gaussian }), model.prior.name != "vamp"
    else { return nil }
    if let posterior {
      for layer in model.encoder.indices { model.encoder[layer].posterior = posterior }
    }
    if let prior {
      model.prior = try Prior(
        named: "{\"family\": \"formula\", \"name\": \"mistaken\", \"log_density\": \"\(prior)\"}")
    }
    var result = subject
    result.model = model
    let names = Set(model.parameters.map(\.name))
    result.parameters = subject.parameters.filter { names.contains($0.key.name) }
    return result
  }

  private static func likelihoodSpread(_ subject: Subject, times factor: Float) -> Subject? {
    guard subject.model.likelihood.heads.contains("log_sigma") else { return nil }
    var result = subject
    let head = "decoder.\(subject.model.decoder.count - 1).log_sigma."
    for (parameter, values) in subject.parameters where parameter.name.hasPrefix(head) {
      result.parameters[parameter] = values.map { $0 * factor }
    }
    return result
  }
}
