import Commands
import Experiments
import Foundation
import Testing

@testable import iwae_gpu

/// A run knows its data from others of the same name.
@Suite struct DataIdentityTests {
  private let densities: Densities
  private var out: String { densities.path("run") }

  init() throws { densities = try Densities() }

  private func train(_ data: String, _ more: String...) -> Outcome {
    run(
      [
        "train", "--data", data, "--likelihood", "poisson", "--layers", "8:2", "-k", "3",
        "--passes",
        "1", "--batch", "10", "--test-samples", "10", "--out", out, "--quiet",
      ] + more)
  }

  private struct Report: Decodable {
    var nll: Double
    var images: Int
  }

  private func evaluated(_ more: String...) throws -> Report {
    let outcome = run(["evaluate", out, "--samples", "10", "--json", "--quiet"] + more)
    try #require(outcome.status == .done, "\(outcome.error)")
    return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
  }

  private func configuration() throws -> RunConfiguration {
    try RunConfiguration(file: "\(out)/config.json")
  }

  /// Writes other counts to a file; returns its path.
  private func others(_ name: String) throws -> String {
    let values = (0..<60 * Densities.width).map { UInt8($0 * $0 / 5 % 7) }
    return try densities.array(name, "|u1", Data(values))
  }

  /// A path means the file that it meant when the run began, wherever the program is called.
  @Test func pathsAreKeptFromTheRoot() throws {
    defer { densities.remove() }
    let manager = FileManager.default
    let former = manager.currentDirectoryPath
    defer { _ = manager.changeCurrentDirectoryPath(former) }
    let counts = try densities.counts()
    let folder = densities.path("elsewhere")
    try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try manager.copyItem(
      atPath: try others("others"),
      toPath: "\(folder)/\(URL(fileURLWithPath: counts).lastPathComponent)")
    #expect(manager.changeCurrentDirectoryPath(densities.folder))
    #expect(train(URL(fileURLWithPath: counts).lastPathComponent).status == .done)
    let here = try evaluated()
    #expect(manager.changeCurrentDirectoryPath(folder))
    #expect(try evaluated().nll == here.nll)
    let kept = try configuration()
    #expect(kept.data.hasPrefix("/") && kept.data.hasSuffix("/counts.npy"))
    #expect(kept.identity?.test.images == here.images)
  }

  @Test func otherImagesUnderTheNameAreRefused() throws {
    defer { densities.remove() }
    let counts = try densities.counts()
    #expect(train(counts).status == .done)
    let evaluation = try Data(contentsOf: URL(fileURLWithPath: "\(out)/evaluation.json"))
    #expect(try others("counts") == counts)
    for command in [
      ["evaluate", out], ["look", out], ["bounds", out], ["reconstruct", out],
      ["train", "--resume", out, "--passes", "3"],
    ] {
      let refused = run(command + ["--quiet"])
      #expect(refused.status == .badInput, "\(command): \(refused.error)")
      #expect(refused.error.contains("the data changed: the "), "\(refused.error)")
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(out)/evaluation.json")) == evaluation)
    // The file can still be evaluated as any other.
    #expect(try evaluated("--data", counts).images == 60)
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(out)/evaluation.json")) == evaluation)
  }

  @Test func otherCountsAreSaidAsTheyAre() throws {
    defer { densities.remove() }
    let counts = try densities.counts()
    #expect(train(counts).status == .done)
    let fewer = (0..<40 * Densities.width).map { UInt8($0 * $0 / 7 % 5) }
    _ = try densities.array("counts", "|u1", Data(fewer), count: 40)
    let refused = run("evaluate", out)
    #expect(
      refused.error.contains("4 test images were 6 when the run was trained"), "\(refused.error)")
  }

  /// A sweep goes on with images that were moved.
  @Test func aSweepsFileIsMoved() throws {
    defer { densities.remove() }
    let counts = try densities.counts()
    let flags = [
      "--likelihood", "poisson", "--layers", "8:2", "--samples", "2,3", "--passes", "1", "--batch",
      "10", "--test-samples", "10", "--out", out, "--quiet",
    ]
    #expect(run(["sweep", "--data", counts] + flags).status == .done)
    let moved = densities.path("moved.npy")
    try FileManager.default.moveItem(atPath: counts, toPath: moved)
    let again = run(["sweep", "--data", moved] + flags)
    #expect(again.status == .done, "\(again.error)")
    let resumed = run("sweep", "--resume", out, "--data", moved, "--quiet")
    #expect(resumed.status == .done, "\(resumed.error)")
  }

  @Test func aMovedFileIsKnown() throws {
    defer { densities.remove() }
    let counts = try densities.counts()
    #expect(train(counts, "--binarize", "none").status == .done)
    let before = try evaluated()
    let moved = densities.path("moved.npy")
    try FileManager.default.moveItem(atPath: counts, toPath: moved)
    let lost = run("evaluate", out)
    #expect(lost.status == .fileAccess && lost.error.contains("name it with '--data'"))
    // Its test part alone, as the run divided it, whose evaluation the run keeps.
    let kept = "\(out)/evaluation.json"
    try FileManager.default.removeItem(atPath: kept)
    let found = try evaluated("--data", moved)
    #expect(found.nll == before.nll && found.images == before.images)
    #expect(FileManager.default.fileExists(atPath: kept))
    let other = run("train", "--resume", out, "--data", try others("others"), "--passes", "2")
    #expect(other.status == .usage, "\(other.error)")
    #expect(other.error.contains("'--data' cannot change when a run is resumed"))
    let resumed = run("train", "--resume", out, "--data", moved, "--passes", "2", "--quiet")
    #expect(resumed.status == .done, "\(resumed.error)")
    #expect(try configuration().data == moved)
  }

