import Compute
import Testing

@testable import Conformance

@Suite struct RandomStepsTests {
  /// Every family, and every way to train it, comes up.
  @Test func everythingComesUp() {
    let names = RandomSteps.cases(count: 300).map(\.name).joined(separator: "\n")
    let parts = [
      "gaussian", "full", "flow:", "bernoulli", "mixture:", "vamp:", "logistic", "student",
      "poisson", "negative-binomial", "continuous-bernoulli", "categorical", "dense", "gated",
      "residual", "condition", "stl", "dreg", "elbo", "rws", "vimco", "tvo", "piwae",
    ]
    for part in parts { #expect(names.contains(part), "\(part)") }
  }

  @Test func aSeedSaysAll() {
    let (one, again) = (RandomSteps.cases(count: 5), RandomSteps.cases(count: 8))
    #expect(one.map(\.name) == again.prefix(5).map(\.name))
    #expect(RandomSteps.cases(count: 5, seed: 1).map(\.name) != one.map(\.name))
  }
}
