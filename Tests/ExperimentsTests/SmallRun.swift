import Datasets
import Experiments
import Foundation
import IWAE

/// A folder, and runs there that take no time.
struct SmallRun {
  let folder = RunFolder(
    FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-run-\(UUID())").path)

  func end() { try? FileManager.default.removeItem(atPath: folder.path) }

  func configuration(passes: Int = 3) throws -> (RunConfiguration, RunImages) {
    let source = try DataSource("linear-gaussian", in: DataFolders([]))
    var model = Model.burda1(dataSize: source.collection.training.width)
    model.encoder = [.init(hidden: [6], latent: 2)]
    model.decoder = [.init(hidden: [6])]
    model.likelihood = source.likelihood
    let configuration = RunConfiguration(
      data: source.name, model: model, samples: 2, passes: passes, validationSamples: 5,
      testSamples: 10, limit: 20)
    return (configuration, try RunImages(source, for: configuration))
  }

  func run(passes: Int = 3, in folder: RunFolder? = nil) throws -> Run {
    let (configuration, images) = try configuration(passes: passes)
    return try Run(configuration, in: folder ?? self.folder, images: images)
  }

  func resumed(_ change: (inout RunConfiguration) throws -> Void = { _ in }) throws -> Run {
    try Run(resuming: folder, images: configuration().1.source, change: change)
  }
}
