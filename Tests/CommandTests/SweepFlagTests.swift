import Commands
import Foundation
import Testing

@testable import iwae_gpu

/// How a grid is asked for.
@Suite struct SweepFlagTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-flags-\(UUID())").path

  @Test func gridsThatMakeNoSenseAreRefused() throws {
    for arguments in [
      ["sweep", "--samples", "2"], ["sweep", "--out", folder, "--samples", "2,,3"],
      ["sweep", "--out", folder, "--objectives", "vimco", "--samples", "1"],
      ["sweep", "--out", folder, "--preset", "mk64", "--samples", "1"],
      ["sweep", "--out", folder, "--seeds", "-1"], ["sweep", "--out", folder, "--betas", "nan"],
    ] {
      let outcome = run(arguments + ["--data", "linear-gaussian"])
      #expect(outcome.status == .usage, "\(arguments)")
    }
    for (flag, value) in [
      ("--test-samples", "10,100"), ("--limit", "5,6"), ("--split", "full,released"),
      ("--binarize", "sample,threshold"),
    ] {
      let outcome = run(["sweep", "--out", folder, "--data", "strokes", flag, value])
      #expect(outcome.status == .usage)
      #expect(outcome.error.contains("'\(flag)' cannot vary in a sweep"), "\(outcome.error)")
    }
    // A model that one of the objectives cannot train.
    for (flags, reason) in [
      (["--prior", "mixture:3", "--objectives", "iwae,elbo"], "has no closed form. Use the obj"),
      (
        ["--prior", "bernoulli", "--posterior", "bernoulli", "--objectives", "rws,elbo"],
        "needs a gradient through the sample"
      ),
    ] {
      let outcome = run(["sweep", "--out", folder, "--data", "linear-gaussian"] + flags)
      #expect(outcome.status == .usage && outcome.error.contains(reason), "\(outcome.error)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  @Test func oneSeedIsAListOfOne() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let flags = [
      "sweep", "--out", folder, "--data", "linear-gaussian", "--layers", "10:3", "--passes", "1",
      "--samples", "2", "--test-samples", "5", "--limit", "20", "--quiet",
    ]
    #expect(run(flags + ["--seed", "5"]).status == .done)
    #expect(FileManager.default.fileExists(atPath: "\(folder)/iwae-k2-seed5/evaluation.json"))
    // More seeds only add to it.
    #expect(run(flags + ["--seeds", "5,6"]).status == .done)
    for command in [flags, ["reproduce", "burda", "--data", "linear-gaussian"]] {
      let both = run(command + ["--seed", "5", "--seeds", "5,6"])
      #expect(both.status == .usage && both.error.contains("leave one out"), "\(both.error)")
    }
  }
}
