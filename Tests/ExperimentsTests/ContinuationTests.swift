import Artifacts
import Compute
import Datasets
import Experiments
import Files
import Foundation
import IWAE
import OpenCLDevice
import ReferenceDevice
import Testing

/// New runs that go on from others, with settings of their own.
@Suite struct ContinuationTests {
  private let scene = SmallRun()
  private var other: RunFolder { RunFolder(scene.folder.path + "-other") }

  private func end() {
    scene.end()
    try? FileManager.default.removeItem(atPath: other.path)
  }

  private func continued(
    _ change: @escaping (inout RunConfiguration) throws -> Void = { _ in }
  ) throws -> Run {
    try Run(
      continuing: scene.folder, in: other, images: scene.configuration().1.source, change: change)
  }

  /// With the same settings, the same bits; the first run stays as it is.
  @Test func withTheSameSettingsItIsTheSameRun() throws {
    defer { end() }
    let device = try OpenCLDevice.open()
    defer { device.close() }
    func run(passes: Int) throws -> Run {
      var (configuration, images) = try scene.configuration(passes: passes)
      (configuration.schedule, configuration.ema) = (.constant, 0.9)
      return try Run(configuration, in: scene.folder, images: images)
    }
    _ = try run(passes: 4).train(on: device)
    let whole = try Checkpoint(at: scene.folder.checkpoint)
    _ = try run(passes: 2).train(on: device)
    let files = [scene.folder.checkpoint, scene.folder.configuration, scene.folder.best]
    let before = try files.map { try Files.read($0) }
    let next = try continued { $0.passes = 4 }
    #expect(next.isContinuation && !next.isResumed)
    let report = try #require(try next.train(on: device))
    #expect(report.passes == 4 && report.evaluation != nil)
    let found = try Checkpoint(at: other.checkpoint)
    #expect(found.parameters == whole.parameters && found.extras == whole.extras)
    #expect(try files.map { try Files.read($0) } == before)
    // Its metrics and what is best are its own.
    let lines = String(decoding: try Files.read(other.metrics), as: UTF8.self).split(
      separator: "\n")
    #expect(lines.count == 2 && lines[0].contains("\"epoch\":3"))
    let origin = try #require(try RunConfiguration(file: other.configuration).origin)
    #expect(origin.path == scene.folder.path && origin.parameters == nil)
    #expect(origin.step == report.steps / 2)
    #expect(try Checkpoint(at: scene.folder.checkpoint).file.digest == origin.digest)
    // It goes on in its own folder, even without the other.
    scene.end()
    let images = try scene.configuration().1
    let resumed = try Run(resuming: other, images: images.source) { $0.passes = 5 }
    #expect(try resumed.train(on: device)?.passes == 5)
    #expect(try RunConfiguration(file: other.configuration).origin == origin)
  }

  /// Objective, samples, rate and averages of its own.
  @Test func settingsMayChange() throws {
    defer { end() }
    _ = try scene.run(passes: 2).train(on: ReferenceDevice())
    let next = try continued {
      ($0.passes, $0.samples, $0.estimator, $0.schedule) = (3, 5, .dreg, .constant)
      ($0.learningRate, $0.ema, $0.clipNorm, $0.seed) = (0.01, 0.5, 3, 9)
    }
    let report = try #require(try next.train(on: ReferenceDevice()))
    #expect(report.passes == 3)
    let found = try Checkpoint(at: other.checkpoint)
    #expect(found.extras.keys.contains("optimizer.average.encoder.0.mean.bias"))
    let stored = try RunConfiguration(file: other.configuration)
    #expect(stored.samples == 5 && stored.ema == 0.5 && stored.seed == 9)
  }

