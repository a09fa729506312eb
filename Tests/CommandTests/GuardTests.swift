import Artifacts
import Experiments
import Foundation
import Testing

@testable import iwae_gpu

/// What would be lost, or would mean nothing, is told before work begins.
@Suite struct GuardTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-guards-\(UUID())").path

  private var path: String { "\(folder)/run" }

  private func train(_ arguments: String...) -> Outcome {
    run(
      [
        "train", "--data", "strokes", "-k", "2", "--passes", "1", "--test-samples", "5", "--limit",
        "10",
      ] + arguments)
  }

  /// A run in the folder; taken away again by `end`.
  private func begin() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let trained = train("--layers", "20:3", "--out", path, "--quiet")
    #expect(trained.status == .done, "\(trained.error)")
  }

  private func end() { try? FileManager.default.removeItem(atPath: folder) }

  private func refuses(_ arguments: String..., saying text: String) {
    let outcome = run(arguments)
    #expect(outcome.status != .done && outcome.error.contains(text), "\(outcome.error)")
  }

  @Test func outputsReplaceNothingOfARun() throws {
    defer { end() }
    try begin()
    let before = try Data(contentsOf: URL(fileURLWithPath: "\(path)/config.json"))
    refuses(
      "evaluate", path, "--limit", "2", "-k", "5", "--per-image", "\(path)/config.json",
      saying: "is a file that the run or sweep")
    refuses(
      "report", path, "--out", "\(path)/best.safetensors", saying: "is a file that the run or sweep"
    )
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(path)/config.json")) == before)
    let drawn = run("bounds", path, "--limit", "2", "-k", "5", "--quiet")
    #expect(drawn.status == .done, "\(drawn.error)")
    let link = "\(folder)/link.json"
    #expect(symlink("\(path)/config.json", link) == 0)
    let events = try #require(EventFile.files(in: path).first)
    let evaluate = ["evaluate", path, "--limit", "2", "-k", "5", "--per-image"]
    let kept: [(command: [String], file: String)] = [
      (evaluate, "\(path)/figures/bounds.json"), (evaluate, "\(path)/figures/new.json"),
      (evaluate, link), (["reconstruct", path, "--out"], "\(path)/figures/../figures/bounds.svg"),
      (["data", "preview", "strokes", "--out"], "\(path)/figures/bounds.png"),
      (["report", path, "--out"], "\(path)/.lock"), (["report", path, "--out"], events),
    ]
    for (command, file) in kept {
      let outcome = run(command + [file])
      #expect(outcome.status == .usage, "\(file): \(outcome.error)")
      #expect(outcome.error.contains("keeps. Name another"), "\(file): \(outcome.error)")
    }
    // What is nobody's among the figures may be replaced.
    #expect(!RunFolder.keeps("\(path)/figures/bounds.pdf"))
    let mine = run("sample", path, "--count", "4", "--out", "\(path)/figures/mine.png", "--quiet")
    #expect(mine.status == .done, "\(mine.error)")
    let images = "\(folder)/images.npy"
    let exported = run("export", path, "--arrays", "\(folder)/arrays")
    #expect(exported.status == .done, "\(exported.error)")
    try FileManager.default.copyItem(atPath: "\(folder)/arrays/images.npy", toPath: images)
    refuses(
      "evaluate", path, "--data", images, "--per-image", images, saying: "would replace")
    refuses("impute", path, "--data", images, "--out", images, saying: "would replace")
  }

  @Test func runsAndSweepsHaveFoldersOfTheirOwn() throws {
    defer { end() }
    try begin()
    refuses(
      "sweep", "--data", "strokes", "--layers", "20:3", "--out", path, saying: "There is a run in")
    let sweep = "\(folder)/sweep"
    try FileManager.default.createDirectory(atPath: sweep, withIntermediateDirectories: true)
    try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(sweep)/sweep.json"))
    let inside = train("--layers", "20:3", "--out", sweep)
    #expect(inside.error.contains("There is a sweep"), "\(inside.error)")
  }

  /// A run whose best parameters were taken away is not tested by its last, unless they are named.
  @Test func aMissingBestIsMissed() throws {
    defer { end() }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    // So high a rate that later passes are worse.
    let trained = run(
      "train", "--data", "strokes", "--layers", "20:3", "-k", "2", "--passes", "4",
      "--learning-rate", "0.1", "--schedule", "constant", "--test-samples", "5", "--limit", "10",
      "--out", path, "--quiet")
    #expect(trained.status == .done, "\(trained.error)")
    let best = "\(path)/best.safetensors"
    try #require(FileManager.default.fileExists(atPath: best))
    try FileManager.default.removeItem(atPath: best)
    refuses("evaluate", path, "--limit", "5", "-k", "5", saying: "it is missing")
    refuses("train", "--resume", path, "--passes", "5", "--quiet", saying: "it is missing")
    let named = run("evaluate", "\(path)/checkpoint.safetensors", "--limit", "5", "-k", "5")
    #expect(named.status == .done, "\(named.error)")
  }

  @Test func whatMeansNothingIsSaid() throws {
    defer { end() }
    try begin()
    refuses("train", "--init=", saying: "The value of '--init <file|run>' is empty")
    refuses("bounds", "--toy", path, saying: "'--toy' is of no model")
    let idle = train(
      "--layers", "20:3", "--beta", "0.3", "--plateau-passes", "3", "--vamp-start", "mean", "--out",
      "\(folder)/idle", "--quiet")
    #expect(idle.status == .done, "\(idle.error)")
    for flag in ["--beta", "--plateau-passes", "--vamp-start"] {
      #expect(idle.error.contains("Warning: '\(flag)' changes nothing"), "\(idle.error)")
    }
    let vamp = train(
      "--layers", "20:3", "--prior", "vamp:3", "--vamp-start", "mean", "--out", "\(folder)/vamp",
      "--quiet")
    #expect(vamp.status == .done && !vamp.error.contains("changes nothing"), "\(vamp.error)")
    // Most parameters have another shape there, which matters to those too who want no progress.
    let partial = train(
      "--layers", "30:3", "--init", path, "--out", "\(folder)/partial", "--json")
    #expect(partial.status == .done && partial.error.contains("Warning: "), "\(partial.error)")
    #expect(partial.error.contains("of another shape there"), "\(partial.error)")
  }
}
