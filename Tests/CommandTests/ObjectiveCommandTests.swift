import Artifacts
import Commands
import Experiments
import Foundation
import Testing

@testable import iwae_gpu

/// Objectives of one's own, through the command line.
@Suite struct ObjectiveCommandTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-objective-\(UUID())").path

  private static let miwae = """
    {"name": "mine", "bound": {"scope": "group"},
     "decoder": {"scope": "group", "linear": "1/m"}, "dreg": {"scope": "group", "square": "1/m"}}
    """

  private func file(_ text: String) throws -> String {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let file = "\(folder)/rule.json"
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    return file
  }

  private func train(_ name: String, _ more: String...) -> Outcome { train(name, more) }

  private func train(_ name: String, _ more: [String]) -> Outcome {
    run(
      [
        "train", "--data", "linear-gaussian", "--layers", "6:2", "-m", "2", "-k", "3", "--quiet",
        "--test-samples", "10", "--limit", "20", "--out", "\(folder)/\(name)",
      ] + more)
  }

  private func parameters(_ name: String) throws -> [String: [Float]] {
    let checkpoint = try Checkpoint(at: "\(folder)/\(name)/checkpoint.safetensors")
    return Dictionary(uniqueKeysWithValues: checkpoint.parameters.map { ($0.key.name, $0.value) })
  }

  @Test func aFileTrainsAsTheRowThatItDescribes() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let rule = try file(Self.miwae)
    #expect(train("own", "--objective", rule, "--passes", "1").status == .done)
    // The run keeps the rule itself: the file may go.
    try FileManager.default.removeItem(atPath: rule)
    #expect(
      run(["train", "--resume", "\(folder)/own", "--passes", "2", "--quiet"]).status == .done)
    #expect(train("row", "--objective", "miwae", "--passes", "1").status == .done)
    #expect(
      run(["train", "--resume", "\(folder)/row", "--passes", "2", "--quiet"]).status == .done)
    #expect(try parameters("own") == parameters("row"))
    let page = "\(folder)/page.html"
    #expect(run(["report", "\(folder)/own", "--out", page]).status == .done)
    #expect(try String(contentsOfFile: page, encoding: .utf8).contains("mine, M = 2, K = 3"))
  }

  @Test func aSweepAndItsFoldersTakeIt() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let rule = try file(Self.miwae)
    let sweep = [
      "sweep", "--data", "linear-gaussian", "--layers", "6:2", "--groups", "2", "--samples", "3",
      "--passes", "1", "--test-samples", "10", "--limit", "20", "--estimators", "standard,dreg",
      "--out", "\(folder)/sweep", "--quiet", "--json",
    ]
    let outcome = run(sweep + ["--objectives", "iwae,\(rule)"])
    #expect(outcome.status == .done && outcome.output.contains("\"mine\""))
    for cell in [
      "iwae-k6-seed0", "iwae-k6-dreg-seed0", "mine-m2-k3-seed0", "mine-m2-k3-dreg-seed0",
    ] {
      #expect(FileManager.default.fileExists(atPath: "\(folder)/sweep/\(cell)/evaluation.json"))
    }
    // Gone on with, it knows the rule by itself.
    try FileManager.default.removeItem(atPath: rule)
    let again = run(["sweep", "--resume", "\(folder)/sweep", "--quiet"])
    #expect(again.status == .done && again.output.contains("4 of 4 cells finished"))
    let other = try file(Self.miwae.replacing("1/m", with: "2/m"))
    let both = run(sweep.dropLast(2) + ["--objectives", "\(other)", "--quiet"])
    #expect(both.status == .usage)
  }

  @Test func theThermodynamicObjectiveGoesEverywhere() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let small = ["--layers", "6:2"]
    let sum = ["--partitions", "2", "--first-point", "0.3", "--riemann", "right"]
    for command in ["plan", "bench"] {
      let outcome = run([command, "--objective", "tvo", "-k", "3", "--batch", "2"] + small + sum)
      #expect(outcome.status == .done, "\(outcome.error)")
    }
    let snr = run(
      ["snr", "--objectives", "tvo,elbo", "-k", "2,4", "-m", "1", "--draws", "80", "--batch", "2"]
        + ["--free-bits", "0.1", "--out", folder] + sum)
    #expect(snr.status == .done && snr.output.contains("tvo"), "\(snr.error)")
    #expect(
      train("tvo", "--objective", "tvo", "--passes", "1", "--warm-up", "0.5").status == .done)
    #expect(
      run(["train", "--resume", "\(folder)/tvo", "--passes", "2", "--quiet"]).status == .done)
    let sweep = run(
      ["sweep", "--data", "linear-gaussian", "--samples", "3", "--passes", "1", "--quiet"] + small
        + ["--test-samples", "10", "--limit", "20", "--objectives", "tvo,iwae"]
        + ["--riemann", "left,right", "--out", "\(folder)/sweep"])
    #expect(sweep.status == .done && sweep.output.contains("3 of 3 cells finished"))
    for (flags, words) in [
      (["tvo", "--estimator", "dreg"], "'tvo' has no estimator 'dreg'"),
      (["tvo", "--kl-weight", "2"], "cannot have a '--kl-weight' of 2.0"),
      (["tvo", "--warm-up", "0.5", "--kl-cycle", "1"], "cannot have a '--kl-cycle' of 1.0"),
      (["vimco", "--warm-up", "20"], "cannot have a '--warm-up' over all"),
      (["tvo", "--backward-samples", "2"], "coefficients need every other sample"),
      (["iwae", "--free-bits", "1"], "'iwae' samples it. Use elbo"),
      (["iwae", "--kl-cycle", "1"], "'--kl-cycle' repeats a warm-up"),
    ] {
      let outcome = train("bad", ["--objective"] + flags)
      #expect(outcome.status == .usage && outcome.error.contains(words), "\(outcome.error)")
    }
    // A file calls settings by their keys.
    let inFile = run("train", "--config", try file(#"{"kl_cycle": 1}"#))
    #expect(inFile.status == .badInput)
    #expect(
      inFile.error.contains("'kl_cycle' repeats a warm-up that fits into it: expected a 'warm_up'"))
  }

  @Test func twoOfOneNameAreRefused() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let rule = try file(Self.miwae)
    let other = folder + "/other.json"
    try Data(Self.miwae.replacing("1/m", with: "2/m").utf8).write(to: URL(fileURLWithPath: other))
    let outcome = run([
      "sweep", "--data", "linear-gaussian", "--objectives", "\(rule),\(other)", "--out",
      "\(folder)/sweep",
    ])
    #expect(outcome.status == .usage && outcome.error.contains("two objectives are called 'mine'"))
  }

  @Test func whatIsWrongIsSaid() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let broken = train("bad", "--objective", try file(#"{"name": "x", "bound": {}}"#))
    #expect(broken.status == .badInput && broken.error.contains("rule.json: objective 'x'"))
    #expect(train("bad", "--objective", "\(folder)/none.json").status == .fileAccess)
    let unknown = train("bad", "--objective", "iwa")
    #expect(unknown.status == .usage && unknown.error.contains("Did you mean 'iwae'?"))
    let json = train("bad", "--objective", #"{"name": "x"}"#)
    #expect(json.status == .usage && json.error.contains("'bound' is missing"))
    let infinite = train(
      "bad", "--objective",
      try file(#"{"name": "x", "bound": {}, "decoder": {"linear": "1/(k-3)"}}"#))
    #expect(infinite.status == .usage && infinite.error.contains("expected finite coefficients"))
    let sweep = run(["sweep", "--objectives", "iwae,nothing", "--out", "\(folder)/sweep"])
    #expect(sweep.status == .usage && sweep.error.contains("files of JSON"))
    let cut = run(["sweep", "--objectives", Self.miwae, "--out", "\(folder)/sweep"])
    #expect(cut.status == .usage && cut.error.contains("takes names and files"), "\(cut.error)")
    #expect(!FileManager.default.fileExists(atPath: "\(folder)/bad"))
  }
}
