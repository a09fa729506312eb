import Compute
import Datasets
import Foundation
import IWAE
import OpenCLDevice
import Testing

/// The example of the documentation, run as it stands there.
@Suite struct ExampleTests {
  @Test func theDocumentationsExampleRuns() throws {
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    let digits = Strokes().images(count: 200, seed: 7)
    let configuration = TrainingConfiguration(
      objective: .piwae, groups: 2, samples: 3, passes: 2)
    let model = Model.burda1(dataSize: 784)
    let trainer = try Trainer(
      model, configuration, images: digits.subset(0..<180), device: device)
    while !trainer.isDone {
      if let pass = try trainer.finishPass() { print(pass.bound) }
    }
    let evaluator = try Evaluator(
      model, parameters: trainer.state(), images: digits.subset(180..<200), device: device,
      samples: 50)
    if let result = try evaluator.evaluate() { print(result.nll, result.activeUnits) }
    #expect(try evaluator.evaluate()?.imageLogLikelihoods.count == 20)
  }

  @Test func densitiesOfTheDocumentationAreDensities() throws {
    let (x, u): (Formula, Formula) = ("x", "u")
    let (mean, logScale): (Formula, Formula) = ("mean", "log_scale")
    let relative = (x - mean) * .exp(-logScale)
    let student = try Likelihood(
      "student", heads: ["mean", "log_scale"],
      logDensity: -1.5 * .log(2 + relative * relative) - logScale, mean: mean, support: .reals,
      draw: mean + .exp(logScale) * (2 * u - 1) / .sqrt(2 * u * (1 - u)))
    let laplace = try Prior(
      named: """
        {"family": "formula", "name": "laplace", "parameters": ["log_scale"],
         "log_density": "-abs(z) * exp(-log_scale) - log_scale - log(2)"}
        """)
    let model = Model(
      dataSize: 20, likelihood: student, encoder: [.init(hidden: [20], latent: 5)],
      decoder: [.init(hidden: [20])], prior: laplace)
    #expect(model.problem == nil)
    // The article has the same in JSON.
    let texts = try blocks("OwnDensity", "json")
    try #require(texts.count == 3)
    let described = try Likelihood(named: texts[0])
    let densities = try [student, described].map { try #require($0.logDensity) }
    for values in [
      ["x": 2, "mean": 0.5, "log_scale": -0.2], ["x": -7, "mean": 1, "log_scale": 1],
    ] {
      let logarithms = densities.map { $0.evaluate(values) }
      #expect(abs(logarithms[0] - logarithms[1]) < 1e-12)
      let draws = [student, described].map { likelihood in
        likelihood.draw?.evaluate(values.merging(["u": 0.3]) { $1 }) ?? .nan
      }
      #expect(abs(draws[0] - draws[1]) < 1e-12)
    }
    #expect(try Prior(named: texts[2]) == laplace)
    #expect(abs(laplace.integral(parameters: ["log_scale": 0.3]) - 1) < 1e-3)
    // A posterior's sample is of its density: the slope of the sample by the noise is its inverse.
    let logistic = try Posterior(named: texts[1])
    let slope = try logistic.sample.derivative(by: "e")
    for e in [0.01, 0.4, 0.9] {
      var values = ["center": 0.7, "log_scale": -0.4, "e": e]
      values["z"] = logistic.sample.evaluate(values)
      #expect(abs(logistic.logDensity.evaluate(values) + log(slope.evaluate(values))) < 1e-9)
    }
  }

  /// The tests above have the lines of the articles.
  @Test(arguments: [("IWAE", 10), ("OwnDensity", 10)])
  func articlesHoldTheSameLines(_ article: String, _ least: Int) throws {
    let test = try String(contentsOf: URL(fileURLWithPath: #filePath), encoding: .utf8)
    let lines = try blocks(article, "swift").flatMap { $0.split(separator: "\n") }.map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    #expect(lines.count > least)
    for line in lines { #expect(test.contains(line), "\(line)") }
  }

  /// The blocks of an article in a language.
  private func blocks(_ article: String, _ language: String) throws -> [String] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let text = try String(
      contentsOf: root.appending(path: "../../Sources/IWAE/IWAE.docc/\(article).md"),
      encoding: .utf8)
    return text.components(separatedBy: "```\(language)\n").dropFirst().map {
      $0.components(separatedBy: "```")[0]
    }
  }
}
