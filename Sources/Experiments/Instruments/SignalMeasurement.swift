import Compute
import Foundation
import IWAE

/// The gradients' signal against their noise, by the number of samples.
public struct SignalMeasurement: Sendable {
  private static let blocks = 20
  /// The fewest gradients of each kind.
  public static let leastDraws = 4 * blocks

  public var estimators: [GradientEstimator]
  /// Estimators that a model does not allow are left out instead of refused.
  public var leavesOut: Bool
  /// The numbers K of samples, with the least M, in ascending order.
  public var samples: [Int]
  /// The numbers M of groups, with the middle K, in ascending order.
  public var groups: [Int]
  /// Gradients of each kind.
  public var draws: Int

  public init(
    estimators: [GradientEstimator] = GradientEstimator.all(
      beta: 0.5, alpha: 0.5, among: Objective.Estimator.allCases),
    leavesOut: Bool = true, samples: [Int] = (0...9).map { 1 << $0 },
    groups: [Int] = [1, 2, 4, 8, 16], draws: Int = 2000
  ) {
    self.estimators = estimators
    self.leavesOut = leavesOut
    self.samples = samples
    self.groups = groups
    self.draws = draws
  }

  /// The number of samples while the number of groups is raised.
  var middle: Int { samples[samples.count / 2] }

  /// The pairs of M and K that are measured.
  private var sizes: [(groups: Int, samples: Int)] {
    samples.map { (groups[0], $0) } + groups.dropFirst().map { ($0, middle) }
  }

  /// Checks that it can be measured with a batch of so many images.
  public func check(batch: Int) throws(ConfigurationError) {
    if let problem = estimators.compactMap(\.objective.problem).first {
      throw ConfigurationError(problem)
    }
    let most = sizes.reduce(0) { max($0, $1.groups * $1.samples) } * batch
    guard most <= Int(Int32.max) else {
      throw ConfigurationError(
        "a gradient of \(most) samples at once is asked for, the batch times M times K; "
          + "\(Int32.max) is the most.")
    }
    let least = estimators.map(\.objective.leastSamples).min() ?? 1
    guard sizes.contains(where: { $0.samples >= least }) else {
      throw ConfigurationError("the objectives need at least \(least) samples K.")
    }
  }

  /// The signals of one pair of M and K.
  private typealias Point = (groups: Int, samples: Int, signals: [EstimatorSignal])

  /// Measures; nil if the monitor stopped it.
  ///
  /// - Parameters:
  ///   - subject: The model and the images.
  ///   - batch: The images of a gradient.
  ///   - device: The device to measure on.
  ///   - note: Told what is worth a line that stays.
  ///   - monitor: Told how far it is; returns whether to go on.
  public func run(
    _ subject: Subject, batch: Int, on device: any Device, note: (String) -> Void = { _ in },
    monitor: @escaping WordMonitor = { _ in true }
  ) throws -> SignalReport? {
    try check(batch: batch)
    let start = ContinuousClock.now
    let configuration = SignalConfiguration(
      batchSize: batch, blocks: Self.blocks, drawsPerBlock: draws / Self.blocks,
      binarization: subject.binarization, seed: subject.seed)
    let measured = try measure(
      subject, configuration, device, possible(subject.model, note), monitor)
    guard let measured else { return nil }
    var report = makeReport(measured, device: device.name)
    report.images = min(batch, subject.images.count)
    report.seconds = (ContinuousClock.now - start) / .seconds(1)
    return report
  }

  /// The estimators that a model allows.
  private func possible(_ model: Model, _ note: (String) -> Void) -> [GradientEstimator] {
    guard leavesOut else { return estimators }
    return estimators.filter { estimator in
      let samples = estimator.objective.leastSamples
      let step = StepConfiguration(
        batchSize: 1, samples: samples, objective: estimator.objective,
        estimator: estimator.estimator, optimizer: nil)
      do throws(ProgramError) {
        _ = try Step.build(model, step)
        return true
      } catch {
        note("Left out: \(error)")
        return false
      }
    }
  }

  private func measure(
    _ subject: Subject, _ configuration: SignalConfiguration, _ device: any Device,
    _ possible: [GradientEstimator], _ monitor: WordMonitor
  ) throws -> [Point]? {
    let start = ContinuousClock.now
    let work = Double(sizes.reduce(0) { $0 + $1.groups * $1.samples })
    var configuration = configuration
    var done = 0.0
    var measured: [Point] = []
    for size in sizes {
      (configuration.groups, configuration.samples) = size
      let usable = possible.filter { $0.objective.leastSamples <= size.samples }
      if usable.isEmpty { continue }
      let share = Double(size.groups * size.samples) / work
      let signals = try GradientSignal.measure(
        subject.model, parameters: subject.parameters, images: subject.images, configuration,
        estimators: usable, device: device
      ) { blocks in
        let part = done + share * Double(blocks) / Double(Self.blocks)
        let left = (ContinuousClock.now - start) / .seconds(1) * (1 - part) / part
        return monitor(
          "M = \(size.groups), K = \(size.samples)  \(Int(100 * part))%"
            + (part > 0.02 ? "  \(readable(.seconds(left))) left" : ""))
      }
      guard let signals else { return nil }
      guard signals.allSatisfy({ $0.encoder.isFinite && $0.decoder.isFinite }) else {
        throw NotFiniteError(of: "gradient")
      }
      done += share
      measured.append((size.groups, size.samples, signals))
    }
    return measured
  }

  private func makeReport(
    _ measured: [Point], device: String
  ) -> SignalReport {
    var report = SignalReport(draws: draws / Self.blocks * Self.blocks, images: 0, device: device)
    for point in measured {
      for signal in point.signals {
        report.measurements.append(
          .init(
            objective: signal.estimator.objective.name,
            estimator: signal.estimator.estimator.rawValue, groups: point.groups,
            samples: point.samples, encoder: .init(signal.encoder), decoder: .init(signal.decoder)))
      }
    }
    let found = Set(measured.flatMap(\.signals).map(\.estimator))
    for estimator in estimators where found.contains(estimator) {
      for count in GradientEstimator.Count.allCases {
        let points = measured.filter {
          count == .samples
            ? $0.groups == groups[0]
            : groups.count > 1 && $0.samples == middle
        }
        if points.count < 2 { continue }
        report.slopes += slopes(of: estimator, against: count, points)
      }
    }
    return report
  }

  private func slopes(
    of estimator: GradientEstimator, against count: GradientEstimator.Count,
    _ points: [Point]
  ) -> [SignalReport.Slope] {
    [("encoder", \EstimatorSignal.encoder), ("decoder", \.decoder)].map { network, path in
      let signals = points.compactMap { point in
        point.signals.first { $0.estimator == estimator }.map {
          (count: count == .samples ? point.samples : point.groups, signal: $0[keyPath: path])
        }
      }
      // Theory is of many samples: the larger half.
      let larger = signals.suffix(max(3, (signals.count + 1) / 2))
      let fit = SignalSlope(larger)
      return .init(
        objective: estimator.objective.name, estimator: estimator.estimator.rawValue,
        network: network, against: count.rawValue, slope: fit?.slope, margin: fit?.margin,
        points: larger.count,
        theory: network == "decoder"
          ? estimator.decoderExponent : estimator.encoderExponent(count))
    }
  }
}
