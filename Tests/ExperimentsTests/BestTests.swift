import Artifacts
import Experiments
import Files
import Foundation
import IWAE
import OpenCLDevice
import Testing

/// The checkpoint of the best parameters beside the newest.
@Suite struct BestTests {
  private let scene = SmallRun()

  private func progress(_ path: String) throws -> TrainingProgress {
    let text = try #require(try Safetensors.metadata(at: path)["progress"])
    return try JSONDecoder().decode(TrainingProgress.self, from: Data(text.utf8))
  }

  @Test func itIsNeverOfLaterThanTheNewest() throws {
    defer { scene.end() }
    let device = try OpenCLDevice.open()
    defer { device.close() }
    var compared = 0
    _ = try scene.run(passes: 6).train(
      on: device,
      observe: { _ in
        guard let best = try? progress(scene.folder.best),
          let newest = try? progress(scene.folder.checkpoint)
        else { return }
        #expect(best.step <= newest.step && newest.bestStep == best.step)
        compared += 1
      })
    #expect(compared >= 4)
  }

  /// Parameters have the step that they are of, however fast a training replaces them.
  @Test func aModelIsReadWithItsStep() throws {
    defer { scene.end() }
    let folder = scene.folder
    let (configuration, _) = try scene.configuration()
    try FileCalls.makeFolder(folder.path)
    try Files.write(try configuration.file, to: folder.configuration)
    let model = configuration.model
    let steps = 1000..<1100
    // The newest checkpoint after so many steps, with their number for every parameter.
    @Sendable func write(_ step: Int) throws {
      var progress = TrainingProgress()
      progress.step = step
      let checkpoint = Checkpoint(
        model: model,
        parameters: Dictionary(
          uniqueKeysWithValues: model.parameters.map {
            ($0, Array(repeating: Float(step), count: $0.shape.count))
          }),
        metadata: ["progress": String(decoding: try JSONEncoder().encode(progress), as: UTF8.self)])
      try Files.write(checkpoint.data, to: folder.checkpoint)
    }
    try write(steps.lowerBound)
    Thread.detachNewThread { for step in steps { try? write(step) } }
    var last = 0
    let deadline = ContinuousClock.now + .seconds(30)
    while last < steps.upperBound - 1, ContinuousClock.now < deadline {
      let stored = try StoredModel(folder.path)
      last = try #require(stored.step)
      #expect(stored.parameters.values.allSatisfy { $0.allSatisfy { $0 == Float(last) } })
    }
    #expect(last == steps.upperBound - 1)
  }

  /// What a run reports depends on its own passes alone, whatever a process that was killed had left.
  @Test func aKilledRunReportsItsOwnBest() throws {
    defer { scene.end() }
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let folder = scene.folder
    let whole = try #require(try scene.run(passes: 1).train(on: device)?.evaluation)
    let short = try Files.read(folder.checkpoint)
    _ = try scene.resumed { $0.passes = 6 }.train(on: device)
    #expect(try progress(folder.best).step > progress(folder.checkpoint).step / 6)
    // The newest checkpoint is as old as if the process had been killed long after.
    try Files.write(short, to: folder.checkpoint)
    try FileManager.default.removeItem(atPath: folder.evaluation)
    #expect(try StoredModel(folder.path).step == progress(folder.checkpoint).step)
    #expect(
      try StoredModel(folder.path).parameters == Checkpoint(at: folder.checkpoint).parameters)
    let resumed = try scene.resumed { $0.passes = 1 }
    #expect(try resumed.train(on: device)?.evaluation?.nll == whole.nll)
    #expect(try progress(folder.best).step == progress(folder.checkpoint).step)
  }

  @Test func anotherRunsIsRefused() throws {
    defer { scene.end() }
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let folder = scene.folder
    _ = try scene.run(passes: 4).train(on: device)
    var newest = try Checkpoint(at: folder.checkpoint)
    var place = try progress(folder.checkpoint)
    place.bestStep = place.step / 4
    newest.metadata["progress"] = String(
      decoding: try JSONEncoder().encode(place), as: UTF8.self)
    try Files.write(newest.data, to: folder.checkpoint)
    let evaluation = try Files.read(folder.evaluation)
    for _ in 0..<2 {
      let error = #expect(throws: FormatError.self) { try StoredModel(folder.path) }
      #expect(error?.file == folder.best && "\(error!)".contains("the best was step"))
      #expect(throws: FormatError.self) {
        try scene.resumed { $0.passes = 5 }.train(on: device)
      }
      #expect(try Files.read(folder.evaluation) == evaluation)
      // Of a file that does not say, only what is of later is known to be another's.
      place.bestStep = nil
      place.bestValidation = -1
      newest.metadata["progress"] = String(
        decoding: try JSONEncoder().encode(place), as: UTF8.self)
    }
    // It can be used by its name.
    #expect(try StoredModel(folder.best).step != nil)
  }
}
