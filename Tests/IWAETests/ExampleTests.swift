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

  /// The test above is the article's example, line by line.
  @Test func theArticleHoldsTheSameLines() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let article = try String(
      contentsOf: root.appending(path: "../../Sources/IWAE/IWAE.docc/IWAE.md"), encoding: .utf8)
    let test = try String(contentsOf: URL(fileURLWithPath: #filePath), encoding: .utf8)
    let code = try #require(article.components(separatedBy: "```").dropFirst().first)
    let lines = code.split(separator: "\n").dropFirst().map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    #expect(lines.count > 10)
    for line in lines { #expect(test.contains(line), "\(line)") }
  }
}
