import Commands
import Experiments
import Foundation
import IWAE
import Testing

@testable import iwae_gpu

/// A new run has the images of the configuration that it begins with, unless others are chosen.
@Suite struct ChosenImagesTests {
  private let densities: Densities
  private var out: String { densities.path("run") }
  private var configuration: String { "\(out)/config.json" }

  init() throws { densities = try Densities() }

  private func train(_ data: String, _ more: String...) {
    let trained = run(
      [
        "train", "--data", data, "--likelihood", "poisson", "--layers", "8:2", "-k", "3",
        "--passes", "1", "--batch", "10", "--test-samples", "10", "--out", out, "--overwrite",
        "--quiet",
      ] + more)
    #expect(trained.status == .done, "\(more): \(trained.error)")
  }

  private func next(_ file: String, _ more: [String] = []) -> Outcome {
    let flags = ["--config", file, "--out", densities.path("next"), "--overwrite", "--quiet"]
    return run(["train"] + flags + more)
  }

  /// Writes other counts to a file; returns its path.
  private func others(_ name: String) throws -> String {
    let values = (0..<60 * Densities.width).map { UInt8($0 * $0 / 5 % 7) }
    return try densities.array(name, "|u1", Data(values))
  }

  /// Writes the class of each image as a row with a single 1; returns the file's path.
  private func labels() throws -> String {
    let width = Densities.width
    let values = (0..<60 * width).map { UInt8($0 / width % width == $0 % width ? 1 : 0) }
    return try densities.array("labels", "|u1", Data(values))
  }

  /// A copy that chooses other images, or reads them otherwise, is not held to the former ones.
  @Test func anEditedCopyChoosesItsImages() throws {
    defer { densities.remove() }
    let counts = try densities.counts()
    train(counts)
    let copy = densities.path("copy.json")
    func copied(_ change: (inout RunConfiguration) -> Void) throws -> Outcome {
      var edited = try RunConfiguration(file: configuration)
      change(&edited)
      #expect(edited.identity != nil)
      try edited.file.write(to: URL(fileURLWithPath: copy))
      return next(copy)
    }
    let (named, labels) = (try others("others"), try labels())
    let edits: [(inout RunConfiguration) -> Void] = [
      { $0.data = named }, { $0.test = named }, { $0.labels = labels }, { $0.split = .count(7) },
      { $0.model.likelihood = .gaussian },
    ]
    for (index, edit) in edits.enumerated() {
      let edited = try copied(edit)
      #expect(edited.status == .done, "edit \(index): \(edited.error)")
    }
    #expect(try others("counts") == counts)
    let changed = try copied { $0.seed = 5 }
    #expect(changed.status == .badInput, "\(changed.error)")
    #expect(changed.error.contains("name it again: with '--data'"), "\(changed.error)")
    // The choice of images was not always kept.
    let text = try String(contentsOfFile: configuration, encoding: .utf8)
    try #require(text.contains("\"choice\""))
    try Data(text.replacing("\"choice\"", with: "\"other\"").utf8)
      .write(to: URL(fileURLWithPath: copy))
    let former = next(copy)
    #expect(former.status == .done, "\(former.error)")
  }

  /// A flag takes back the digests of what it can change, and of nothing else.
  @Test func whatAFlagCannotChangeIsChecked() throws {
    defer { densities.remove() }
    let (counts, bits) = (try densities.counts(), try densities.bits())
    let labels = try labels()
    // Where nobody divided the data, more of them train if others test.
    train(counts)
    let tested = next(configuration, ["--test", bits])
    #expect(tested.status == .done, "\(tested.error)")
    train(counts, "--test", bits)
    for more in [["--labels", labels], ["--split", "standard"], ["--split", "7"]] {
      let same = next(configuration, more)
      #expect(same.status == .done, "\(more): \(same.error)")
    }
    func refusal(_ more: String...) -> String {
      let refused = next(configuration, more)
      #expect(refused.status == .badInput, "\(more)")
      return refused.error
    }
    // Other images to test on.
    _ = try others("bits")
    for rule in ["standard", "7"] {
      #expect(refusal("--split", rule).contains("the test images had other values"))
    }
    #expect(refusal("--labels", labels).contains("the test images had other values"))
    let named = next(configuration, ["--test", bits])
    #expect(named.status == .done, "\(named.error)")
    // Other images to train on.
    _ = try (densities.bits(), others("counts"))
    #expect(refusal("--split", "standard").contains("the training images had other values"))
    #expect(refusal("--labels", labels).contains("the training images had other values"))
    #expect(refusal("--test", bits).contains("the training images had other values"))
    let all = next(configuration, ["--data", counts])
    #expect(all.status == .done, "\(all.error)")
  }
}
