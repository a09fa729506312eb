import Compute
import Foundation
import IWAE

/// A measurement of the bound L_k as k rises.
public struct BoundsMeasurement: Sendable {
  /// As many samples as are kept of each image of a batch.
  public static let mostSamples = 1 << 20

  public var subject: Subject
  /// Samples of each image.
  public var samples: Int
  /// Samples are doubled until the last bound's standard error is no larger; 0 for never.
  public var targetError: Double

  public init(_ subject: Subject, samples: Int = 5000, targetError: Double = 0) {
    (self.subject, self.samples, self.targetError) = (subject, samples, targetError)
  }

  /// Measures; nil if the monitor stopped it.
  ///
  /// - Parameters:
  ///   - device: The device to measure on.
  ///   - note: Told what is worth a line that stays.
  ///   - monitor: Told how far it is; returns whether to go on.
  public func run(
    on device: any Device, note: (String) -> Void = { _ in },
    monitor: @escaping WordMonitor = { _ in true }
  ) throws -> BoundsReport? {
    let start = ContinuousClock.now
    try device.ranks.agree(on: subject.agreements(on: device))
    var samples = samples
    var curve = try curve(samples: samples, on: device, monitor)
    // An error that is not known is not small enough.
    while targetError > 0, let error = curve?.points.last?.bound.standardError,
      !(error <= targetError)
    {
      if 2 * samples > Self.mostSamples {
        note("The standard error is still above \(targetError) with \(samples) samples.")
        break
      }
      samples *= 2
      curve = try self.curve(samples: samples, on: device, monitor)
    }
    guard let curve else { return nil }
    return BoundsReport(
      curve, exact: subject.images.exactLogLikelihood, samples: samples,
      seconds: (ContinuousClock.now - start) / .seconds(1), device: device.name)
  }

  private func curve(
    samples: Int, on device: any Device, _ monitor: WordMonitor
  ) throws -> BoundCurve? {
    let images = subject.images
    let evaluator = try Evaluator(
      subject.model, parameters: subject.parameters, images: images, device: device,
      samples: samples, binarization: subject.binarization, seed: subject.seed)
    var curve = BoundCurve(samples: samples, seed: subject.seed)
    let evaluation = try evaluator.evaluate(
      progress: { monitor("\(samples) samples  \($0) of \(images.count) images") },
      observe: { curve.add($0) })
    guard evaluation != nil else { return nil }
    guard curve.points.allSatisfy(\.bound.mean.isFinite) else {
      throw NotFiniteError(of: "log-weight")
    }
    return curve
  }
}
