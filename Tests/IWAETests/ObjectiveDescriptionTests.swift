import Compute
import IWAE
import Testing

/// Objectives that JSON describes.
@Suite struct ObjectiveDescriptionTests {
  /// The rows of the table, as a user would write them down.
  private static let rows: [(objective: Objective, json: String)] = [
    (
      .vae,
      """
      {"bound": {"mean_share": 1}, "decoder": {"constant": "1/(m*k)"},
       "dreg": {"constant": "1/(m*k)"}, "name": "a"}
      """
    ),
    (
      .iwae,
      #"{"name": "a", "bound": {}, "decoder": {"linear": 1}, "dreg": {"square": 1}}"#
    ),
    (
      .miwae,
      """
      {"name": "a", "bound": {"scope": "group"}, "decoder": {"scope": "group", "linear": "1/m"},
       "dreg": {"scope": "group", "square": "1/m"}}
      """
    ),
    (
      .piwae,
      """
      {"name": "a", "bound": {}, "encoder_bound": {"scope": "group"}, "decoder": {"linear": 1},
       "path": {"scope": "group", "linear": "1/m"}, "dreg": {"scope": "group", "square": "1/m"}}
      """
    ),
    (
      .ciwae(beta: 0.25),
      """
      {"name": "a", "bound": {"mean_share": 0.25},
       "decoder": {"constant": "0.25/(m*k)", "linear": 0.75},
       "dreg": {"constant": "0.25/(m*k)", "square": 0.75}}
      """
    ),
    (
      .renyi(alpha: 0.5),
      """
      {"name": "a", "bound": {"temperature": 0.5}, "decoder": {"temperature": 0.5, "linear": 1},
       "dreg": {"temperature": 0.5, "linear": 0.5, "square": 0.5}}
      """
    ),
    (
      .rws,
      #"{"name": "a", "bound": {}, "decoder": {"linear": 1}, "path": {}, "score": {"linear": 1}}"#
    ),
    (
      .vimco,
      """
      {"name": "a", "bound": {"scope": "group"}, "decoder": {"scope": "group", "linear": "1/m"},
       "path": {}, "score": {"scope": "group", "linear": "-1/m"}, "leave_one_out": "1/m"}
      """
    ),
  ]

  @Test(arguments: rows.indices)
  func everyRowOfTheTableCanBeWrittenDown(_ index: Int) throws {
    let (objective, json) = Self.rows[index]
    let own = try Objective(description: json)
    #expect(own != objective && own.leastSamples == objective.leastSamples)
    #expect(own.hasEstimators == objective.hasEstimators)
    #expect(own.dependsOnGroups == objective.dependsOnGroups)
    for (groups, samples) in [(1, 2), (2, 3), (8, 5)] {
      for estimator in Objective.Estimator.rows {
        let rules = [own, objective].map {
          $0.rule(groups: groups, samples: samples, estimator: estimator)
        }
        // A scope says nothing where a column is zero.
        #expect(
          rules[0].decoder == rules[1].decoder && rules[0].leaveOneOut == rules[1].leaveOneOut)
        #expect(rules[0].bound == rules[1].bound && rules[0].encoderBound == rules[1].encoderBound)
        #expect(rules[0].path == rules[1].path || rules.allSatisfy(\.path.isZero))
        #expect(rules[0].score == rules[1].score || rules.allSatisfy(\.score.isZero))
      }
    }
  }

  @Test func itIsEqualToTheSameDescription() throws {
    let json = #"{"name": "a", "bound": {}, "decoder": {"linear": 1}}"#
    let same = #"{"decoder": {"linear": 1.0}, "bound": {}, "name": "a"}"#
    let other = #"{"name": "a", "bound": {}, "decoder": {"linear": 2}}"#
    let own = try Objective(description: json)
    #expect(own == (try Objective(description: same)))
    #expect(own.hashValue == (try Objective(description: same)).hashValue)
    #expect(own != (try Objective(description: other)))
    #expect(GradientEstimator.all(of: [own, own, .iwae]).count == 4)
    // Nobody derived how its signal grows.
    #expect(GradientEstimator(own).encoderExponent(.samples) == nil)
  }

  @Test(arguments: [
    ("[]", "expected the objective to be a name or an object, found an array."),
    ("{", "expected the objective as JSON, since it begins with '{'; found text that is not JSON."),
    ("{}", "the objective: the field 'name' is missing: expected a name."),
    (
      #"{"name": "a", "decoder": {}}"#,
      "objective 'a': the field 'bound' is missing: expected an object."
    ),
    (#"{"name": "a", "bound": 3}"#, "objective 'a', bound: expected an object, found 3."),
    (
      #"{"name": "a", "bound": {"scope": "some"}}"#,
      "objective 'a', bound, scope: expected 'all' or 'group', found 'some'."
    ),
    (
      #"{"name": "a", "bound": {"temprature": 1}}"#,
      "objective 'a', bound has an unknown field 'temprature'. Known: scope, temperature, mean_share."
    ),
    (
      #"{"name": "a", "bound": {}, "decoder": {}, "leave_one_out": 1, "least_samples": 1}"#,
      "objective 'a', least_samples: expected a whole number from 2 to 1048576, found 1."
    ),
    (
      #"{"name": "a", "bound": {}, "decoder": {"linear": []}}"#,
      "objective 'a', decoder, linear: expected a formula, found an array."
    ),
  ])
  func aWrongDescriptionIsRefused(_ json: String, _ problem: String) {
    #expect(throws: DescriptionError.self) { try Objective(description: json) }
    do {
      _ = try Objective(description: json)
    } catch {
      #expect(error.description == problem)
    }
  }

  @Test func aRuleThatIsNoNumberIsFound() throws {
    let own = try Objective(
      description: #"{"name": "a", "bound": {}, "decoder": {"linear": "1/(k-4)"}}"#)
    #expect(own.rule(groups: 1, samples: 3).problem(samples: 3) == nil)
    #expect(
      own.rule(groups: 1, samples: 4).problem(samples: 4)
        == "expected finite coefficients, found inf.")
    #expect(Objective.vimco.rule(groups: 2, samples: 1).problem(samples: 1) != nil)
  }
}
