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
    #expect(Objective.names.allSatisfy { Objective($0) != nil })
    let piwae = Objective.piwae.rule(groups: 4, samples: 2, estimator: .dreg)
    #expect(piwae.decoder == CoefficientRule(.all, linear: 1))
    #expect(piwae.path == CoefficientRule(.group, square: 0.25))
    #expect(piwae.score.isZero && piwae.encoderBound.scope == .group)
    // Nothing to drop and nothing to double where the divergence is in closed form.
    #expect(
      Objective.elbo.rule(groups: 1, samples: 3, estimator: .stl)
        == Objective.elbo.rule(groups: 1, samples: 3))
    let wake = Objective.rws.rule(groups: 1, samples: 3)
    #expect(wake.path.isZero && wake.score == CoefficientRule(.all, linear: 1))
  }

  /// The decoder is walked backwards once, whatever the objective: no estimator costs a second pass.
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
      for estimator in Objective.Estimator.allCases {
        #expect(try products(try #require(Objective(name)), estimator) == usual)
      }
    }
  }
}
