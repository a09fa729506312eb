import Compute
import Foundation
import Testing

@testable import IWAE

@Suite struct PosteriorTests {
  @Test func theGaussianAtItsSampleIsAFormulaInTheNoise() throws {
    let gaussian = Posterior.gaussian
    let variables = ["e", "mean", "log_sigma"]
    #expect(
      gaussian.logDensityAtSample
        == (try Formula(
          parsing: "-0.5 * e^2 - log_sigma - 0.5 * log(2 * pi)", variables: variables)))
    #expect(
      try gaussian.score(by: "mean")
        == Formula(parsing: "0.5 * (2 * e * exp(-log_sigma))", variables: variables))
    #expect(
      try gaussian.score(by: "log_sigma")
        == Formula(parsing: "0.5 * (2 * e * e) - 1", variables: variables))
    #expect(gaussian.center == "mean")
    #expect(gaussian.obstacleToPath == nil)
  }

  @Test func theGaussianIsConsistent() throws {
    let gaussian = Posterior.gaussian
    let heads = ["mean": 0.7, "log_sigma": -0.4]
    let (mean, sigma) = (0.7, exp(-0.4))
    let z = gaussian.sample.evaluate(heads.merging(["e": 1.5]) { $1 })
    #expect(abs(z - (mean + 1.5 * sigma)) < 1e-15)
    let inverse = try #require(gaussian.inverse)
    #expect(abs(inverse.evaluate(heads.merging(["z": z]) { $1 }) - 1.5) < 1e-14)
    let divergence = try #require(gaussian.divergence).evaluate(heads)
    #expect(abs(divergence - (0.5 * (mean * mean + sigma * sigma - 1) + 0.4)) < 1e-15)
    let density = gaussian.logDensity.evaluate(heads.merging(["z": z]) { $1 })
    #expect(abs(density - (-1.125 + 0.4 - 0.9189385332046727)) < 1e-14)
  }

  /// q(z) dz is the noise's own density: the cumulative mass below a sample is the noise.
  @Test func theLaplaceSampleHasItsDensity() throws {
    let laplace = try Posterior(named: ModelCodingTests.laplace)
    let heads = ["mean": 0.7, "log_scale": -0.4]
    #expect(laplace.noise == .uniform)
    #expect(abs(laplace.center.evaluate(heads) - 0.7) < 1e-15)
    for e in [0.1, 0.4, 0.5, 0.9] {
      func sample(_ e: Double) -> Double {
        laplace.sample.evaluate(heads.merging(["e": e]) { $1 })
      }
      let slope = (sample(e + 1e-5) - sample(e - 1e-5)) / 2e-5
      let density = laplace.logDensity.evaluate(heads.merging(["z": sample(e)]) { $1 })
      #expect(abs(density + log(slope)) < 1e-4)
    }
    #expect(laplace.obstacleToPath == nil)
    #expect(laplace.divergence == nil && laplace.inverse == nil)
    #expect(laplace.logDensityAtSample == laplace.logDensity)
    #expect(try laplace.score(by: "mean").variables.contains("z"))
  }

  static func text(_ field: String, _ value: String?) -> String {
    var fields = [
      "family": #""formula""#, "name": #""step""#, "heads": #"["a"]"#, "noise": #""uniform""#,
      "sample": #""e < sigmoid(a)""#, "log_density": #""z * a - softplus(a)""#,
    ]
    fields[field] = value
    return "{" + fields.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}"
  }

  @Test func noGradientGoesThroughAStep() throws {
    let step = try Posterior(named: Self.text("name", #""step""#))
    #expect(
      step.obstacleToPath
        == "the sample of posterior 'step' is a step function of 'a', whose derivative is 0")
    let score = try step.score(by: "a")
    #expect(score == (try Formula(parsing: "z - sigmoid(a)", variables: ["z", "a"])))
  }

  @Test(arguments: [
    (
      text("noise", #""cauchy""#),
      "posterior 'step', noise: expected normal or uniform, found 'cauchy'."
    ),
    (
      text("noise", nil),
      "posterior 'step': the field 'noise' is missing: expected normal or uniform."
    ),
    (text("sample", #""a""#), "posterior 'step', sample: expected a formula that mentions 'e'."),
    (
      text("log_density", #""-a""#),
      "posterior 'step', log_density: expected a formula that mentions 'z'."
    ),
    (
      text("heads", #"["a", "b"]"#),
      "posterior 'step', heads: expected names that the formulas mention, found 'b'."
    ),
    (
      text("heads", #"["a", "z"]"#),
      "posterior 'step', heads: expected names other than 'x', 'z', 'e', 'u', 'n', found 'z'."
    ),
    (
      text("mean", #""a""#),
      "posterior 'step' has an unknown field 'mean'. Known: family, name, heads, noise, "
        + "sample, log_density."
    ),
    (
      "gausssian",
      "unknown posterior 'gausssian'. Did you mean 'gaussian'? Known: "
        + "\(Posterior.families.map(\.name).joined(separator: ", "))."
    ),
    ("gaussian:2", "posterior 'gaussian' takes no number after its name, found ':2'."),
  ])
  func descriptionsThatAreNoPosteriorAreRefused(text: String, message: String) {
    let error = #expect(throws: DescriptionError.self) { try Posterior(named: text) }
    #expect(error?.description == message)
  }
}
