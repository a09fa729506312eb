import Artifacts
import Commands
import Datasets
import Experiments
import Foundation
import ReferenceDevice
import Testing

@testable import iwae_gpu

/// Train, evaluate, sample and reconstruct, through the command line.
@Suite struct TrainCommandTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-run-\(UUID())").path

  private let small = [
    "--layers", "10:3", "-k", "3", "--passes", "2", "--test-samples", "20", "--quiet",
  ]

  private func train(_ more: String...) -> Outcome {
    run(["train", "--data", "linear-gaussian", "--out", folder] + small + more)
  }

  private func data(_ file: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)"))
  }

  @Test func aRunLeavesItsFolderAndIsNotLostByAccident() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let first = train("--seed", "4")
    #expect(first.status == .done && first.output.contains("NLL"))
    #expect(first.output.contains("NLL of the data's own density"))
    let checkpoint = try data("checkpoint.safetensors")
    let lines = String(decoding: try data("metrics.jsonl"), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 2 && lines[0].contains("\"bound\":") && lines[0].contains("\"step\":"))

    // There already: refused, and whole; nor does a replacement that cannot start harm it.
    #expect(train().status == .usage)
    #expect(train("--overwrite", "--device", "no such device").status == .noDevice)
    #expect(try data("checkpoint.safetensors") == checkpoint)

    // The same configuration gives the same bits, but for the time it took.
    let again = folder + "-again"
    defer { try? FileManager.default.removeItem(atPath: again) }
    let rerun = run([
      "train", "--config", "\(folder)/config.json", "--out", again, "--quiet", "--test-samples",
      "20",
    ])
    #expect(rerun.status == .done)
    let twin = try Data(contentsOf: URL(fileURLWithPath: "\(again)/best.safetensors"))
    #expect(try data("best.safetensors").suffix(4000) == twin.suffix(4000))
    #expect(train("--overwrite").status == .done)
  }

  /// A run says what it took from a file, and is not made of one that has nothing for it.
  @Test func aRunBeginsWithAFile() throws {
    let other = folder + "-other"
    defer {
      for path in [folder, other] { try? FileManager.default.removeItem(atPath: path) }
    }
    #expect(train().status == .done)
    let flags = [
      "train", "--data", "linear-gaussian", "--out", other, "--layers", "10:2", "--passes", "1",
      "--test-samples", "5", "--limit", "5", "--init",
    ]
    let begun = run(flags + ["\(folder)/best.safetensors"])
    #expect(begun.status == .done)
    #expect(begun.error.contains("parameters begin as those of '"))
    #expect(
      begun.error.contains("of another shape there: encoder.0.mean.weight, expected [2, 10]"))
    #expect(run(["train", "--resume", other, "--init", folder]).status == .usage)
    try Data("no tensors".utf8).write(to: URL(fileURLWithPath: other + ".safetensors"))
    defer { try? FileManager.default.removeItem(atPath: other + ".safetensors") }
    let refused = run(flags + ["\(other).safetensors", "--overwrite"])
    #expect(refused.status == .badInput && refused.error.contains("\(other).safetensors"))
  }

  /// A run that was killed before its first checkpoint begins again, to the same bits, and says so.
  @Test func aRunGoesOnFromNothing() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(train("--seed", "4").status == .done)
    let whole = try Checkpoint(at: folder).parameters
    for file in ["checkpoint", "best"] {
      try FileManager.default.removeItem(atPath: "\(folder)/\(file).safetensors")
    }
    let again = run("train", "--resume", folder, "--quiet")
    #expect(again.status == .done, "\(again.error)")
    #expect(again.error.contains("Nothing had been saved in '\(folder)': the run starts from"))
    #expect(try Checkpoint(at: folder).parameters == whole)
    #expect(try data("metrics.jsonl").split(separator: UInt8(ascii: "\n")).count == 2)
    let saved = run("train", "--resume", folder, "--quiet")
    #expect(saved.status == .done && !saved.error.contains("Nothing had been saved"))
  }

  /// With a folder of its own, a run that goes on may have other settings.
  @Test func aRunGoesOnAsAnother() throws {
    let other = folder + "-other"
    defer {
      for path in [folder, other] { try? FileManager.default.removeItem(atPath: path) }
    }
    #expect(train().status == .done)
    let flags = [
      "train", "--resume", folder, "--out", other, "--test-samples", "5", "--limit", "5",
    ]
    let next = run(flags + ["-k", "4", "--passes", "3", "--learning-rate", "0.01"])
    #expect(next.status == .done && next.error.contains("the run goes on from step"))
    #expect(!next.error.contains("Nothing had been saved"))
    let stored = try RunConfiguration(file: other + "/config.json")
    #expect(stored.samples == 4 && stored.passes == 3 && stored.origin?.path == folder)
    #expect(run(flags).status == .usage)
    for refused in [["--layers", "9:3"], ["--init", folder], ["--config", "a.json"]] {
      let outcome = run(flags + ["--overwrite"] + refused)
      #expect(outcome.status == .usage && outcome.error.contains("'\(refused[0])'"))
    }
    let same = run(["train", "--resume", folder, "--ema", "0.9"])
    #expect(
      same.status == .usage && same.error.contains("'--ema' cannot change when a run is resumed"))
    #expect(same.error.contains("With '--out' it goes on as a new one"))
  }

  @Test func aRunKnowsItsData() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(train().status == .done)
    let evaluated = run(["evaluate", folder, "--samples", "10", "--limit", "7", "--json"])
    #expect(evaluated.status == .done)
    struct Report: Decodable {
      var nll: Double
      var standardError: Double
      var samples: Int
      var images: Int
      var effectiveSampleSize: Double
      var activeUnits: [Int]
      var seconds: Double
      var backend: String
      var device: String
    }
    let report = try decoder.decode(Report.self, from: Data(evaluated.output.utf8))
    #expect(report.images == 7 && report.samples == 10 && report.activeUnits.count == 1)
    #expect(run(["evaluate", folder, "--data", "strokes"]).status == .badInput)
    for command in ["sample", "reconstruct"] {
      let picture = "\(folder)/\(command).png"
      #expect(run([command, folder, "--out", picture, "--count", "3"]).status == .done)
      let bytes = try Data(contentsOf: URL(fileURLWithPath: picture))
      #expect(bytes.prefix(4) == Data([0x89, 0x50, 0x4e, 0x47]))
    }
  }

  /// The report of an evaluation without what differs from one time to the next.
  private func numbers(_ report: Data) throws -> EvaluationReport {
    var result = try JSONText.value(EvaluationReport.self, report)
    result.seconds = 0
    return result
  }

  @Test func aRunKeepsItsEvaluation() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(train("--limit", "30", "--activity-images", "40").status == .done)
    let kept = try numbers(data("evaluation.json"))
    #expect(kept.images == 30 && kept.samples == 20)
    // Another part of the images leaves what is kept alone; the run's own replaces it.
    let part = run("evaluate", folder, "--samples", "20", "--limit", "30", "--json")
    #expect(try numbers(Data(part.output.utf8)) == kept)
    #expect(run("evaluate", folder, "--seed", "3", "--samples", "20", "--quiet").status == .done)
    #expect(try numbers(data("evaluation.json")) == kept)
    let whole = run("evaluate", folder, "--samples", "20", "--json")
    #expect(try data("evaluation.json") == Data((whole.output + "\n").utf8))

    // A run that is interrupted as it goes on has none.
    let source = try DataSource("linear-gaussian", in: DataFolders([]))
    let resumed = try Run(resuming: RunFolder(folder), images: source) { $0.passes = 9 }
    #expect(try resumed.train(on: ReferenceDevice(), monitor: { _ in false }) == nil)
    #expect(!FileManager.default.fileExists(atPath: "\(folder)/evaluation.json"))
  }

  /// A folder may hold more than a run.
  @Test func whatIsNotTheRunsStays() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let figures = "\(folder)/figures"
    try FileManager.default.createDirectory(atPath: figures, withIntermediateDirectories: true)
    for file in ["\(figures)/thesis.svg", "\(folder)/report.html"] {
      try Data("mine".utf8).write(to: URL(fileURLWithPath: file))
    }
    #expect(train().status == .done)
    #expect(try data("report.html") == Data("mine".utf8))
    #expect(train("--overwrite").status == .done)
    #expect(try data("figures/thesis.svg") == Data("mine".utf8))
  }

  @Test func imagesInTheirOrderAndTheLastParametersCanBeAskedFor() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(train("--keep", "last", "--order", "fixed").status == .done)
    #expect(!FileManager.default.fileExists(atPath: "\(folder)/best.safetensors"))
    let fixed = try numbers(data("evaluation.json"))
    #expect(train("--keep", "last", "--overwrite").status == .done)
    #expect(try numbers(data("evaluation.json")) != fixed)
  }

  @Test func damagedRunsAreRefused() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(train().status == .done)
    let path = URL(fileURLWithPath: "\(folder)/checkpoint.safetensors")
    let good = try Data(contentsOf: path)
    try good.prefix(good.count - 1).write(to: path)
    #expect(run(["train", "--resume", folder]).status == .badInput)
    #expect(run(["evaluate", path.path, "--data", "linear-gaussian"]).status == .badInput)
    // A step that no run of this length can stand at.
    let text = String(decoding: good, as: Unicode.ASCII.self)
    #expect(text.contains("\\\"batch\\\":0"))
    var damaged = good
    let range = try #require(damaged.range(of: Data("\\\"batch\\\":0".utf8)))
    damaged.replaceSubrange(range, with: Data("\\\"batch\\\":9".utf8))
    try damaged.write(to: path)
    #expect(run(["train", "--resume", folder]).status == .badInput)
    try good.write(to: path)
    #expect(run(["train", "--resume", folder, "--seed", "9"]).status == .usage)
    #expect(
      run(["train", "--resume", folder, "--passes", "3", "--quiet", "--test-samples", "9"]).status
        == .done)
  }

  /// Figures are of parameters: they stay while those do.
  @Test func figuresGoWhenTrainingGoesOn() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(train().status == .done)
    #expect(run("bounds", folder, "-k", "5", "--limit", "3", "--quiet").status == .done)
    let figure = "\(folder)/figures/bounds.svg"
    #expect(run("train", "--resume", folder, "--quiet").status == .done)
    #expect(FileManager.default.fileExists(atPath: figure))
    let longer = run("train", "--resume", folder, "--passes", "3", "--quiet")
    #expect(longer.status == .done, "\(longer.error)")
    #expect(!FileManager.default.fileExists(atPath: figure))
  }

  @Test func wrongInputsHaveTheirExitCodes() throws {
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let config = "\(folder)/given.json"
    for text in [
      #"{"sampels": 3}"#, #"{"samples": 0}"#, #"{"objective": "iwea"}"#, "{", "[]",
      #"{"passes": 9000000000000000000}"#, #"{"objective": "elbo", "estimator": "dreg"}"#,
    ] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: config))
      let outcome = run(["train", "--config", config, "--out", "\(folder)/x"])
      #expect(outcome.status == .badInput, "\(text): \(outcome.error)")
    }
    // A flag is at fault where the file is not.
    try Data("{}".utf8).write(to: URL(fileURLWithPath: config))
    let flag = run(["train", "--config", config, "--objective", "vimco", "-k", "1"])
    #expect(flag.status == .usage && !flag.error.contains(config), "\(flag.error)")
    #expect(run(["train", "--config", "\(folder)/none.json"]).status == .fileAccess)
    #expect(run(["train", "--resume", "\(folder)/none"]).status == .fileAccess)
    #expect(run(["train", "--data", "\(folder)/none.npy"]).status == .fileAccess)
    #expect(run(["train", "--data", "storkes"]).error.contains("Did you mean 'strokes'?"))
    #expect(
      run(["train", "--data", "linear-gaussian", "--out", "/dev/null/x", "--passes", "1"]).status
        == .fileAccess)
    #expect(run(["train", "--objective", "vimco", "-k", "1"]).status == .usage)
    #expect(run(["evaluate"]).error.contains("Missing expected argument '<checkpoint>'"))
    #expect(run(["gradient", "x", "--noise", "n", "--out", "o"]).error.contains("'--data <file>'"))
  }
}
