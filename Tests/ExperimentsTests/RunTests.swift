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
  private let folder = RunFolder(
    FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-run-\(UUID())").path)

  private func configuration(passes: Int = 3) throws -> (RunConfiguration, RunImages) {
    let source = try DataSource("linear-gaussian", in: DataFolders([]))
    var model = Model.burda1(dataSize: source.collection.training.width)
    model.encoder = [.init(hidden: [6], latent: 2)]
    model.decoder = [.init(hidden: [6])]
    model.likelihood = source.likelihood
    let configuration = RunConfiguration(
      data: source.name, model: model, samples: 2, passes: passes, validationSamples: 5)
    return (configuration, try RunImages(source, for: configuration))
  }

  private func run(passes: Int = 3, resumed: Checkpoint? = nil) throws -> Run {
    let (configuration, images) = try configuration(passes: passes)
    return try Run(
      configuration, in: folder, resumed: resumed, images: images,
      test: TestPlan(samples: 10, limit: 20))
  }

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
    let report = try run(resumed: resumed).train(on: device)
    #expect(report?.evaluation != nil)
    #expect(try Checkpoint(at: folder.checkpoint).parameters == whole.parameters)
    #expect(try Checkpoint(at: folder.checkpoint).extras == whole.extras)
  }

  @Test func passesAreASequence() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    var bounds: [Double] = []
    for try await pass in try run().passes(on: { ReferenceDevice() }) { bounds.append(pass.bound) }
    #expect(bounds.count == 3 && bounds.allSatisfy(\.isFinite))
    // Whoever stops listening stops the run, which is saved.
    for try await _ in try run(passes: 100_000).passes(on: { ReferenceDevice() }) { break }
    let start = ContinuousClock.now
    var steps: [Int?] = []
    repeat {
      try await Task.sleep(for: .milliseconds(200))
      steps.append(try? StoredModel(folder.path).step)
    } while ContinuousClock.now - start < .seconds(60)
      && (steps.count < 3 || steps.suffix(3).contains { $0 != steps.last })
    #expect(try StoredModel(folder.path).run?.passes == 100_000)
    #expect(try #require(try StoredModel(folder.path).step) < 100_000)
  }

  @Test func aBrokenRunSaysSo() throws {
    let (configuration, images) = try configuration()
    var other = configuration
    other.samples = 0
    #expect(throws: ConfigurationError.self) {
      try Run(other, in: folder, images: images)
    }
    var sequenceFailed = false
    do {
      var far = configuration
      far.memory = 1
      let run = try Run(far, in: folder, images: images)
      let passes = run.passes(on: { ReferenceDevice() })
      let semaphore = DispatchSemaphore(value: 0)
      nonisolated(unsafe) var failure: (any Error)?
      Task.detached {
        do { for try await _ in passes {} } catch { failure = error }
        semaphore.signal()
      }
      semaphore.wait()
      sequenceFailed = failure != nil
    }
    #expect(sequenceFailed)
  }
}
