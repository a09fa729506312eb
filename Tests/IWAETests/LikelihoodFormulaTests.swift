import Compute
import IWAE
import Testing

/// Likelihoods written as formulas in Swift.
@Suite struct LikelihoodFormulaTests {
  private static func laplace(_ logDensity: Formula, draw: Formula? = nil) throws -> Likelihood {
    try Likelihood(
      "laplace", heads: ["mean", "log_scale"], logDensity: logDensity, mean: "mean",
      support: .reals, draw: draw)
  }

  private static let logDensity: Formula =
    -.abs("x" - "mean") * .exp(-"log_scale") - "log_scale" - .log(2)

  @Test func theyAreWhatTheirTextDescribes() throws {
    let described = try Likelihood(
      named: """
        {"family": "formula", "name": "laplace", "heads": ["mean", "log_scale"], "mean": "mean",
         "log_density": "\(Self.logDensity)", "support": "reals", "draw": "mean + n"}
        """)
    let written = try Self.laplace(Self.logDensity, draw: "mean" + "n")
    #expect(written == described && written.logDensity == Self.logDensity)
    #expect(written.draw == described.draw && written.draw != nil)
    #expect(try Self.laplace(Self.logDensity).draw == nil)
  }

  @Test func whatIsWrongWithThemIsSaid() {
    let error = #expect(throws: DescriptionError.self) { try Self.laplace("x" - "mean") }
    #expect(error?.description.contains("log_scale") == true)
    #expect(throws: DescriptionError.self) { try Self.laplace(Self.logDensity, draw: "u" * "n") }
  }
}
