import Artifacts
import Datasets
import Experiments
import Files
import Foundation
import IWAE
import ReferenceDevice
import Testing

/// Checkpoints and run folders of former versions: read, evaluated to the same numbers, gone on with.
@Suite struct VersionTests {
  private static let root = Bundle.module.resourceURL!.appending(path: "Fixtures/versions").path

  /// A run that a version left, by its path under the fixtures.
  static let runs =
    ["usual", "standardized", "flow", "formulas", "halved", "stopped", "labels"]
    .map { "0.1.0/\($0)" }
    + ["early", "bytes-digest", "skipped"].map { "edited/\($0)" }

  /// The images of a run, whose file may have been moved.
  private func source(of configuration: RunConfiguration) throws -> DataSource {
    let isOfFile = configuration.data.hasSuffix(".npz")
    return try DataSource(
      isOfFile ? "\(Self.root)/bits.npz" : configuration.data, in: DataFolders([]))
  }

  private func evaluation(_ file: String) throws -> EvaluationReport {
    try JSONText.value(EvaluationReport.self, Files.read(file))
  }

  /// A run's best parameters with as many samples of as many images as an evaluation had.
  private func evaluate(
    _ path: String, _ configuration: RunConfiguration, as known: EvaluationReport
  ) throws -> EvaluationReport {
    let stored = try StoredModel(path)
    let images = try RunImages(source(of: configuration), for: configuration)
    return try #require(
      try ModelEvaluation(
        stored.model, parameters: stored.parameters,
        images: TestSettings(limit: known.images).images(of: images.split), samples: known.samples,
        binarization: configuration.training().binarization, seed: configuration.seed
      ).run(on: ReferenceDevice()))
  }

  /// Every folder that is kept is tried.
  @Test func allAreListed() throws {
    let manager = FileManager.default
    let found = try manager.contentsOfDirectory(atPath: Self.root)
      .filter { RunFolder.isFolder("\(Self.root)/\($0)") }
      .flatMap { version in
        try manager.contentsOfDirectory(atPath: "\(Self.root)/\(version)")
          .filter { RunFolder.isFolder("\(Self.root)/\(version)/\($0)") }
          .map { "\(version)/\($0)" }
      }
    #expect(found.sorted() == Self.runs.sorted())
  }

  @Test(arguments: runs) func aRunHasTheSameLikelihood(_ name: String) throws {
    let folder = RunFolder("\(Self.root)/\(name)")
    let configuration = try RunConfiguration(file: folder.configuration)
    let known = try evaluation(folder.evaluation)
    let found = try evaluate(folder.path, configuration, as: known)
    #expect(abs(found.nll - known.nll) < 1e-3, "\(found.nll), was \(known.nll)")
    #expect(found.images == known.images && found.activeUnits == known.activeUnits)
  }

  @Test func weightsAloneHaveTheSameLikelihood() throws {
    let run = RunFolder("\(Self.root)/0.1.0/usual")
    let configuration = try RunConfiguration(file: run.configuration)
    let known = try evaluation(run.evaluation)
    let found = try evaluate("\(Self.root)/edited/weights.safetensors", configuration, as: known)
    #expect(abs(found.nll - known.nll) < 1e-3, "\(found.nll), was \(known.nll)")
  }

  /// In a copy, for one pass more, or for the rest of the one that it stopped in.
  @Test(arguments: runs) func aRunGoesOn(_ name: String) throws {
    let folder = RunFolder(
      FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-version-\(UUID())").path)
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    try FileManager.default.copyItem(atPath: "\(Self.root)/\(name)", toPath: folder.path)
    let configuration = try RunConfiguration(file: folder.configuration)
    let before = try progress(of: folder)
    let run = try Run(resuming: folder, images: source(of: configuration)) {
      $0.passes = before.pass + 1
      $0.testSamples = 10
    }
    let report = try #require(try run.train(on: ReferenceDevice()))
    #expect(report.passes == before.pass + 1 && report.steps > before.step)
    #expect(report.evaluation?.nll.isFinite == true)
    let after = try progress(of: folder)
    #expect(after.pass == report.passes && after.step == report.steps)
    let skipped = before.skippedSteps ?? []
    #expect(Array((after.skippedSteps ?? []).prefix(skipped.count)) == skipped)
    #expect(after.rateHalvings ?? 0 >= before.rateHalvings ?? 0)
    // Each pass has its line, with the keys that it had.
    let lines = try Files.read(folder.metrics).split(separator: UInt8(ascii: "\n"))
    #expect(lines.count == report.passes)
    for (index, line) in lines.enumerated() {
      let values = try #require(
        try JSONSerialization.jsonObject(with: Data(line)) as? [String: Double])
      #expect(values["epoch"] == Double(index + 1))
      for key in ["bound", "learning_rate", "step", "train_seconds", "validation"] {
        #expect(values[key] != nil, "\(key)")
      }
    }
  }

  private func progress(of folder: RunFolder) throws -> TrainingProgress {
    let text = try #require(try Checkpoint(at: folder.checkpoint).metadata["progress"])
    return try JSONDecoder().decode(TrainingProgress.self, from: Data(text.utf8))
  }
}
