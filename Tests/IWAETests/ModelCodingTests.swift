import Compute
import Foundation
import Testing

@testable import IWAE

/// The JSON of models in checkpoints.
@Suite struct ModelCodingTests {
  static let bernoulli = model()

  static func model(
    likelihood: String = #""bernoulli""#, posterior: String? = nil, prior: String? = nil
  ) -> String {
    let posterior = posterior.map { #", "posterior": \#($0)"# } ?? ""
    let prior = prior.map { #", "prior": \#($0)"# } ?? ""
    return #"""
      {"data_size": 12, "activation": "tanh", "likelihood": \#(likelihood), \#
      "encoder": [{"hidden": [8, 7], "latent": 3\#(posterior)}], "decoder": [{"hidden": [7, 8]}]\#
      \#(prior)}
      """#
  }

  static let student = #"""
    {"family": "formula", "name": "student", "heads": ["mean", "log_sigma"], "support": "reals", \#
    "mean": "mean", "log_density": "lgamma(2.5) - lgamma(2) - 0.5 * log(4 * pi) - log_sigma \#
    - 2.5 * log1p(((x - mean) * exp(-log_sigma))^2 / 4)"}
    """#
  static let beta = #"""
    {"family": "formula", "name": "beta", "heads": ["log_a", "log_b"], "support": "unit", \#
    "mean": "sigmoid(log_a - log_b)", "log_density": "(exp(log_a) - 1) * log(x) \#
    + (exp(log_b) - 1) * log1p(-x) + lgamma(exp(log_a) + exp(log_b)) - lgamma(exp(log_a)) \#
    - lgamma(exp(log_b))"}
    """#
  static let cauchy = #"""
    {"family": "formula", "name": "cauchy", "parameters": ["location", "log_scale"], \#
    "log_density": "-log(pi) - log_scale - log1p(((z - location) * exp(-log_scale))^2)"}
    """#
  static let laplace = #"""
    {"family": "formula", "name": "laplace", "heads": ["mean", "log_scale"], "noise": "uniform", \#
    "sample": "mean - exp(log_scale) * sign(e - 0.5) * log(1 - 2 * abs(e - 0.5))", \#
    "log_density": "-abs(z - mean) * exp(-log_scale) - log_scale - log(2)"}
    """#

  /// A model of every density, and the names of its parameters besides those of two networks.
  static let models: [(json: String, heads: [String], others: [String])] = [
    (bernoulli, ["mean", "log_sigma", "logits"], []),
    (model(likelihood: #""gaussian""#), ["mean", "log_sigma", "mean", "log_sigma"], []),
    (
      model(likelihood: #"{"family": "gaussian", "sigma": "shared"}"#),
      ["mean", "log_sigma", "mean"], ["likelihood.log_sigma [1]"]
    ),
    (
      model(likelihood: #"{"family": "gaussian", "sigma": 0.3}"#), ["mean", "log_sigma", "mean"], []
    ),
    (model(likelihood: #""poisson""#), ["mean", "log_sigma", "log_rate"], []),
    (model(likelihood: #""continuous-bernoulli""#), ["mean", "log_sigma", "logits"], []),
    (model(likelihood: student), ["mean", "log_sigma", "mean", "log_sigma"], []),
    (model(likelihood: beta), ["mean", "log_sigma", "log_a", "log_b"], []),
    (
      model(prior: cauchy), ["mean", "log_sigma", "logits"],
      ["prior.location [3]", "prior.log_scale [3]"]
    ),
    (model(posterior: laplace), ["mean", "log_scale", "logits"], []),
  ]

  @Test(arguments: models.indices) func decodingAndEncodingKeepsEverything(index: Int) throws {
    let (json, heads, others) = Self.models[index]
    let model = try Self.decode(json)
    let encoded = try JSONEncoder().encode(model)
    #expect(try JSONDecoder().decode(JSONValue.self, from: encoded) == JSONValue(text: json))
    #expect(try JSONDecoder().decode(Model.self, from: encoded) == model)
    let names = model.parameters.map(\.name).filter { !$0.contains("hidden") }
    let expected =
      heads.enumerated().flatMap { index, head in
        let network = index < 2 ? "encoder.0" : "decoder.0"
        return ["\(network).\(head).weight", "\(network).\(head).bias"]
      } + others.map { String($0.prefix { $0 != " " }) }
    #expect(names == expected)
    #expect(model.parameters.suffix(others.count).map(\.description) == others)
    let isEncoder = { (tensor: Tensor) in tensor.name.hasPrefix("encoder.") }
    #expect(model.generativeParameters == model.parameters.filter { !isEncoder($0) })
    #expect(
      model.parameters.prefix(while: isEncoder).count == model.parameters.count { isEncoder($0) })
  }

  @Test func defaultsMayBeSpelledOutAndAreNotWritten() throws {
    let plain = try Self.decode(Self.bernoulli)
    let spelled = try Self.decode(
      Self.model(
        likelihood: #"{"family": "bernoulli"}"#, posterior: #""gaussian""#,
        prior: #"{"family": "standard-normal"}"#))
    #expect(plain == spelled)
    #expect(
      plain
        == Model(
          dataSize: 12, encoder: [.init(hidden: [8, 7], latent: 3)],
          decoder: [.init(hidden: [7, 8])]))
    let encoded = try JSONEncoder().encode(spelled)
    #expect(
      try JSONDecoder().decode(JSONValue.self, from: encoded) == JSONValue(text: Self.bernoulli))
  }

  private static func known(_ names: [String]) -> String {
    "Known: \(names.joined(separator: ", "))."
  }

  @Test(arguments: [
    (
      bernoulli.replacing(#""data_size""#, with: #""hidden_kind": "dens", "data_size""#),
      "unknown kind of hidden layers 'dens'. Did you mean 'dense'? \(known(HiddenKind.names))"
    ),
    (#"{"data_size": 12, "classes": 3}"#, "the model has an unknown field 'classes'"),
    (
      bernoulli.replacing(#""data_size""#, with: #""condition": 0, "data_size""#),
      "the model: expected every size to be from 1 to 1048576, found 0."
    ),
    (
      bernoulli.replacing(#""latent""#, with: #""latents""#),
      "the model's encoder layer has an unknown field 'latents'"
    ),
    (
      bernoulli.replacing(#"[{"hidden": [7, 8]}]"#, with: #"[{"hidden": [7, 8], "latent": 3}]"#),
      "the model's decoder layer has an unknown field 'latent'"
    ),
    (
      model(likelihood: #""wishart""#),
      "unknown likelihood 'wishart'. \(known(Likelihood.families.map(\.name)))"
    ),
    (
      model(posterior: #"{"family": "wishart", "steps": 3, "hidden": [6]}"#),
      "unknown posterior 'wishart'. \(known(Posterior.families.map(\.name)))"
    ),
    (
      model(prior: #"{"family": "wishart", "components": 5}"#),
      "unknown prior 'wishart'. \(known(Prior.families.map(\.name)))"
    ),
    (model(likelihood: "3"), "expected the likelihood to be a name or an object, found 3."),
    (
      model(likelihood: #"{"sigma": 3}"#),
      "the likelihood: the field 'family' is missing: expected a name."
    ),
    (
      model(prior: #"{"family": 1.5}"#), "the prior, family: expected a name, found 1.5."
    ),
  ])
  func whatIsUnknownIsRefusedByName(json: String, message: String) {
    let error = #expect(throws: DecodingError.self) { try Self.decode(json) }
    guard case .dataCorrupted(let context) = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
    #expect(context.debugDescription == message)
  }

  @Test func initialParametersBeginWhereTheDensitiesSay() throws {
    var model = try Self.decode(Self.model(likelihood: Self.student, prior: Self.cauchy))
    model.activation = .relu
    let mean = [Double](repeating: 0.25, count: 12)
    let student = model.initialParameters(seed: 1, mean: mean)
    let heads = model.decoderNetworks[0].heads
    #expect(student[heads[0].bias]?.allSatisfy { $0 == 0 } == true)
    #expect(student[heads[0].weight]?.allSatisfy { $0 == 0 } == false)
    #expect(student[heads[1].weight]?.allSatisfy { $0 == 0 } == true)
    #expect(model.priorParameters.allSatisfy { student[$0] == [0, 0, 0] })
    #expect(model.priorParameters.count == 2)
    model.likelihood = .gaussianShared
    let shared = model.initialParameters(seed: 1, mean: mean)
    #expect(shared[model.likelihoodParameters[0]] == [0])
    #expect(shared[model.decoderNetworks[0].heads[0].bias] == mean.map(Float.init))
    #expect(shared.count == model.parameters.count)
  }

  @Test func unitsAreOnlyRemovedWhereThePosteriorCanBeThePrior() throws {
    let variances = [[0.0, 1.0, 1.0]]
    for (json, isRemoved) in [
      (Self.bernoulli, true), (Self.model(prior: Self.cauchy), false),
      (Self.model(posterior: Self.laplace), false),
    ] {
      let model = try Self.decode(json)
      let result = try model.removingInactiveUnits(
        from: model.initialParameters(seed: 1), variances: variances)
      #expect((result != nil) == isRemoved)
    }
  }

  static func decode(_ json: String) throws -> Model {
    try JSONDecoder().decode(Model.self, from: Data(json.utf8))
  }
}
