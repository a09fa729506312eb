import Compute
import Testing

@testable import IWAE

@Suite struct ModelTests {
  @Test func parametersHaveTheNamesAndShapesOfTheCheckpoint() {
    let two = Model(
      dataSize: 12,
      encoder: [.init(hidden: [9], latent: 5), .init(hidden: [6, 7], latent: 3)],
      decoder: [.init(hidden: []), .init(hidden: [8])])
    let lines = two.parameters.map(\.description)
    #expect(
      lines == [
        "encoder.0.hidden.0.weight [9, 12]", "encoder.0.hidden.0.bias [9]",
        "encoder.0.mean.weight [5, 9]", "encoder.0.mean.bias [5]",
        "encoder.0.log_sigma.weight [5, 9]", "encoder.0.log_sigma.bias [5]",
        "encoder.1.hidden.0.weight [6, 5]", "encoder.1.hidden.0.bias [6]",
        "encoder.1.hidden.1.weight [7, 6]", "encoder.1.hidden.1.bias [7]",
        "encoder.1.mean.weight [3, 7]", "encoder.1.mean.bias [3]",
        "encoder.1.log_sigma.weight [3, 7]", "encoder.1.log_sigma.bias [3]",
        "decoder.0.mean.weight [5, 3]", "decoder.0.mean.bias [5]",
        "decoder.0.log_sigma.weight [5, 3]", "decoder.0.log_sigma.bias [5]",
        "decoder.1.hidden.0.weight [8, 5]", "decoder.1.hidden.0.bias [8]",
        "decoder.1.logits.weight [12, 8]", "decoder.1.logits.bias [12]",
      ])
  }

  @Test func descriptionsThatAreNoModelSayWhy() {
    var model = Model.burda1(dataSize: 784)
    #expect(model.problem == nil)
    model.decoder.append(.init(hidden: [3]))
    #expect(model.problem?.contains("as many decoder layers") == true)
    model = .burda1(dataSize: 0)
    #expect(model.problem?.contains("found 0") == true)
    model = Model(dataSize: 3, encoder: [], decoder: [])
    #expect(model.problem?.contains("at least one stochastic layer") == true)
    model = .burda1(dataSize: 784)
    model.activation = .logistic
    #expect(model.problem?.contains("logistic") == true)
  }

  /// Hidden layers count together, wherever they are.
  @Test func hiddenLayersAreNotEndless() {
    let usual = Model.burda1(dataSize: 784)
    var model = usual
    model.decoder[0].hidden = Array(repeating: 3, count: 510)
    #expect(model.problem == nil)
    model.decoder[0].hidden.append(3)
    #expect(model.problem == "expected at most 512 hidden layers in all, found 513.")
    let hidden = Array(repeating: 3, count: 8)
    model = usual
    model.prior = .flow(steps: 64, hidden: hidden)
    #expect(model.problem?.contains("found 516") == true)
    model = usual
    model.encoder[0].posterior = .flow(steps: 64, hidden: hidden)
    #expect(model.problem?.contains("found 516") == true)
    model.encoder[0].posterior = .flow(steps: 4, hidden: hidden)
    #expect(model.problem == nil)
  }

  @Test func stepsNeedAtLeastOneOfEverything() {
    for (batch, groups, samples) in [(0, 1, 1), (1, 0, 1), (1, 1, 0)] {
      #expect(throws: ProgramError.self) {
        try Step.build(
          .burda1(dataSize: 4),
          StepConfiguration(
            batchSize: batch, groups: groups, samples: samples, objective: .iwae))
      }
    }
  }

  @Test func objectivesHaveTheirRows() throws {
    #expect(Objective("nonsense") == nil)
    #expect(Objective("renyi", alpha: 1) == .vae)
    #expect(Objective.names.allSatisfy { Objective($0)?.name == $0 })
    #expect(
      Objective.names.filter { Objective($0)?.dependsOnGroups == true }
        == ["miwae", "piwae", "vimco", "tvo"])
    let piwae = Objective.piwae.rule(groups: 4, samples: 2, estimator: .dreg)
    #expect(piwae.decoder == CoefficientRule(.all, linear: 1))
    #expect(piwae.path == CoefficientRule(.group, square: 0.25))
    #expect(piwae.score.isZero && piwae.encoderBound.scope == .group)
    // Nothing to drop and nothing to double where the divergence is in closed form.
    #expect(
      Objective.elbo.rule(groups: 1, samples: 3, estimator: .stl)
        == Objective.elbo.rule(groups: 1, samples: 3))
    #expect(Objective("renyi", alpha: 0.9999)?.problem != nil)
    #expect(Objective("renyi", alpha: 0.9)?.problem == nil)
    let wake = Objective.rws.rule(groups: 1, samples: 3)
    #expect(wake.path.isZero && wake.score == CoefficientRule(.all, linear: 1))
  }

  /// Every row of the table of objectives, against its formula for M = 2, K = 2 and known weights.
  @Test func everyRowIsItsFormula() throws {
    let w: [Double] = [0.1, 0.2, 0.3, 0.4]
    let inGroup: [Double] = [1.0 / 3, 2.0 / 3, 3.0 / 7, 4.0 / 7]
    let renyi = w.map { $0.squareRoot() / w.reduce(0) { $0 + $1.squareRoot() } }
    let quarter = [0.25, 0.25, 0.25, 0.25]
    let half: [Double] = inGroup.map { $0 / 2 }
    let halfSquare: [Double] = inGroup.map { $0 * $0 / 2 }
    let mixed: [Double] = w.map { 0.2 / 4 + 0.8 * $0 }
    let mixedSquare: [Double] = w.map { 0.2 / 4 + 0.8 * $0 * $0 }
    let squares: [Double] = w.map { $0 * $0 }
    let renyiDoubled: [Double] = renyi.map { 0.5 * $0 + 0.5 * $0 * $0 }
    // Name, decoder, path as usual, path when doubly reparameterized.
    let rows: [(String, [Double], [Double], [Double])] = [
      ("vae", quarter, quarter, quarter), ("elbo", quarter, quarter, quarter),
      ("iwae", w, w, squares), ("miwae", half, half, halfSquare),
      ("ciwae", mixed, mixed, mixedSquare), ("piwae", w, half, halfSquare),
      ("renyi", renyi, renyi, renyiDoubled),
    ]
    func values(_ rule: CoefficientRule) -> [Double] {
      let weights =
        rule.scope == .group ? inGroup : rule.temperature == 0.5 ? renyi : w
      return weights.map {
        Double(rule.constant) + Double(rule.linear) * $0 + Double(rule.square) * $0 * $0
      }
    }
    func expect(_ rule: CoefficientRule, _ expected: [Double], _ name: String) {
      for (found, expected) in zip(values(rule), expected) {
        #expect(abs(found - expected) < 1e-7, "\(name)")
      }
    }
    for (name, decoder, path, doubled) in rows {
      let objective = try #require(Objective(name, beta: 0.2, alpha: 0.5))
      let usual = objective.rule(groups: 2, samples: 2)
      expect(usual.decoder, decoder, name)
      expect(usual.path, path, name)
      expect(usual.score, path.map { -$0 }, name)
      guard objective.hasEstimators else { continue }
      let stl = objective.rule(groups: 2, samples: 2, estimator: .stl)
      expect(stl.path, path, name)
      #expect(stl.score.isZero && stl.decoder == usual.decoder)
      let dreg = objective.rule(groups: 2, samples: 2, estimator: .dreg)
      expect(dreg.path, doubled, name)
      #expect(dreg.score.isZero && dreg.decoder == usual.decoder)
    }
  }

  /// The decoder is walked backwards once: no objective and no estimator costs a second pass.
  @Test func everyObjectiveHasOneDecoderPass() throws {
    func products(_ objective: Objective, _ estimator: Objective.Estimator) throws -> Int {
      let step = try Step.build(
        .burda1(dataSize: 784),
        StepConfiguration(
          batchSize: 20, groups: 2, samples: 25, objective: objective, estimator: estimator))
      return step.program.operations.filter {
        if case .multiply = $0 { true } else { false }
      }.count
    }
    let usual = try products(.iwae, .standard)
    for name in Objective.names {
      for estimator in Objective.Estimator.rows {
        #expect(try products(try #require(Objective(name)), estimator) <= usual)
      }
    }
  }
}
