import Artifacts
import Compute
import Files
import Foundation
import IWAE

extension Checkpoint {
  /// The metadata that say where the pass began that the checkpoint stands within.
  static let originKey = "origin_progress"

  /// The name of a tensor as it was then.
  static func originName(of tensor: Tensor) -> String {
    "optimizer.origin.\(RunSession.name(of: tensor))"
  }
}

extension Run {
  /// The beginning of the pass that a checkpoint stands within, which may begin again; nil where the
  /// checkpoint does not say, as one of a run that had another policy.
  ///
  /// - Parameters:
  ///   - checkpoint: The checkpoint.
  ///   - progress: Its own place in the pass.
  func passOrigin(
    in checkpoint: Checkpoint, before progress: TrainingProgress
  ) throws(FormatError) -> PassOrigin? {
    // A new run that goes on from another has settings of its own from there on.
    guard configuration.onNaN == .lowerRate, continued == nil,
      let text = checkpoint.metadata[Checkpoint.originKey]
    else { return nil }
    func bad(_ problem: String) -> FormatError { FormatError(file: startFile, problem: problem) }
    let begin = try? JSONDecoder().decode(TrainingProgress.self, from: Data(text.utf8))
    guard let begin, begin.pass == progress.pass, begin.batch <= progress.batch,
      begin.problem(
        images: images.split.training.count, batchSize: configuration.batch,
        leaves: configuration.leaves) == nil
    else {
      throw bad(
        "'\(Checkpoint.originKey)': it is no point of the pass that was under way: the file is "
          + "damaged.")
    }
    var state: [Tensor: [Float]] = [:]
    let model = configuration.model
    for tensor in model.parameters + training.companions(of: model) {
      let name = Checkpoint.originName(of: tensor)
      guard let values = checkpoint.extras[name], values.count == tensor.shape.count else {
        throw bad("tensor '\(name)': it is missing or too short.")
      }
      state[tensor] = values
    }
    try check(state)
    return PassOrigin(state: state, progress: begin)
  }
}
