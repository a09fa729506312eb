import Artifacts
import Experiments
import Files
import Foundation
import IWAE
import ReferenceDevice
import Testing

/// Numbers in a checkpoint that no run wrote.
@Suite struct DamagedMetadataTests {
  private let scene = SmallRun()

  /// Every number is checked before anything is taken away.
  @Test func everyNumberIsChecked() throws {
    defer { scene.end() }
    let folder = scene.folder
    _ = try scene.run(passes: 2).train(on: ReferenceDevice())
    let good = try Checkpoint(at: folder.checkpoint)
    let text = try #require(good.metadata["progress"])
    let place = try JSONDecoder().decode(TrainingProgress.self, from: Data(text.utf8))
    func damaged(_ change: (inout TrainingProgress) -> Void) throws -> Checkpoint {
      var (place, result) = (place, good)
      change(&place)
      result.metadata["progress"] = String(
        decoding: try JSONEncoder().encode(place), as: UTF8.self)
      return result
    }
    func timed(_ seconds: String) -> Checkpoint {
      var result = good
      result.metadata["train_seconds"] = seconds
      return result
    }
    var moments = good
    let name = try #require(good.extras.keys.first { $0.hasPrefix("optimizer.second_moment") })
    moments.extras[name]?[0] = -1
    let evaluation = try Files.read(folder.evaluation)
    let damages: [(Checkpoint, String)] = [
      (try damaged { $0.step = 1 << 32 }, "step 4294967296 is not that of batch"),
      (try damaged { $0.pass = .max }, "is not that of batch"),
      (try damaged { $0.boundCount = .max }, "is no sum of the bounds"),
      (try damaged { $0.boundCount = -1 }, "is no sum of the bounds"),
      (try damaged { $0.boundSum = 1e308 }, "is no sum of the bounds"),
      (try damaged { $0.openBound = 1e308 }, "is no sum of the bounds of the last 0 batches"),
      (try damaged { $0.openBound = -1 }, "is no sum of the bounds of the last 0 batches"),
      (
        try damaged { ($0.step, $0.batch, $0.openBound) = ($0.step + 1, 1, 1e39) },
        "is no sum of the bounds of the last 1 batches"
      ),
      (try damaged { $0.bestValidation = 1e39 }, "its best validation is 1e+39"),
      (try damaged { $0.bestValidation = nil }, "its best validation, "),
      (try damaged { $0.bestStep = 1 }, "its best step is 1,"),
      (try damaged { $0.passesSinceBest = .max }, "passes since the best"),
      (try damaged { $0.bestStep = -3 }, "its best step is -3"),
      (try damaged { $0.skippedSteps = [5, 3] }, "it left out other steps"),
      (try damaged { $0.skippedSteps = [-1] }, "it left out other steps"),
      (try damaged { $0.skippedSteps = [$0.step] }, "it left out other steps"),
      (try damaged { $0.rateHalvings = 11 }, "was halved 11 times"),
      (try damaged { $0.rateHalvings = -1 }, "was halved -1 times"),
      (timed("1e308"), "'train_seconds'"), (timed("nan"), "'train_seconds'"),
      (timed("inf"), "'train_seconds'"), (timed("-1"), "'train_seconds'"),
      (moments, "-1.0 is among the"),
    ]
    for (checkpoint, words) in damages {
      try Files.write(checkpoint.data, to: folder.checkpoint)
      do {
        _ = try scene.resumed { $0.passes = 3 }.train(on: ReferenceDevice())
        Issue.record("\(words): taken")
      } catch let error as FormatError {
        #expect(error.description.contains(words), "\(error)")
      }
      #expect(try Files.read(folder.evaluation) == evaluation)
    }
    try Files.write(good.data, to: folder.checkpoint)
    #expect(try scene.resumed { $0.passes = 3 }.train(on: ReferenceDevice())?.passes == 3)
  }

  /// Noise has no addresses for more.
  @Test func aRunThatIsTooLongIsRefused() throws {
    var (configuration, images) = try scene.configuration()
    (configuration.passes, configuration.batch) = (1 << 30, 1)
    let error = #expect(throws: ConfigurationError.self) {
      try Run(configuration, in: scene.folder, images: images)
    }
    #expect("\(error!)".contains("more than the 4294967295 steps"))
    #expect(!scene.folder.exists)
  }
}
