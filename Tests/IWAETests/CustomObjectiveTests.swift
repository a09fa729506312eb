import Compute
import Datasets
import IWAE
import OpenCLDevice
import Testing

/// Objectives whose rule is a function of the user's.
@Suite struct CustomObjectiveTests {
  private static let digits = Strokes().images(count: 40, seed: 7)
  private static let model = Model(
    dataSize: digits.width, encoder: [.init(hidden: [8], latent: 2)],
    decoder: [.init(hidden: [8])])

  /// PIWAE, as somebody else would write it.
  private static func piwae(_ groups: Int, _ samples: Int) -> EstimatorRule {
    let path = CoefficientRule(.group, linear: 1 / Float(groups))
    return EstimatorRule(
      bound: BoundRule(), encoderBound: BoundRule(.group), decoder: CoefficientRule(linear: 1),
      path: path, score: -path)
  }

  private static func trained(_ objective: Objective) throws -> [Tensor: [Float]] {
    let configuration = TrainingConfiguration(
      objective: objective, groups: 2, samples: 3, passes: 1)
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let trainer = try Trainer(model, configuration, images: digits, device: device)
    _ = try trainer.finishPass()
    return try trainer.state()
  }

  @Test func itIsEqualToItsCopiesAlone() {
    let first = Objective.custom(name: "piwae", rule: Self.piwae)
    let copy = first
    #expect(first == copy && first.hashValue == copy.hashValue)
    #expect(first != Objective.custom(name: "piwae", rule: Self.piwae))
    #expect(first != .piwae)
  }

  @Test func itSaysWhatItsRuleSays() {
    let objective = Objective.custom(name: "own", rule: Self.piwae)
    #expect(objective.rule(groups: 3, samples: 5) == Self.piwae(3, 5))
    #expect(objective.rule(groups: 3, samples: 5, estimator: .dreg) == Self.piwae(3, 5))
    #expect(objective.dependsOnGroups && !objective.hasEstimators)
    #expect(objective.rule(groups: 3, samples: 5) == Objective.piwae.rule(groups: 3, samples: 5))
  }

  /// Groups count wherever one column goes by them, or one number.
  @Test func aRuleSaysWhetherGroupsCount() throws {
    func own(_ parts: String) throws -> Objective {
      try Objective(
        description: #"{"name": "own", "bound": {}, "decoder": {"linear": 1}\#(parts)}"#)
    }
    for (parts, expected) in [
      ("", false), (#", "path": {"scope": "group", "linear": "1/m"}"#, true),
      (#", "path": {"scope": "group"}"#, false),
      (#", "path": {"scope": "group", "constant": "1/(m*k)"}"#, false),
      (#", "path": {"constant": "1/m"}"#, true), (#", "score": {"linear": "1/m"}"#, true),
      (#", "dreg": {"scope": "group", "square": "1/m"}"#, true), (#", "dreg": {}"#, false),
      (#", "leave_one_out": 1"#, true),
      (#", "encoder_bound": {"scope": "group", "mean_share": 1}"#, false),
      (#", "encoder_bound": {"scope": "group"}"#, true),
    ] {
      #expect(try own(parts).dependsOnGroups == expected, "\(parts)")
    }
  }

  @Test func itTrainsAsTheLibrarysObjectiveOfTheSameRule() throws {
    let own = try Self.trained(.custom(name: "own", rule: Self.piwae))
    #expect(own == (try Self.trained(.piwae)))
    #expect(own != (try Self.trained(.iwae)))
  }

  @Test func aRuleThatCannotBeComputedIsRefused() {
    let flat = Objective.custom(name: "flat") { _, _ in
      EstimatorRule(
        bound: BoundRule(temperature: 0), decoder: CoefficientRule(linear: 1),
        path: CoefficientRule(), score: CoefficientRule())
    }
    do {
      _ = try Self.trained(flat)
      Issue.record("it was trained")
    } catch {
      #expect("\(error)".contains("expected temperatures of at least 0.001 either way, found 0.0"))
    }
  }
}