  /// A run that goes on as another, or with a configuration, has the same images unless it asks for others.
  @Test func otherImagesTrainWhereTheyAreNamed() throws {
    defer { densities.remove() }
    let counts = try densities.counts()
    #expect(train(counts).status == .done)
    let starts = [["--resume", out], ["--config", "\(out)/config.json"]]
    func next(_ start: [String], _ more: [String] = []) -> Outcome {
      let flags = ["--passes", "2", "--out", densities.path("next"), "--overwrite", "--quiet"]
      return run(["train"] + flags + start + more)
    }
    for start in starts {
      for more in [["--seed", "3"], ["--split", "7"]] {
        let done = next(start, more)
        #expect(done.status == .done, "\(start) \(more): \(done.error)")
      }
    }
    // Another likelihood may read the same file as other values.
    #expect(next(starts[1], ["--likelihood", "gaussian"]).status == .done)
    #expect(try others("counts") == counts)
    let kept = try Data(contentsOf: URL(fileURLWithPath: densities.path("next/config.json")))
    for start in starts {
      let refused = next(start)
      #expect(refused.status == .badInput, "\(start): \(refused.error)")
      #expect(refused.error.contains("the data changed: the "), "\(refused.error)")
    }
    let now = try Data(contentsOf: URL(fileURLWithPath: densities.path("next/config.json")))
    #expect(now == kept)
    for start in starts {
      let named = next(start, ["--data", counts])
      #expect(named.status == .done, "\(start): \(named.error)")
    }
  }

  /// The part of the data that is used is the one that has to be as it was.
  @Test func everyPartIsCheckedWhereItIsUsed() throws {
    defer { densities.remove() }
    let counts = try densities.counts()
    #expect(train(counts).status == .done)
    // Another value of an image: 48 train, 6 validate and 6 test.
    func change(_ image: Int) throws {
      var values = (0..<60 * Densities.width).map { UInt8($0 * $0 / 7 % 5) }
      values[image * Densities.width] += 1
      #expect(try densities.array("counts", "|u1", Data(values)) == counts)
    }
    func exported(_ part: String) -> Outcome {
      run("export", out, "--arrays", densities.path("arrays"), "--part", part, "--quiet")
    }
    for (image, changed) in [(0, "training"), (50, "validation"), (59, "test")] {
      try change(image)
      for part in ["training", "validation", "test"] {
        let outcome = exported(part)
        #expect(outcome.status == (part == changed ? .badInput : .done), "\(outcome.error)")
        #expect(
          outcome.error.contains("the data changed: the \(part) images") == (part == changed))
      }
    }
    try change(0)
    let judged = run("referee", out, "--objective", "iwae", "--limit", "2", "--quiet")
    #expect(judged.status == .badInput && judged.error.contains("the training images"))
    // Of a run that counts active units on training images.
    _ = try densities.counts()
    #expect(train(counts, "--activity-images", "5", "--overwrite").status == .done)
    #expect(try evaluated().images == 6)
    try change(0)
    let counted = run("evaluate", out, "--samples", "10", "--quiet")
    #expect(counted.status == .badInput && counted.error.contains("the training images"))
    // Nothing else counts them.
    let bounds = run("bounds", out, "--samples", "2", "--limit", "2", "--quiet")
    #expect(bounds.status == .done, "\(bounds.error)")
    // A file of other training images is not the one that was moved, and is taken whole as any other.
    let moved = densities.path("moved.npy")
    try FileManager.default.moveItem(atPath: counts, toPath: moved)
    #expect(try evaluated("--data", moved).images == 60)
    _ = try densities.counts()
    try FileManager.default.removeItem(atPath: moved)
    try FileManager.default.moveItem(atPath: counts, toPath: moved)
    #expect(try evaluated("--data", moved).images == 6)
  }

  /// Other draws of the same images are the same data.
  @Test func drawsAreNoPartOfThem() throws {
    defer { densities.remove() }
    let bits = try densities.bits()
    let flags = ["train", "--data", bits, "--binarize", "fixed:3", "--layers", "8:2", "-k", "3"]
    #expect(
      run(
        flags + ["--passes", "1", "--test-samples", "10", "--out", out, "--quiet"]
      ).status == .done)
    #expect(try evaluated("--binarize", "fixed:7").images == 6)
    #expect(run("train", "--resume", out, "--passes", "2", "--quiet").status == .done)
  }

  @Test func aSweepRefusesOtherImages() throws {
    defer { densities.remove() }
    let counts = try densities.counts()
    let sweep = [
      "sweep", "--data", counts, "--likelihood", "poisson", "--layers", "8:2", "--samples", "2,3",
      "--passes", "1", "--batch", "10", "--test-samples", "10", "--out", out, "--quiet",
    ]
    #expect(run(sweep).status == .done)
    #expect(run(sweep).status == .done)
    _ = try others("counts")
    let refused = run(sweep)
    #expect(
      refused.status == .failed && refused.error.contains("is of other data"), "\(refused.error)")
  }
}
