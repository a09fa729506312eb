import Artifacts
import Files
import Foundation
import IWAE

extension RunFolder {
  /// The checkpoint of the best parameters that training had come to by its newest one: that one itself,
  /// or the file of the best. Where there is no such file, the newest. Where parameters are averaged, it
  /// holds their averages.
  ///
  /// A checkpoint that is the best is written before the file of the best: whoever is killed between the
  /// two loses neither.
  var bestCheckpoint: Checkpoint {
    get throws {
      do {
        return try findBest()
      } catch is FormatError {
        // A training may have replaced both meanwhile.
        return try findBest()
      }
    }
  }

  /// The newest checkpoint, with averages for parameters where the run keeps some.
  private func newestTested() throws -> Checkpoint {
    let ema = (try? RunConfiguration(file: configuration))?.ema ?? 0
    return try Checkpoint(file: checkpoint).averaged(isNeeded: ema > 0, file: checkpoint)
  }

  /// Refuses a newest checkpoint in place of a best one that was there.
  func checkNewestIsBest() throws {
    guard let settings = try? RunConfiguration(file: configuration), settings.keep == .best,
      let newest = TrainingRecord(try Safetensors.metadata(at: checkpoint)).progress,
      let step = newest.bestStep, step != newest.step
    else { return }
    throw FormatError(
      file: best,
      problem:
        "it is missing, and the newest checkpoint, of step \(newest.step), is not the best, which "
        + "was of step \(step). Put it back, or name '\(checkpoint)' to use that.")
  }

  private func findBest() throws -> Checkpoint {
    let manager = FileManager.default
    guard manager.fileExists(atPath: best) else {
      try checkNewestIsBest()
      return try newestTested()
    }
    guard manager.fileExists(atPath: checkpoint) else { return try Checkpoint(file: best) }
    let metadata = try Safetensors.metadata(at: checkpoint)
    let newest = TrainingRecord(metadata).progress
    if newest?.isBest == true { return try newestTested() }
    let found = try Checkpoint(file: best)
    func foreign(_ problem: String) -> FormatError {
      FormatError(
        file: best,
        problem:
          "it is not of the run whose newest checkpoint lies beside it: \(problem). Take it away "
          + "to go on without it, or name it to use it alone.")
    }
    guard try found.model == Checkpoint.model(in: metadata, file: checkpoint) else {
      throw foreign("its model is another")
    }
    if let newest, let progress = found.progress {
      let isOfStep = newest.bestStep.map { $0 == progress.step } ?? (progress.step <= newest.step)
      guard isOfStep, progress.bestValidation == newest.bestValidation else {
        throw foreign(
          "it is of step \(progress.step)"
            + (newest.bestStep.map { ", but the best was step \($0)" }
              ?? ", and training had come to step \(newest.step)"))
      }
    }
    return found
  }
}
