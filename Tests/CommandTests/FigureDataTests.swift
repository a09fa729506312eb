import Commands
import Experiments
import Foundation
import Report
import Testing

@testable import iwae_gpu

/// A run's folder keeps the figures of its own test images alone.
@Suite struct FigureDataTests {
  private let densities: Densities
  private var out: String { densities.path("run") }

  init() throws { densities = try Densities() }

  private var commands: [[String]] {
    [
      ["bounds", out, "--samples", "5", "--limit", "2"],
      [
        "sandwich", out, "--temperatures", "2", "--chains", "2", "--leapfrogs", "2", "--fit-steps",
        "2", "--limit", "2", "--samples", "20",
      ],
      [
        "snr", out, "--objectives", "iwae", "--samples", "1,2", "--groups", "1", "--draws", "80",
        "--batch", "2",
      ],
      ["look", out, "--only", "reconstructions,log-weights"],
      ["reconstruct", out, "--count", "4"],
    ]
  }

  private func kept(_ folder: FigureFolder) throws -> Set<String> {
    Set(try folder.read().map { String($0.name.prefix { $0 != "-" }) })
  }

  @Test func thoseOfOtherImagesAreNotAmongThem() throws {
    defer { densities.remove() }
    let bits = try densities.bits()
    let values = (0..<60 * Densities.width).map { UInt8($0 * $0 / 5 % 2) }
    let others = try densities.array("others", "|u1", Data(values))
    let trained = run(
      "train", "--data", bits, "--layers", "8:2", "-k", "3", "--passes", "1", "--batch", "10",
      "--test-samples", "10", "--out", out, "--quiet")
    #expect(trained.status == .done, "\(trained.error)")
    let figures = FigureFolder(run: out)
    let warning = "the folder of '\(out)' keeps no figures of images that the run is not tested on"
    for changes in [["--data", others], ["--binarize", "threshold"]] {
      for command in commands {
        let outcome = run(command + changes + ["--quiet"])
        // Whoever looks wants nothing but figures.
        let places = ["look": "<folder>", "reconstruct": "<file>"]
        let place = places[command[0]]
        let status: ExitCode = place == nil ? .done : .usage
        #expect(outcome.status == status, "\(command[0]): \(outcome.error)")
        let words = place.map { "Name a place for them: '--out \($0)'" } ?? warning
        #expect(outcome.error.contains(words), "\(command[0]): \(outcome.error)")
        #expect(!outcome.output.contains(figures.path), "\(outcome.output)")
      }
    }
    let picture = "\(out)/reconstructions.png"
    for path in [figures.path, picture] {
      #expect(!FileManager.default.fileExists(atPath: path), "\(path)")
    }
    // They go where they are told to.
    let place = FigureFolder(densities.path("elsewhere"))
    let told = run(commands[3] + ["--data", others, "--out", place.path])
    #expect(told.status == .done && !told.error.contains(warning), "\(told.error)")
    #expect(try kept(place) == ["reconstructions", "log"])
    let pairs = densities.path("pairs.png")
    let shown = run(commands[4] + ["--data", others, "--out", pairs])
    #expect(shown.status == .done && FileManager.default.fileExists(atPath: pairs))
    // A checkpoint without a run has no images of its own.
    let alone = densities.path("alone.safetensors")
    try FileManager.default.copyItem(atPath: "\(out)/checkpoint.safetensors", toPath: alone)
    let single = run(
      "bounds", alone, "--data", others, "--samples", "5", "--limit", "2", "--quiet")
    #expect(single.status == .done && !single.error.contains("keeps no figures"))
    #expect(try kept(FigureFolder(run: densities.folder)) == ["bounds"])
    // The run's own are kept, and so they are once their file has moved.
    let moved = densities.path("moved.npy")
    for changes in [[], ["--data", moved]] {
      for command in commands {
        let outcome = run(command + changes + ["--quiet"])
        #expect(outcome.status == .done && !outcome.error.contains(warning), "\(outcome.error)")
      }
      #expect(try kept(figures) == ["bounds", "sandwich", "snr", "reconstructions", "log"])
      #expect(FileManager.default.fileExists(atPath: picture))
      if changes.isEmpty {
        try FileManager.default.removeItem(atPath: figures.path)
        try FileManager.default.moveItem(atPath: bits, toPath: moved)
      }
    }
  }

  /// Images are the run's own by what they are, whoever names them, and so is their evaluation.
  @Test func namedAgainTheyAreItsOwn() throws {
    defer { densities.remove() }
    let (bits, counts) = (try densities.bits(), try densities.counts())
    func greys(_ name: String, _ factor: Int) throws -> String {
      let values = (0..<60 * Densities.width).map { UInt8($0 * factor % 256) }
      return try densities.array(name, "|u1", Data(values))
    }
    let (grey, dark) = (try greys("grey", 37), try greys("dark", 41))
    func train(_ more: String...) {
      let trained = run(
        [
          "train", "--layers", "8:2", "-k", "3", "--passes", "1", "--test-samples", "10",
          "--validation-samples", "2", "--out", out, "--overwrite", "--quiet",
        ] + more)
      #expect(trained.status == .done, "\(more): \(trained.error)")
    }
    func areOwn(_ changes: String...) throws -> Bool {
      let folder = FigureFolder(run: out)
      try? FileManager.default.removeItem(atPath: folder.path)
      let outcome = run(commands[0] + changes + ["--quiet"])
      #expect(outcome.status == .done, "\(changes): \(outcome.error)")
      let isKept = try kept(folder) == ["bounds"]
      #expect(outcome.error.contains("keeps no figures") != isKept, "\(changes)")
      return isKept
    }
    train("--data", counts, "--test", bits, "--likelihood", "poisson")
    #expect(try areOwn() && areOwn("--data", bits))
    #expect(try !areOwn("--data", counts))
    let evaluation = "\(out)/evaluation.json"
    for (data, isKept) in [(counts, false), (bits, true)] {
      try? FileManager.default.removeItem(atPath: evaluation)
      let evaluated = run("evaluate", out, "--samples", "10", "--data", data, "--quiet")
      #expect(evaluated.status == .done, "\(evaluated.error)")
      #expect(FileManager.default.fileExists(atPath: evaluation) == isKept, "\(data)")
    }
    // Values that are missing among the others make floats of those that test.
    train("--data", try densities.floats(.nan, at: 7), "--test", counts, "--likelihood", "poisson")
    #expect(try areOwn() && areOwn("--data", counts))
    train("--data", dark, "--test", grey)
    #expect(try areOwn("--binarize", "sample") && areOwn("--data", grey, "--binarize", "sample"))
    #expect(try !areOwn("--data", grey, "--binarize", "threshold"))
    // Drawn once, they are drawn as the part that they are.
    train("--data", dark, "--test", grey, "--binarize", "fixed")
    #expect(try areOwn("--binarize", "fixed") && !areOwn("--data", grey))
    train(
      "--data", "linear-gaussian", "--batch", "200", "--limit", "20", "--activity-images", "5")
    #expect(try areOwn("--data", "linear-gaussian"))
    // Units are counted on training images there, and not on those that are named.
    try? FileManager.default.removeItem(atPath: evaluation)
    #expect(
      run(
        "evaluate", out, "--samples", "10", "--data", "linear-gaussian", "--quiet"
      ).status == .done)
    #expect(!FileManager.default.fileExists(atPath: evaluation))
  }
}
