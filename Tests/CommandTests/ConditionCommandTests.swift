import Commands
import Datasets
import Experiments
import Foundation
import Testing

@testable import iwae_gpu

/// Models that are told labels, through the command line.
@Suite struct ConditionCommandTests {
  private let densities: Densities
  private var out: String { densities.path("run") }

  init() throws { densities = try Densities() }

  private func train(_ more: String...) -> Outcome {
    run(
      [
        "train", "--out", out, "--overwrite", "--layers", "8:3", "-k", "3", "--passes", "1",
        "--test-samples", "10", "--limit", "5", "--quiet",
      ] + more)
  }

  /// Writes a label for each of 60 images, by turns of 3, and another at one place.
  private func labels(
    _ name: String = "labels", count: Int = 60, other: Int = 0, at place: Int = 0
  ) throws -> String {
    let path = densities.path("\(name).txt")
    let lines = (0..<count).map { "\($0 == place ? other : $0 % 3)" }
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  @Test func aModelIsToldTheLabelsOfAFile() throws {
    defer { densities.remove() }
    let (data, labels) = (try densities.bits(), try labels())
    let trained = train("--data", data, "--labels", labels, "--condition", "3")
    #expect(trained.status == .done, "\(trained.error)")
    let configuration = try RunConfiguration(file: "\(out)/config.json")
    #expect(configuration.labels == labels && configuration.model.condition == 3)
    #expect(configuration.task.contains("given the label"))
    #expect(run("evaluate", out, "--samples", "5", "--quiet").status == .done)
    #expect(run("train", "--resume", out, "--passes", "2", "--quiet").status == .done)
    let changed = run("train", "--resume", out, "--labels", try self.labels("others", other: 1))
    #expect(changed.error.contains("'--labels' cannot change when a run is resumed"))
    #expect(changed.error.contains("images had other labels"), "\(changed.error)")
    // Other data need labels of their own.
    let other = run("evaluate", out, "--data", data, "--samples", "5", "--quiet")
    #expect(other.status == .badInput && other.error.contains("'--labels'"))
    let told = run("evaluate", out, "--data", data, "--labels", labels, "--samples", "5", "--quiet")
    #expect(told.status == .done, "\(told.error)")
    let again = run(
      "train", "--config", "\(out)/config.json", "--layers", "5:2", "--out", out + "-again",
      "--quiet")
    #expect(again.status == .done, "\(again.error)")
    #expect(try RunConfiguration(file: "\(out)-again/config.json").model.condition == 3)
    for arguments in [
      ["sandwich", out, "--limit", "2", "--samples", "20", "--temperatures", "2", "--chains", "2"]
        + ["--leapfrogs", "2", "--fit-steps", "2"], ["bounds", out, "--samples", "20"],
      ["look", out, "--only", "samples,reconstructions,interpolations,latents"],
    ] {
      let outcome = run(arguments + ["--quiet"])
      #expect(outcome.status == .done, "\(arguments[0]): \(outcome.error)")
    }
    let sweep = run(
      "sweep", "--data", data, "--labels", labels, "--condition", "3", "--layers", "4:2,5:2", "-k",
      "2", "--passes", "1", "--test-samples", "4", "--out", densities.path("sweep"), "--quiet")
    #expect(sweep.status == .done, "\(sweep.error)")
  }

  private struct Grid: Decodable {
    var images: Int
  }

  private func images(_ outcome: Outcome) throws -> Int {
    #expect(outcome.status == .done, "\(outcome.error)")
    return try JSONDecoder().decode(Grid.self, from: Data(outcome.output.utf8)).images
  }

  @Test func imagesAreDrawnAndDecodedByLabel() throws {
    defer { densities.remove() }
    let labels = try labels()
    let data = ["--data", try densities.bits(), "--labels", labels]
    #expect(train(data[0], data[1], data[2], data[3], "--condition", "3").status == .done)
    // A row for each label, as long as 10 images need.
    #expect(try images(run("sample", out, "--count", "10", "--json")) == 12)
    #expect(try images(run("sample", out, "--label", "2", "--count", "5", "--json")) == 5)
    #expect(try images(run("reconstruct", out, "--as", "1", "--count", "3", "--json")) == 6)
    let beyond = run("sample", out, "--label", "3")
    #expect(beyond.status == .usage && beyond.error.contains("from 0 to 2"))
    #expect(run("reconstruct", out, "--as", "-1").status == .usage)
    // Of very many labels, the first ones.
    #expect(train(data[0], data[1], data[2], data[3], "--condition", "300").status == .done)
    #expect(try images(run("sample", out, "--count", "10", "--json")) == 100)
    let noted = run("sample", out, "--count", "10")
    #expect(noted.error.contains("each of the first 100 of 300 labels"), "\(noted.error)")
    #expect(try images(run("sample", out, "--label", "299", "--count", "5", "--json")) == 5)
    #expect(run("look", out, "--only", "samples", "--quiet").status == .done)
    #expect(train(data[0], data[1], data[2], data[3], "--condition", "3").status == .done)
    let folder = densities.path("exported")
    let exported = run(
      "export", out, "--onnx", folder, "--arrays", folder, "--limit", "4")
    #expect(exported.status == .done && exported.output.contains("labels.npy"), "\(exported.error)")
    #expect(try DataFile("\(folder)/labels.npy").array().shape == [4, 3])
    let batch = ["gradient", "\(out)/checkpoint.safetensors", "--data", data[1]]
    let noise = ["--noise", "none", "--out", densities.path("gradient"), "--objective", "iwae"]
    let untold = run(batch + noise)
    #expect(untold.status == .badInput && untold.error.contains("'--labels'"))
    #expect(train("--data", data[1]).status == .done)
    #expect(run(batch + noise + ["--labels", labels]).error.contains("this one has none"))
    for arguments in [["sample", out, "--label", "1"], ["reconstruct", out, "--as", "1"]] {
      let outcome = run(arguments)
      #expect(outcome.status == .usage && outcome.error.contains("this one has no condition"))
    }
  }

  @Test func labelsThatDoNotFitAreNamed() throws {
    defer { densities.remove() }
    let data = try densities.bits()
    func error(_ labels: String?, data: String, _ condition: String = "3") -> String {
      let outcome = run(
        ["train", "--out", out, "--data", data, "--condition", condition, "--layers", "8:3"]
          + (labels.map { ["--labels", $0] } ?? []) + ["--quiet"])
      #expect(outcome.status == .badInput && outcome.output.isEmpty)
      return outcome.error
    }
    #expect(error(nil, data: data).contains("expected a label of each image"))
    let large = try labels("large", other: 7, at: 56)
    #expect(
      error(large, data: data).contains(
        "large.txt: the label of image 57: expected a whole number from 0 to 2, for the model has 3 "
          + "classes, found 7."))
    let negative = try labels("negative", other: -1, at: 4)
    #expect(error(negative, data: data).contains("negative.txt: the label of image 5 is -1.0;"))
    let short = try labels("short", count: 50)
    #expect(error(short, data: data).contains("short.txt: the labels do not match the images: 60"))
    #expect(error(try labels(), data: "strokes").contains("found training, validation, test."))
    // The set's own labels go up to 9.
    #expect(error(nil, data: "strokes", "9").contains("strokes: the training images: the label of"))
    let none = run("plan", "--condition", "0")
    #expect(none.status == .usage && none.error.contains("'0' is invalid for '--condition'"))
  }

  @Test func stepsWithLabelsAreShownAndTimed() {
    defer { densities.remove() }
    let plan = run("plan", "--data-size", "9", "--layers", "8:3", "-k", "2", "--condition", "4")
    #expect(plan.output.contains("decoder.0.input[3..<7] += labels[0..<4]"), "\(plan.error)")
    for more in [[], ["--evaluate"]] {
      let bench = run(
        ["bench", "--layers", "8:3", "-k", "2", "--batch", "3", "--steps", "1", "--condition", "4"]
          + more)
      #expect(bench.status == .done, "\(bench.error)")
    }
  }
}
