import Artifacts
import Datasets
import Foundation
import IWAE
import Testing

@testable import iwae_gpu

/// Images that a model's are told from, one by one, and models that have no ratio.
@Suite struct SeparationCommandTests {
  private struct Images: Decodable {
    struct Row: Decodable {
      var image: Int
      var estimate: Double
      var errorIsLowerLimit: Bool?
      var shape: Double?
      var ratio: Double?
    }
    var images: [Row]
    var others: [Row]?
  }

  private let folder = FileManager.default.temporaryDirectory.appending(
    path: "iwae-gpu-against-\(UUID())"
  ).path

  private func begin() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  private func end() { try? FileManager.default.removeItem(atPath: folder) }

  /// A checkpoint of a small model of as many values as 'linear-gaussian' has; returns its path.
  private func checkpoint(
    _ name: String, _ standardization: Standardization? = nil,
    _ change: (inout Model) -> Void = { _ in }
  ) throws -> String {
    var model = Model(
      dataSize: 12, encoder: [.init(hidden: [4], latent: 2)], decoder: [.init(hidden: [4])])
    model.likelihood = .gaussian
    change(&model)
    let checkpoint = Checkpoint(
      model: model, parameters: model.initialParameters(seed: 1), standardization: standardization)
    let path = "\(folder)/\(name).safetensors"
    try checkpoint.data.write(to: URL(fileURLWithPath: path))
    return path
  }

  private func estimates(_ file: String) throws -> [Double] {
    guard case .doubles(let values) = try DataFile("\(folder)/\(file)").array().values else {
      Issue.record("expected doubles")
      return []
    }
    return values
  }

  @Test func everyOtherImageIsKept() throws {
    try begin()
    defer { end() }
    let plain = try checkpoint("plain")
    func evaluate(_ arguments: String...) {
      let outcome = run(
        ["evaluate"] + arguments + ["--limit", "6", "--samples", "120", "--quiet", "--per-image"]
          + ["\(folder)/images.npy"])
      #expect(outcome.status == .done, "\(outcome.error)")
    }
    evaluate(plain, "--data", "linear-gaussian")
    let second = try estimates("images.npy")
    let against = ["--against", "linear-gaussian", "--ratio", plain]
    let file = "\(folder)/images.json"
    let outcome = run(
      ["evaluate", "linear-gaussian", "--limit", "6", "--samples", "120", "--quiet"] + against
        + ["--per-image", file])
    #expect(outcome.status == .done, "\(outcome.error)")
    let found = try decoder.decode(
      Images.self, from: Data(contentsOf: URL(fileURLWithPath: file)))
    let others = try #require(found.others)
    #expect(found.images.count == 6 && others.count == 6 && others[5].image == 5)
    for (row, other) in zip(found.images, others) {
      let ratio = try #require(row.ratio)
      let difference = row.estimate - second[row.image]
      #expect(abs(ratio - difference) < 1e-4)
      // They are told from themselves.
      #expect(other.estimate == row.estimate && other.ratio == ratio)
      #expect(other.shape != nil && other.shape == row.shape)
      #expect(row.errorIsLowerLimit == row.shape.map { $0 >= 0.3 })
    }
    // An array has no place for others, which have one beside it.
    evaluate("linear-gaussian", "--against", "linear-gaussian")
    #expect(try estimates("images-others.npy") == estimates("images.npy"))
    #expect(try estimates("images.npy").count == 6)
    let replaced = run(
      "evaluate", "linear-gaussian", "--against", "\(folder)/images-others.npy", "--per-image",
      "\(folder)/images.npy")
    #expect(replaced.status == .usage && replaced.error.contains("would replace"))
  }

  @Test func onlyModelsOfTheSameHaveARatio() throws {
    try begin()
    defer { end() }
    let plain = try checkpoint("plain")
    let columns = Standardization(
      mean: Array(repeating: 1, count: 12), deviation: Array(repeating: 2, count: 12))
    let standardized = try checkpoint("standardized", columns)
    let bits = try checkpoint("bits") { $0.likelihood = .bernoulli }
    let conditional = try checkpoint("conditional") { $0.condition = 3 }
    func told(_ path: String, by ratio: String) -> Outcome {
      run(
        "evaluate", path, "--data", "linear-gaussian", "--against", "linear-gaussian", "--ratio",
        ratio, "--limit", "4", "--samples", "10", "--quiet")
    }
    for (path, ratio, words) in [
      (plain, standardized, "were standardized by other means"),
      (standardized, plain, "were standardized by other means"),
      (plain, bits, "its likelihood is 'bernoulli'"),
      (plain, conditional, "it is conditional on 3 classes"),
    ] {
      let outcome = told(path, by: ratio)
      #expect(outcome.status == .badInput && outcome.error.contains(words), "\(outcome.error)")
    }
    #expect(told(standardized, by: standardized).status == .done)
  }
}
