import Artifacts
import Compute
import Experiments
import Files
import Foundation
import IWAE
import OpenCLDevice
import ReferenceDevice
import Testing

/// Runs that train the encoder alone.
@Suite struct FinetuneTests {
  private let scene = SmallRun()
  private var other: RunFolder { RunFolder(scene.folder.path + "-other") }

  private func end() {
    scene.end()
    try? FileManager.default.removeItem(atPath: other.path)
  }

  private func tuned(
    _ change: (inout RunConfiguration) -> Void = { _ in }
  ) throws -> Run {
    var (configuration, images) = try scene.configuration(passes: 3)
    (configuration.initial, configuration.finetune) = (scene.folder.path, .encoder)
    configuration.schedule = .constant
    change(&configuration)
    return try Run(configuration, in: other, images: images)
  }

  private func expectHeld(_ found: Checkpoint, as model: Checkpoint, _ label: String) {
    for parameter in model.model.generativeParameters {
      #expect(found.parameters[parameter] == model.parameters[parameter], "\(label)")
    }
    for parameter in model.model.encoderParameters {
      #expect(found.parameters[parameter] != model.parameters[parameter], "\(label)")
    }
  }

  /// With the model of another run, stopped and resumed to the same bits.
  @Test func theEncoderIsFittedToAModel() throws {
    defer { end() }
    let device = try OpenCLDevice.open()
    defer { device.close() }
    _ = try scene.run(passes: 1).train(on: device)
    let model = try StoredModel(scene.folder.path).checkpoint
    _ = try tuned().train(on: device)
    let whole = try Checkpoint(at: other.checkpoint)
    expectHeld(whole, as: model, "tuned")
    #expect(try tuned().train(on: device, monitor: { _ in false }) == nil)
    let images = try scene.configuration().1
    _ = try Run(resuming: other, images: images.source).train(on: device)
    let resumed = try Checkpoint(at: other.checkpoint)
    #expect(resumed.parameters == whole.parameters && resumed.extras == whole.extras)
    let error = #expect(throws: ConfigurationError.self) {
      try Run(resuming: other, images: images.source) { $0.finetune = .all }
    }
    #expect(error?.description.contains("'finetune' cannot change") == true)
  }

  /// A run in which all was trained goes on with the model that was tested, without its momentum.
  @Test(arguments: [(0, 0), (0.9, 0.9), (0.9, 0)])
  func aRunGoesOnWithItsModelHeld(ema: Double, next nextEMA: Double) throws {
    defer { end() }
    let device = try OpenCLDevice.open()
    defer { device.close() }
    var (configuration, images) = try scene.configuration(passes: 2)
    (configuration.schedule, configuration.ema, configuration.keep) = (.constant, ema, .last)
    _ = try Run(configuration, in: scene.folder, images: images).train(on: device)
    let model = try StoredModel(scene.folder.path).checkpoint
    let next = try Run(continuing: scene.folder, in: other, images: images.source) {
      ($0.finetune, $0.passes, $0.ema) = (.encoder, 4, nextEMA)
    }
    _ = try next.train(on: device)
    expectHeld(try Checkpoint(at: other.checkpoint), as: model, "newest")
    expectHeld(try StoredModel(other.path).checkpoint, as: model, "tested")
  }

  /// Averages that are not kept any more are checked as those that are.
  @Test func averagesThatAreTooShortAreNotHeld() throws {
    defer { end() }
    var (configuration, images) = try scene.configuration(passes: 1)
    (configuration.schedule, configuration.ema, configuration.keep) = (.constant, 0.9, .last)
    _ = try Run(configuration, in: scene.folder, images: images).train(on: ReferenceDevice())
    var checkpoint = try Checkpoint(at: scene.folder.checkpoint)
    checkpoint.extras["optimizer.average.decoder.0.hidden.0.bias"]?.removeLast()
    try Files.write(try checkpoint.data, to: scene.folder.checkpoint)
    let next = try Run(continuing: scene.folder, in: other, images: images.source) {
      ($0.finetune, $0.passes, $0.ema) = (.encoder, 2, 0)
    }
    let error = #expect(throws: FormatError.self) { try next.train(on: ReferenceDevice()) }
    #expect(error?.problem.contains("expected 6 numbers in float32, found 5") == true)
  }

  @Test func aModelThatIsNotThereIsRefused() throws {
    defer { end() }
    func refusal(_ change: (inout RunConfiguration) -> Void) -> String {
      do {
        _ = try tuned(change)
        return "nothing was refused"
      } catch {
        return "\(error)"
      }
    }
    #expect(
      refusal { $0.initial = "" }.contains("would be random, as 'decoder.0"))
    _ = try scene.run(passes: 0).train(on: ReferenceDevice())
    #expect(refusal { _ in } == "nothing was refused")
    #expect(
      refusal { $0.weightDecay = 0.1 }.contains("'--finetune' cannot be encoder: a weight decay"))
    #expect(refusal { $0.model.activation = .relu }.contains("which is another, of 6:2"))
    #expect(refusal { $0.model.prior = .vamp(2) }.contains("is made of the encoder"))
    #expect(
      refusal { $0.model.decoder = [.init(hidden: [7])] }.contains("would be random, as 'decoder.0")
    )
  }
}
