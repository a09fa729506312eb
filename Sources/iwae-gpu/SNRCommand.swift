import Compute
import Datasets
import Foundation
import IWAE

extension Command {
  static let snr = Command(
    name: "snr",
    abstract: "Measure the gradients' signal against their noise, by the number of samples.",
    arguments: [
      .init(
        "checkpoint", isOptional: true,
        help: "A checkpoint, a run folder, or linear-gaussian. (default: the linear model of "
          + "Rainforth et al., near its optimum)")
    ],
    options: [
      Option(
        "--objectives", "names",
        help: "Objectives with commas between them, each with all of its estimators. (default: all)"
      ),
      Option("--beta", "share", help: "The share of the ELBO in ciwae. (default: 0.5)"),
      Option("--alpha", "order", help: "The order of renyi. (default: 0.5)"),
      Option(
        "--samples", short: "-k", "counts",
        help: "The numbers K of samples, with the least M. (default: 1,2,4,8 and so on to 512)"),
      Option(
        "--groups", short: "-m", "counts",
        help: "The numbers M of groups, with the middle K. (default: 1,2,4,8,16)"),
      Option("--draws", "count", help: "Gradients of each kind, at least 80. (default: 2000)"),
      Option("--batch", "count", help: "Images, the first of the test set. (default: 16)"),
      DataOptions.option, DataOptions.binarize,
      Option("--out", "folder", help: "Where figures go. (default: figures beside the checkpoint)"),
      Option("--seed", "seed", help: "The seed of noise and binarization. (default: 0)"),
    ] + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    run: { try SignalMeasurement($0, $1).run() })
}

/// One invocation of `snr`.
struct SignalMeasurement {
  private static let blocks = 20

  let arguments: ParsedArguments
  let terminal: Terminal
  let estimators: [GradientEstimator]
  let samples: [Int]
  let groups: [Int]
  let drawsPerBlock: Int
  let batchSize: Int

  init(_ arguments: ParsedArguments, _ terminal: Terminal) throws {
    (self.arguments, self.terminal) = (arguments, terminal)
    estimators = GradientEstimator.all(
      try arguments.names("--objectives", default: Objective.names, among: Objective.names),
      beta: try arguments.number("--beta", default: 0.5, in: 0...1),
      alpha: try arguments.number("--alpha", default: 0.5, in: -100...100))
    if let problem = estimators.compactMap(\.objective.problem).first {
      throw arguments.error(problem)
    }
    samples = try arguments.integers("--samples", default: (0...9).map { 1 << $0 }).sorted()
    groups = try arguments.integers("--groups", default: [1, 2, 4, 8, 16]).sorted()
    drawsPerBlock =
      try arguments.integer(
        "--draws", default: 2000, minimum: 4 * Self.blocks, maximum: 1 << 24) / Self.blocks
    batchSize = try arguments.integer("--batch", default: 16, maximum: 1 << 16)
    try checkSizes()
  }

  private func checkSizes() throws(UsageError) {
    let most = sizes.reduce(0) { max($0, $1.groups * $1.samples) } * batchSize
    guard most <= Int(Int32.max) else {
      throw arguments.error(
        "a gradient of \(most) samples at once is asked for, the batch times M times K; "
          + "\(Int32.max) is the most.")
    }
    let least = estimators.map(\.objective.leastSamples).min() ?? 1
    guard sizes.contains(where: { $0.samples >= least }) else {
      throw arguments.error("the objectives need at least \(least) samples K.")
    }
  }

  /// The number of samples while the number of groups is raised.
  var middle: Int { samples[samples.count / 2] }

  /// The pairs of M and K that are measured.
  private var sizes: [(groups: Int, samples: Int)] {
    samples.map { (groups[0], $0) } + groups.dropFirst().map { ($0, middle) }
  }

  /// The signals of one pair of M and K.
  private typealias Point = (groups: Int, samples: Int, signals: [EstimatorSignal])

  func run() throws -> ExitCode {
    let start = ContinuousClock.now
    let subject = try SignalSubject(arguments, batchSize: batchSize)
    var configuration = SignalConfiguration()
    configuration.batchSize = batchSize
    (configuration.blocks, configuration.drawsPerBlock) = (Self.blocks, drawsPerBlock)
    configuration.binarization = subject.binarization
    configuration.seed = try arguments.seed(default: 0)
    let line = ProgressLine(
      terminal, isQuiet: arguments.has("--quiet") || arguments.has("--json"))
    let device = try Backend.open(arguments)
    let measured = try measure(subject, configuration, device, line)
    line.clear()
    guard let measured else { return .interrupted }
    var report = makeReport(measured, device: device.name)
    report.images = min(batchSize, subject.images.count)
    report.figures = try keepFigures(report)
    report.seconds = (ContinuousClock.now - start) / .seconds(1)
    try arguments.has("--json") ? terminal.json(report) : terminal.output(text(report))
    return .done
  }

  /// Measures every pair; nil if interrupted.
  /// The estimators that a model allows: those that are not asked for by name may be left out.
  private func possible(_ model: Model, _ line: ProgressLine) -> [GradientEstimator] {
    if arguments.string("--objectives") != nil { return estimators }
    return estimators.filter { estimator in
      let samples = estimator.objective.leastSamples
      let step = StepConfiguration(
        batchSize: 1, samples: samples, objective: estimator.objective,
        estimator: estimator.estimator, optimizer: nil)
      do throws(ProgramError) {
        _ = try Step.build(model, step)
        return true
      } catch {
        line.keep("Left out: \(error)")
        return false
      }
    }
  }

  private func measure(
    _ subject: SignalSubject, _ configuration: SignalConfiguration, _ device: any Device,
    _ line: ProgressLine
  ) throws -> [Point]? {
    let start = ContinuousClock.now
    let interrupt = Interrupt()
    let work = Double(sizes.reduce(0) { $0 + $1.groups * $1.samples })
    var configuration = configuration
    var done = 0.0
    var measured: [Point] = []
    let possible = possible(subject.model, line)
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
        line.show(
          "M = \(size.groups), K = \(size.samples)  \(Int(100 * part))%"
            + (part > 0.02 ? "  \(readable(.seconds(left))) left" : ""))
        return !interrupt.isRequested
      }
      guard let signals else { return nil }
      guard signals.allSatisfy({ $0.encoder.isFinite && $0.decoder.isFinite }) else {
        throw CommandError.notFinite("gradient")
      }
      done += share
      measured.append((size.groups, size.samples, signals))
    }
    return measured
  }

  private func makeReport(
    _ measured: [Point], device: String
  ) -> SignalReport {
    var report = SignalReport(draws: drawsPerBlock * Self.blocks, images: 0, device: device)
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
