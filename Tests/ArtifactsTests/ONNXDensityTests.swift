import Compute
import Foundation
import IWAE
import Testing

@testable import Artifacts

@Suite struct ONNXDensityTests {
  /// A likelihood, and the outputs of a decoder of the data beside its heads.
  struct Case: CustomTestStringConvertible {
    let text: String
    var heads: [String]
    var others: [String] = []

    var testDescription: String { text }
  }

  static let laplace = """
    {"family":"formula","name":"laplace","heads":["center","log_scale"],"mean":"center",
    "log_density":"-abs(x - center) * exp(-log_scale) - log_scale - log(2)","support":"reals"}
    """
  static let gamma = """
    {"family":"formula","name":"gamma","heads":["a","b"],"mean":"exp(lgamma(exp(a)) - b)",
    "log_density":"(exp(a) - 1) * log(x) - exp(b) * x + exp(a) * b","support":"positive"}
    """
  static let expectation = """
    {"family":"formula","name":"own","heads":["expectation"],"mean":"2 * expectation",
    "log_density":"x * expectation","support":"reals"}
    """
  static let constant = """
    {"family":"formula","name":"flat","heads":["a"],"mean":"1 / 3","log_density":"x * a",
    "support":"reals"}
    """
  static let logistic = """
    {"family":"formula","name":"logistic","heads":["mean","log_scale"],"noise":"uniform",
    "sample":"mean + exp(log_scale) * (log(e) - log1p(-e))",
    "log_density":"-(z - mean) * exp(-log_scale) - log_scale"}
    """
  static let clashing = """
    {"family":"formula","name":"own","heads":["latent","noise"],"noise":"normal",
    "sample":"latent + noise * e","log_density":"z * latent"}
    """

