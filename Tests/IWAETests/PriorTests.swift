import Compute
import Foundation
import Testing

@testable import IWAE

@Suite struct PriorTests {
  static func prior(_ logDensity: String, _ parameters: [String] = []) throws -> Prior {
    let names = parameters.map { "\"\($0)\"" }.joined(separator: ", ")
    return try Prior(
      named: """
        {"family": "formula", "name": "own", "parameters": [\(names)], \
        "log_density": "\(logDensity)"}
        """)
  }

  static let parts = [1e-6, 0.01, 0.2, 0.5, 0.75, 0.999]

  @Test func quantilesOfTheStandardNormalAreItsOwn() throws {
    #expect(abs(Prior.standardNormal.integral(parameters: [:]) - 1) < 1e-9)
    let exact = [
      -4.753424308822899, -2.3263478740408408, -0.8416212335729143, 0, 0.6744897501960817,
      3.090232306167813,
    ]
    let found = try Prior.standardNormal.quantiles(Self.parts, parameters: [:])
    for (found, exact) in zip(found, exact) { #expect(abs(found - exact) < 1e-4) }
    #expect(Prior.standardNormal.sample == "e")
  }

  @Test(arguments: [(0, 1), (3, 0.1), (-2000, 1e-4), (0.5, 300)])
  func quantilesFollowACauchyAnywhere(location: Double, scale: Double) throws {
    let cauchy = try Prior(named: ModelCodingTests.cauchy)
    let parameters = ["location": location, "log_scale": log(scale)]
    #expect(abs(cauchy.integral(parameters: parameters) - 1) < 1e-6)
    let found = try cauchy.quantiles(Self.parts, parameters: parameters)
    for (found, part) in zip(found, Self.parts) {
      let exact = tan(.pi * (part - 0.5))
      #expect(abs((found - location) / scale - exact) < 1e-4 * max(1, abs(exact)), "\(part)")
    }
  }

  @Test func quantilesFollowALaplace() throws {
    let laplace = try Self.prior(
      "-abs(z - mean) * exp(-log_scale) - log_scale - log(2)", ["mean", "log_scale"])
    let parameters = ["mean": -7.3, "log_scale": -2.0]
    #expect(abs(laplace.integral(parameters: parameters) - 1) < 1e-6)
    let found = try laplace.quantiles(Self.parts, parameters: parameters)
    for (found, part) in zip(found, Self.parts) {
      let exact = part < 0.5 ? log(2 * part) : -log(2 * (1 - part))
      #expect(abs((found + 7.3) / exp(-2) - exact) < 1e-3, "\(part)")
    }
  }

  @Test func twoPeaksAreBothFound() throws {
    let two = try Self.prior(
      "log(exp(-0.5 * (z + 20)^2) + exp(-0.5 * (z - 20)^2)) - log(2) - 0.5 * log(2 * pi)")
    #expect(abs(two.integral(parameters: [:]) - 1) < 1e-3)
    let found = try two.quantiles([0.25, 0.75], parameters: [:])
    #expect(abs(found[0] + 20) < 0.01 && abs(found[1] - 20) < 0.01)
  }

  @Test func theIntegralTellsWhatIsNoDistribution() throws {
    let half = try Self.prior("-0.5 * z^2 - 0.5 * log(2 * pi) - log(2)")
    #expect(abs(half.integral(parameters: [:]) - 0.5) < 1e-9)
    // Its quantiles are those of the normalised density.
    #expect(abs(try half.quantiles([0.75], parameters: [:])[0] - 0.6744897501960817) < 1e-4)
    #expect(try Self.prior("0 * z").integral(parameters: [:]) > 10)
    // Numbers above 0 alone: the rest is NaN.
    let exponential = try Self.prior("log(z) - z - log(z)")
    #expect(abs(exponential.integral(parameters: [:]) - 1) < 1e-3)
    let none = try Self.prior("log(-1 - z^2)")
    #expect(none.integral(parameters: [:]) == 0)
    let error = #expect(throws: DescriptionError.self) {
      try none.quantiles([0.5], parameters: [:])
    }
    #expect(
      error?.description
        == "prior 'own': the formula gives no finite positive density anywhere on the real line.")
  }

  @Test(arguments: [
    ("-z", "location", "prior 'own', log_density: expected a formula that mentions 'location'."),
    ("-1", "", "prior 'own', log_density: expected a formula that mentions 'z'."),
    ("-x^2", "", "prior 'own', log_density: unknown name 'x' at 2."),
    (
      "-z", "e",
      "prior 'own', parameters: expected names other than 'x', 'z', 'e', 'u', 'n', found 'e'."
    ),
  ])
  func formulasThatAreNoPriorAreRefused(
    logDensity: String, parameter: String, message: String
  ) {
    let error = #expect(throws: DescriptionError.self) {
      try Self.prior(logDensity, parameter.isEmpty ? [] : [parameter])
    }
    #expect(error?.description.hasPrefix(message) == true, "\(String(describing: error))")
  }
}
