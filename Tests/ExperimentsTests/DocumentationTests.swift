import Foundation
import Testing

@testable import Experiments
@testable import IWAE

/// Articles that say what files hold.
@Suite struct DocumentationTests {
  private func article() throws -> String {
    try String(
      contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Sources/Experiments/Experiments.docc/FilesAndFields.md"),
      encoding: .utf8)
  }

  /// The text of a section of the article.
  private func section(_ title: String) throws -> Substring {
    let article = try article()
    let start = try #require(article.range(of: "\n### \(title)\n")).upperBound
    let rest = article[start...]
    return rest[..<(rest.range(of: "\n### ")?.lowerBound ?? rest.endIndex)]
  }

  @Test func everyKeyOfTheMetricsIsThere() throws {
    var progress = TrainingProgress()
    (progress.skippedSteps, progress.rateHalvings) = ([3], 1)
    let line = MetricsLine(
      PassReport(
        progress: progress, bound: -1, learningRate: 1, validation: -1,
        validationReconstruction: -1, validationDivergence: 0, isBest: true), trainSeconds: 1)
    let object = try JSONSerialization.jsonObject(with: JSONText.data(line)) as? [String: Any]
    let keys = try #require(object).keys
    #expect(keys.count == Mirror(reflecting: line).children.count)
    let table = try section("metrics.jsonl")
    for key in keys { #expect(table.contains("`\(key)`"), "\(key)") }
    let tags = try section("Events for TensorBoard")
    for (tag, _) in line.scalars { #expect(tags.contains("`\(tag)`"), "\(tag)") }
  }

  @Test func everyKeyOfATrainingIsThere() throws {
    let report = RunReport(
      run: "run", steps: 1, passes: 1, bound: -1, validation: -1, skippedSteps: [3],
      rateHalvings: 1, trainSeconds: 1, digest: "", reductionMilliseconds: 1, reductionBytes: 4,
      evaluation: nil, backend: "cpu", device: "reference")
    let object = try JSONSerialization.jsonObject(with: JSONText.data(report)) as? [String: Any]
    let keys = Array(try #require(object).keys) + ["evaluation"]
    #expect(keys.count == Mirror(reflecting: report).children.count)
    let paragraph = try section("train --json and others").components(separatedBy: "\n\n")[0]
    #expect(paragraph.contains("`train --json`"))
    for key in keys { #expect(paragraph.contains("`\(key)`"), "\(key)") }
  }

  @Test func modelsThatAreCalledAlikeAreToldApart() {
    #expect(BoundsComparison.names(of: ["runs/a", "runs/b/best.safetensors"]) == ["a", "b"])
    #expect(
      BoundsComparison.names(of: ["/x/1/iwae", "/x/2/iwae/", "/x/vae"])
        == ["1/iwae", "2/iwae", "vae"])
    #expect(
      BoundsComparison.names(of: ["r/best.safetensors", "r/checkpoint.safetensors"])
        == ["r/best.safetensors", "r/checkpoint.safetensors"])
  }
}