  /// Whoever was killed before anything was saved goes on from the other run again, if that is what it was.
  @Test func whatWasNotSavedBeginsAgain() throws {
    defer { end() }
    let device = try OpenCLDevice.open()
    defer { device.close() }
    _ = try scene.run(passes: 2).train(on: device)
    _ = try continued { $0.passes = 3 }.train(on: device)
    let whole = try Checkpoint(at: other.checkpoint)
    for file in [other.checkpoint, other.best] { try FileManager.default.removeItem(atPath: file) }
    let images = try scene.configuration().1
    let again = try Run(resuming: other, images: images.source)
    #expect(again.isContinuation)
    _ = try again.train(on: device)
    #expect(try Checkpoint(at: other.checkpoint).parameters == whole.parameters)
    for file in [other.checkpoint, other.best] { try FileManager.default.removeItem(atPath: file) }
    _ = try scene.resumed { $0.passes = 4 }.train(on: device)
    let error = #expect(throws: ConfigurationError.self) {
      try Run(resuming: other, images: images.source)
    }
    #expect(error?.description.contains("has changed since step") == true)
  }

  /// Images are those of the other run, unless a setting chooses others.
  @Test func otherImagesAreRefused() throws {
    defer { end() }
    _ = try scene.run(passes: 1).train(on: ReferenceDevice())
    let source = try scene.configuration().1.source
    var changed = source.collection
    changed.training = changed.training.subset(1..<changed.training.count)
    let others = DataSource(source.name, changed)
    func next(_ change: (inout RunConfiguration) -> Void) throws -> Run {
      try Run(continuing: scene.folder, in: other, images: others, change: change)
    }
    let error = #expect(throws: FormatError.self) { try next { $0.passes = 2 } }
    #expect("\(try #require(error))".contains("the data changed"))
    // The same of a new run with its configuration.
    var configuration = try RunConfiguration(file: scene.folder.configuration)
    func again() throws -> Run {
      try Run(configuration, in: other, images: RunImages(others, for: configuration))
    }
    #expect(throws: FormatError.self) { try again() }
    configuration.split = .count(5)
    #expect(try again().configuration.identity == RunImages(others, for: configuration).identity)
    // A file that is written for other images does not expect the former ones.
    var copy = try RunConfiguration(file: scene.folder.configuration)
    copy.data = "others"
    copy = try JSONDecoder().decode(RunConfiguration.self, from: copy.file)
    #expect(copy.identity != nil)
    #expect(throws: Never.self) {
      try Run(copy, in: other, images: RunImages(others, for: copy))
    }
    // A run's configuration expects what it was made with.
    let made = try again().configuration
    #expect(throws: FormatError.self) {
      try Run(made, in: other, images: RunImages(source, for: made))
    }
    let divided = try next { ($0.passes, $0.split) = (2, .count(5)) }
    #expect(divided.isContinuation && !FileManager.default.fileExists(atPath: other.path))
  }

  @Test func whatCannotGoOnIsRefused() throws {
    defer { end() }
    func refusal(_ change: @escaping (inout RunConfiguration) throws -> Void) -> String {
      do {
        _ = try continued {
          $0.passes = 4
          try change(&$0)
        }.train(on: ReferenceDevice())
        return "nothing was refused"
      } catch {
        return "\(error)"
      }
    }
    #expect(refusal { _ in }.contains(scene.folder.configuration))
    _ = try scene.run(passes: 1).train(on: ReferenceDevice())
    #expect(refusal { $0.model.encoder[0].hidden = [5] }.contains("has its model, which was 6:2"))
    #expect(refusal { $0.initial = "a" }.contains("'--init' is of a run's beginning"))
    #expect(refusal { $0.batch = 7 }.contains("or '--batch' or '--split' did"))
    let images = try scene.configuration().1
    let error = #expect(throws: ConfigurationError.self) {
      try Run(continuing: scene.folder, in: scene.folder, images: images.source)
    }
    #expect(error?.description.contains("is the run to go on from") == true)
    #expect(refusal { $0.passes = 1 }.contains("nothing would be trained"))
    try FileManager.default.removeItem(atPath: scene.folder.checkpoint)
    #expect(refusal { _ in }.contains("There is no checkpoint in"))
    #expect(!FileManager.default.fileExists(atPath: other.path))
  }
}