  static let cases = [
    Case(text: "bernoulli", heads: ["logits"], others: ["probabilities"]),
    Case(text: "gaussian", heads: ["mean", "log_sigma"]),
    Case(
      text: #"{"family":"gaussian","sigma":"shared"}"#, heads: ["mean"], others: ["log_sigma"]),
    Case(text: #"{"family":"gaussian","sigma":0.3}"#, heads: ["mean"]),
    Case(text: "poisson", heads: ["log_rate"], others: ["expectation"]),
    Case(text: "continuous-bernoulli", heads: ["logits"], others: ["expectation"]),
    Case(text: laplace, heads: ["center", "log_scale"]),
    Case(text: gamma, heads: ["a", "b"], others: ["expectation"]),
    Case(text: expectation, heads: ["head.expectation"], others: ["expectation"]),
    Case(text: constant, heads: ["a"], others: ["expectation"]),
  ]

  private func files(
    _ likelihood: Likelihood, _ posteriors: [Posterior]
  ) throws -> (model: Model, encoder: ONNXFile, decoder: ONNXFile) {
    let model = Model(
      dataSize: 9, likelihood: likelihood,
      encoder: posteriors.enumerated().map {
        .init(hidden: [4], latent: 3 - $0.offset, posterior: $0.element)
      },
      decoder: posteriors.map { _ in .init(hidden: [5]) })
    let files = try ONNXModel(model, parameters: model.initialParameters(seed: 3))
    return (model, try ONNXFile(files.encoder), try ONNXFile(files.decoder))
  }

  @Test(arguments: cases) func decodersGiveHeadsParametersAndMean(of one: Case) throws {
    let (model, _, decoder) = try files(try Likelihood(named: one.text), [.gaussian, .gaussian])
    let below = ["mean.0", "log_sigma.0", "latent.0"]
    #expect(Set(decoder.outputs.keys) == Set(one.heads + one.others + below))
    let columns = try decoder.columns()
    for (name, shape) in decoder.outputs {
      #expect(shape == ["N", below.contains(name) ? "3" : "9"])
      #expect(columns[name].map(String.init) == shape[1])
    }
    for (head, dense) in zip(one.heads, model.decoderNetworks[1].heads) {
      let node = try #require(decoder.nodes.first { $0.outputs == [head] })
      #expect(node.operation == "Gemm" && node.inputs[1] == dense.weight.name)
    }
    let used = Set(decoder.nodes.flatMap(\.inputs))
    #expect(used.isSuperset(of: decoder.arrays.keys))
  }

  @Test func learnedParametersAreInitializers() throws {
    let (_, _, decoder) = try files(.gaussianShared, [.gaussian])
    #expect(decoder.arrays["likelihood.log_sigma"]?.shape == [1])
    let node = try #require(decoder.nodes.first { $0.outputs == ["log_sigma"] })
    #expect(node.operation == "Expand" && node.inputs[0] == "likelihood.log_sigma")
    let model = Model(
      dataSize: 2, likelihood: .gaussianShared, encoder: [.init(hidden: [], latent: 1)],
      decoder: [.init(hidden: [])])
    var parameters = model.initialParameters(seed: 3)
    parameters[model.likelihoodParameters[0]] = nil
    #expect {
      try ONNXModel(model, parameters: parameters)
    } throws: { error in
      "\(error)".contains("'likelihood.log_sigma' should have 1 values, found none.")
    }
  }

  @Test func meansAreTheLikelihoodsFormulas() throws {
    let (_, _, poisson) = try files(.poisson, [.gaussian])
    let mean = poisson.nodes.filter { $0.outputs == ["expectation"] }
    #expect(mean.map(\.operation) == ["Exp"] && mean[0].inputs == ["log_rate"])
    let (_, _, bernoulli) = try files(.bernoulli, [.gaussian])
    #expect(bernoulli.nodes.first { $0.outputs == ["probabilities"] }?.operation == "Div")
  }

  @Test func classesHaveAMeanOfTheirShares() throws {
    let (_, _, decoder) = try files(.categorical(4), [.gaussian])
    #expect(decoder.outputs == ["logits": ["N", "36"], "expectation": ["N", "9"]])
    let nodes = decoder.nodes.suffix(3)
    #expect(nodes.map(\.operation) == ["Reshape", "Softmax", "MatMul"])
    #expect(decoder.arrays[nodes.first?.inputs.last ?? ""]?.values == [-1, 9, 4])
    #expect(nodes.dropFirst().first?.attributes == ["axis": 2])
    #expect(decoder.arrays[nodes.last?.inputs.last ?? ""]?.values == [0, 1, 2, 3])
  }

  @Test func encodersGiveEveryHeadAndTheSample() throws {
    let posteriors = [try Posterior(named: Self.logistic), .gaussian]
    let (_, encoder, decoder) = try files(.bernoulli, posteriors)
    #expect(Set(encoder.inputs.keys) == ["images", "noise.0", "noise.1"])
    #expect(
      Set(encoder.outputs.keys) == [
        "mean.0", "log_scale.0", "latent.0", "mean.1", "log_sigma.1", "latent.1",
      ])
    #expect(encoder.nodes.contains { $0.operation == "Log" && $0.inputs == ["noise.0"] })
    #expect(encoder.nodes.contains { $0.operation == "Gemm" && $0.inputs[0] == "latent.0" })
    #expect(try encoder.columns()["latent.0"] == 3)
    // What lies below a latent is Gaussian, whatever the posterior is.
    #expect(decoder.outputs["log_sigma.0"] == ["N", "3"] && decoder.inputs["noise.0"] != nil)
  }

  @Test func movedPosteriorsGiveAllTheirHeads() throws {
    for (posterior, head, columns, operations) in [
      (Posterior.full, "lower", 3, ["Gather", "MatMul"]),
      (.flow(steps: 2, hidden: [4], context: 5), "context", 5, ["Slice", "Concat"]),
    ] {
      let (_, encoder, decoder) = try files(.bernoulli, [posterior, posterior])
      #expect(
        Set(encoder.outputs.keys)
          == Set(
            [0, 1].flatMap { layer in
              ["mean", "log_sigma", head, "latent"].map { "\($0).\(layer)" }
            }))
      #expect(encoder.outputs["\(head).0"] == ["N", "\(columns)"])
      #expect(Set(encoder.nodes.map(\.operation)).isSuperset(of: operations))
      #expect(decoder.outputs["\(head).0"] == nil)
      let made = encoder.nodes.flatMap(\.outputs)
      // Nothing is computed that nobody asks for.
      #expect(Set(encoder.nodes.flatMap(\.inputs) + encoder.outputs.keys).isSuperset(of: made))
    }
  }

  @Test func headsMakeWayForTheGraphsOwnNames() throws {
    let (_, encoder, _) = try files(.bernoulli, [try Posterior(named: Self.clashing)])
    #expect(Set(encoder.inputs.keys) == ["images", "noise.0"])
    #expect(Set(encoder.outputs.keys) == ["head.latent.0", "head.noise.0", "latent.0"])
    let deviation = try #require(encoder.nodes.first { $0.operation == "Mul" })
    #expect(Set(deviation.inputs) == ["head.noise.0", "noise.0"])
    _ = try encoder.columns()
  }
}
