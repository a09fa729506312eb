import Foundation
import IWAE

/// The point that a run or an evaluation has come to.
public struct RunProgress: Hashable, Sendable {
  public enum Stage: Hashable, Sendable {
    /// Before anything is allocated, where a step takes long or much memory.
    case preparing(StepForecast)
    /// - Parameter bound: The mean of the last steps'; NaN before the first is made.
    case training(pass: Int, of: Int, bound: Double)
    /// - Parameter what: The part of an evaluation, in the words of a progress line.
    case evaluating(_ what: String, images: Int, of: Int)
  }

  public var stage: Stage
  /// What steps that gave no number came to, in the words of a progress line; empty for nothing.
  public var setbacks = ""
  public var imagesPerSecond: Double
  public var secondsLeft: Double

  /// One line for people.
  public var text: String {
    let head =
      switch stage {
      case .preparing(let forecast): forecast.text
      case .training(let pass, let passes, let bound):
        "pass \(pass) of \(passes)"
          + (bound.isNaN ? "" : "  bound \(String(format: "%.2f", bound))")
      case .evaluating(let what, let done, let images): "\(what)  \(done) of \(images) images"
      }
    // Nothing is known of the rate before the first images are done.
    guard imagesPerSecond > 0, secondsLeft < 1e12 else { return head + setbacks }
    return "\(head)\(setbacks)  \(String(format: "%.0f", imagesPerSecond)) images/s  "
      + "\(readable(.seconds(secondsLeft))) left"
  }
}

extension StepForecast {
  /// One line for people.
  var text: String {
    let time = leastSeconds.map { ", at least \(readable(.seconds($0)))" } ?? ""
    return "preparing  a step: \(readable(operations: operations)) operations\(time), in "
      + "\(readable(bytes: bytes)), \(division)"
  }
}

/// What steps that gave no number came to, as a part of a sentence; empty for nothing.
public func setbacks(skippedSteps: [Int]?, rateHalvings: Int?) -> String {
  let skipped = skippedSteps.map { ", \(counted($0.count, "step")) left out" } ?? ""
  let halved = rateHalvings.map { ", learning rate halved \(counted($0, "time"))" } ?? ""
  return skipped + halved
}

/// Told how far work is; returns whether to go on.
public typealias ProgressMonitor = (RunProgress) -> Bool
