import Compute
import Files
import Foundation
import IWAE
import ReferenceDevice

/// What is tried before a fresh run trains.
extension TrainingRun {
  /// Samples of each image that are tried.
  private static let triedSamples = 5

  /// Refuses a model whose bound on the first images is no number: no step would make it one.
  func checkDensities(_ trainer: Trainer, _ device: any Device) throws {
    let training = images.split.training
    let batch = training.subset(0..<min(trainer.batchSize, training.count))
    let isBinarized = configuration.model.likelihood.isBinarized
    let binarization = isBinarized ? self.training.binarization : .none
    let parameters = try trainer.state()
      .filter { $0.key.role == .parameter }
    let evaluation = try Evaluator(
      configuration.model, parameters: parameters, images: batch, device: device,
      samples: Self.triedSamples, binarization: binarization, seed: configuration.seed
    ).evaluate()
    guard let image = evaluation?.imageLogLikelihoods.firstIndex(where: { !$0.isFinite }) else {
      return
    }
    let pixels = batch.evaluated(image, binarization, seed: configuration.seed)
    var fault = try DensityProbe.firstFault(
      configuration.model, parameters: parameters, images: [pixels], device: ReferenceDevice())
    fault?.image = image
    let reason =
      fault.map(\.description)
      ?? "log p(x) of image \(image + 1) is \(evaluation?.imageLogLikelihoods[image] ?? .nan) in "
      + "single precision, and no density was found at fault in double precision. Scale the data, or "
      + "write the densities so that no part of them overflows."
    throw FormatError(file: configuration.data, problem: "nothing was trained: \(reason)")
  }
}
