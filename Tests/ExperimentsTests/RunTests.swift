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

/// Runs, as a user of the library makes them.
@Suite struct RunTests {
  private let scene = SmallRun()
  private var folder: RunFolder { scene.folder }

  private func configuration(passes: Int = 3) throws -> (RunConfiguration, RunImages) {
    try scene.configuration(passes: passes)
  }

  private func run(passes: Int = 3) throws -> Run { try scene.run(passes: passes) }

  @Test func aRunTrainsEvaluatesAndKeeps() throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    var passes: [Int] = []
    let report = try #require(
      try run().train(on: ReferenceDevice(), observe: { passes.append($0.progress.pass) }))
    #expect(passes == [1, 2, 3] && report.passes == 3)
    let stored = try StoredModel(folder.path)
    #expect(stored.run?.passes == 3 && stored.step == report.steps)
    // The evaluation is that of the parameters kept, on the images asked for.
    let evaluation = try #require(report.evaluation)
    #expect(evaluation.images == 20 && evaluation.samples == 10)
    let (_, images) = try configuration()
    let again = try ModelEvaluation(
      stored.model, parameters: stored.parameters, images: images.split.test.subset(0..<20),
      samples: 10, binarization: .none, seed: 0
    ).run(on: ReferenceDevice())
    #expect(again?.nll == evaluation.nll)
  }

  /// Images that were read in another way than the run's are not taken for them.
  @Test func imagesAreReadAsTheRunSays() throws {
    let source = try DataSource("linear-gaussian", in: DataFolders([]))
    let usual = try configuration().0
    var (masked, labelled) = (usual, usual)
    (masked.mask, labelled.labels) = ("observed.npy", "labels.npy")
    for (configuration, words) in [
      (masked, "'--mask' is 'observed.npy', and"), (labelled, "'--labels' is 'labels.npy', and"),
    ] {
      let error = #expect(throws: ConfigurationError.self) {
        try RunImages(source, for: configuration)
      }
      #expect(error?.description.contains(words) == true)
    }
  }

  /// A run that was stopped goes on to the same bits.
  @Test func aStoppedRunGoesOn() throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    // The reference keeps more digits than a checkpoint does.
    let device = try OpenCLDevice.open()
    defer { device.close() }
    _ = try run().train(on: device)
    let whole = try Checkpoint(at: folder.checkpoint)
    let stopped = try run().train(on: device, monitor: { _ in false })
    #expect(stopped == nil && !FileManager.default.fileExists(atPath: folder.evaluation))
    let resumed = try Checkpoint(at: folder.checkpoint)
    #expect(resumed.parameters != whole.parameters)
    let (_, images) = try configuration()
    let report = try Run(resuming: folder, images: images.source).train(on: device)
    #expect(report?.evaluation != nil)
    #expect(try Checkpoint(at: folder.checkpoint).parameters == whole.parameters)
    #expect(try Checkpoint(at: folder.checkpoint).extras == whole.extras)
  }

  /// What cannot change is refused by name, with both values.
  @Test func aRunGoesOnAsItBegan() throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let (_, images) = try configuration()
    func resumed(_ change: (inout RunConfiguration) -> Void) throws -> Run {
      try Run(resuming: folder, images: images.source, change: change)
    }
    #expect(throws: FileAccessError.self) { try resumed { _ in } }
    _ = try run(passes: 1).train(on: ReferenceDevice())
    for (change, words) in [
      ({ $0.seed = 9 }, "'seed' cannot change when a run is resumed: it was 0 and is 9 now"),
      ({ $0.batch = 7 }, "'batch' cannot change when a run is resumed: it was 20 and is 7 now"),
      ({ $0.objective = "vae" }, "it was iwae and is vae now"),
      ({ $0.model.encoder[0].hidden = [5] }, "The model cannot change"),
      ({ $0.passes = -1 }, "'passes': expected a whole number"),
    ] as [((inout RunConfiguration) -> Void, String)] {
      do {
        _ = try resumed(change)
        Issue.record("\(words): taken")
      } catch let error as ConfigurationError {
        #expect(error.description.contains(words), "\(error)")
      }
    }
    let longer = try resumed { ($0.passes, $0.testSamples) = (2, 5) }
    let report = try #require(try longer.train(on: ReferenceDevice()))
    #expect(report.passes == 2 && report.evaluation?.samples == 5)
  }

  /// A run that was killed before its first checkpoint begins again where it is resumed.
  @Test func aRunWithoutACheckpointBeginsAgain() throws {
    defer { scene.end() }
    let device = try OpenCLDevice.open()
    defer { device.close() }
    _ = try run().train(on: device)
    let whole = try Checkpoint(at: folder.checkpoint)
    for file in [folder.checkpoint, folder.best, folder.evaluation] {
      try FileManager.default.removeItem(atPath: file)
    }
    let resumed = try scene.resumed()
    #expect(!resumed.isResumed)
    #expect(try resumed.train(on: device)?.evaluation != nil)
    #expect(try Checkpoint(at: folder.checkpoint).parameters == whole.parameters)
  }

  #if os(Linux)
    /// What was added to metrics and events reaches the disk before a checkpoint does.
    @Test(arguments: [false, true]) func whatWasAddedIsSynced(isOfEvents: Bool) throws {
      defer { scene.end() }
      let error = #expect(throws: RunError.self) {
        try run().train(
          on: ReferenceDevice(),
          observe: { _ in
            // In place of the file, one that cannot be synced.
            let file = isOfEvents ? EventFile.files(in: folder.path).first : folder.metrics
            if let file, unlink(file) == 0 { symlink("/dev/null", file) }
          })
      }
      #expect(error?.description.contains("could not be written: Invalid argument") == true)
      #expect(try StoredModel(folder.path).step == 0)
    }
  #endif

  @Test func passesAreASequence() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    var bounds: [Double] = []
    for try await pass in try run().passes(on: { ReferenceDevice() }) { bounds.append(pass.bound) }
    #expect(bounds.count == 3 && bounds.allSatisfy(\.isFinite))
    // The outcome needs no listener.
    let report = try #require(try await run().passes(on: { ReferenceDevice() }).outcome)
    #expect(report.passes == 3 && report.evaluation != nil)
    // A pass's bound is a sum of parts in single precision, which progress divides by the clock.
    #expect(abs(try #require(report.bound) - bounds[2]) < 1e-4)
  }

  @Test func whoeverLeavesARunCanWaitUntilItIsSaved() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let passes = try run(passes: 100_000).passes(on: { ReferenceDevice() })
    for try await pass in passes where pass.progress.pass == 2 { break }
    #expect(try await passes.outcome == nil)
    let stored = try StoredModel(folder.path)
    let (configuration, images) = try configuration()
    let batches = (images.split.training.count + configuration.batch - 1) / configuration.batch
    #expect(stored.run?.passes == 100_000)
    #expect((2 * batches..<100_000 * batches).contains(try #require(stored.step)))
  }

  @Test func aCancelledTaskStopsTheRun() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let passes = try run(passes: 100_000).passes(on: { ReferenceDevice() })
    let listening = Task {
      var count = 0
      for try await _ in passes { count += 1 }
      return count
    }
    let waiting = Task { try await passes.outcome }
    while !folder.exists { try await Task.sleep(for: .milliseconds(20)) }
    listening.cancel()
    #expect(try await waiting.value == nil)
    #expect(try await listening.value < 100_000)
    // Work that is stopped before anybody waits for it is not begun.
    let other = RunFolder(folder.path + "-other")
    let (configuration, images) = try configuration()
    let never = try Run(configuration, in: other, images: images).passes(on: {
      Issue.record("a device was opened")
      return ReferenceDevice()
    })
    never.stop()
    #expect(try await never.outcome == nil && !other.exists)
  }

  @Test func anEvaluationTellsHowFarItIs() async throws {
    let (configuration, images) = try configuration()
    let model = configuration.model
    let evaluation = ModelEvaluation(
      model, parameters: model.initialParameters(seed: 3), images: images.split.test.subset(0..<45),
      samples: 7, binarization: .none, seed: 0)
    let progress = evaluation.progress(on: { ReferenceDevice() })
    var done: [Int] = []
    for try await step in progress {
      if case .evaluating("evaluating", let images, of: 45) = step.stage { done.append(images) }
    }
    #expect(done == [20, 40, 45])
    let report = try await progress.outcome
    #expect(report?.nll == (try evaluation.run(on: ReferenceDevice()))?.nll && report != nil)
    var longer = evaluation
    (longer.images, longer.samples) = (images.split.test, 5000)
    let left = longer.progress(on: { ReferenceDevice() })
    for try await _ in left { break }
    #expect(try await left.outcome == nil)
  }

  @Test func aBrokenRunSaysSo() async throws {
    let (configuration, images) = try configuration()
    var other = configuration
    other.samples = 0
    #expect(throws: ConfigurationError.self) {
      try Run(other, in: folder, images: images)
    }
    other = configuration
    other.testSamples = 0
    #expect(throws: ConfigurationError.self) { try Run(other, in: folder, images: images) }
    for (images, samples) in [
      (images.split.test.subset(0..<2), 0), (images.split.test.subset([]), 3),
    ] {
      let evaluation = ModelEvaluation(
        configuration.model, parameters: configuration.model.initialParameters(seed: 3),
        images: images, samples: samples, binarization: .none, seed: 0)
      #expect(throws: ProgramError.self) { try evaluation.run(on: ReferenceDevice()) }
    }
    var far = configuration
    far.memory = 1
    let passes = try Run(far, in: folder, images: images).passes(on: { ReferenceDevice() })
    func words(_ body: () async throws -> Void) async -> String {
      do {
        try await body()
        return "nothing"
      } catch {
        return "\(error)"
      }
    }
    let told = await words { for try await _ in passes {} }
    #expect(told.contains("it needs at least"), "\(told)")
    #expect(await words { _ = try await passes.outcome } == told)
  }
}
