import Compute
import Datasets
import Foundation
import IWAE

extension Command {
  static let sandwich = Command(
    name: "sandwich",
    abstract: "Bound log p(x) from both sides, and say where the bound's gap comes from.",
    arguments: [
      .init(
        "checkpoint",
        help: "A checkpoint, a run folder, or linear-gaussian: the exact model of that data.")
    ],
    options: [
      DataOptions.option, DataOptions.binarize,
      Option(
        "--limit", "count",
        help: "The first images of the test set, and as many simulated. (default: 40)"),
      Option("--samples", short: "-k", "count", help: "Samples of each image. (default: 5000)"),
      Option(
        "--temperatures", "counts",
        help: "The temperatures between prior and posterior, in runs of their own. "
          + "(default: 10,50,250)"),
      Option("--chains", "count", help: "Chains of each image. (default: 16)"),
      Option("--leapfrogs", "count", help: "Leapfrog steps of a transition. (default: 10)"),
      Option(
        "--fit-steps", "count",
        help: "Steps that fit each image's own posterior in the encoder's place; 0 for none. "
          + "(default: 1000)"),
      Option(
        "--out", "file",
        help: "The figure, there alone. (default: figures/sandwich.svg beside the checkpoint)"),
      Option("--seed", "seed", help: "The seed of everything drawn. (default: the run's, else 0)"),
    ] + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    run: { try SandwichMeasurement($0, $1).run() })
}

/// One invocation of `sandwich`.
private final class SandwichMeasurement {
  private let arguments: ParsedArguments
  private let terminal: Terminal
  private let path: String
  private let model: Model
  private let parameters: [Tensor: [Float]]
  private let images: ImageSet
  private let binarization: Binarization
  private let seed: UInt64
  private let samples: Int
  private let temperatures: [Int]
  private let chains: Int
  private let leapfrogs: Int
  private let fitSteps: Int
  private let out: String?
  private let device: any Device
  private let line: ProgressLine
  private let interrupt = Interrupt()
  private let start = ContinuousClock.now
  /// What is done of `work`.
  private var done = 0.0

  init(_ arguments: ParsedArguments, _ terminal: Terminal) throws {
    (self.arguments, self.terminal) = (arguments, terminal)
    path = try arguments.argument("checkpoint")
    samples = try arguments.integer("--samples", default: 5000, maximum: 1 << 20)
    temperatures = try arguments.integers(
      "--temperatures", default: [10, 50, 250]
    ).sorted()
    chains = try arguments.integer("--chains", default: 16, minimum: 2, maximum: 1 << 12)
    leapfrogs = try arguments.integer("--leapfrogs", default: 10, maximum: 1 << 12)
    fitSteps = try arguments.integer("--fit-steps", default: 1000, minimum: 0, maximum: 1 << 20)
    let limit = try arguments.integer("--limit", default: 40)
    let checkpoint = try Inputs.checkpoint(path, best: true)
    (model, parameters) = (checkpoint.model, checkpoint.parameters)
    try Self.check(model, path)
    let run = try Inputs.configuration(ofRun: path)
    seed = try arguments.seed(default: run?.seed ?? 0)
    let test = try DataOptions.test(arguments, model: model, run: run)
    images = test.images.subset(0..<min(limit, test.images.count))
    binarization = test.rule.eachPass
    line = ProgressLine(terminal, isQuiet: arguments.has("--quiet") || arguments.has("--json"))
    for note in test.notes { line.keep("Note: \(sentence(note))") }
    out = try Inputs.output(arguments)
    device = try Backend.open(arguments)
  }

  /// Refuses a model from which no data or no latents can be drawn by a formula.
  private static func check(_ model: Model, _ path: String) throws {
    if model.likelihood.draw == nil && model.likelihood.support != .counts {
      throw Inputs.bad(path, DensityError.noDraw(likelihood: model.likelihood.name).description)
    }
    if model.prior.sample == nil {
      throw Inputs.bad(
        path,
        "the prior '\(model.prior.name)' has a density but no formula for a sample, which annealing "
          + "starts from. 'iwae-gpu bounds' measures the bound alone.")
    }
  }

  /// What there is to do for an image, in rows that walk through the network one way.
  private var work: Double {
    2 * Double(samples) + fitWork
      + temperatures.reduce(0) { $0 + annealingWork($1, walks: 1) + annealingWork($1, walks: 2) }
  }

  private func annealingWork(_ temperatures: Int, walks: Int) -> Double {
    Double(2 * leapfrogs * chains)
      * Double(annealing(temperatures, .none).transitions(walks: walks))
  }

  private var fitWork: Double { Double(2 * fitSteps) * Double(fitting.samples) }

  func run() throws -> ExitCode {
    let report = try openCLErrors(measure)
    line.clear()
    guard var report else { return .interrupted }
    report.seconds = (ContinuousClock.now - start) / .seconds(1)
    report.figure = try Inputs.keep(report.makeFigure(), of: path, out: out)
    try arguments.has("--json") ? terminal.json(report) : terminal.output(report.text)
    return .done
  }

  /// The test images, as many simulated ones, and the gap; nil if interrupted.
  private func measure() throws -> SandwichReport? {
    guard let test = try sandwich(images, "test images", posterior: nil, binarization) else {
      return nil
    }
    let generator = Generator(model, parameters: parameters, device: device)
    // Another seed than that of the chains, which would start where the images came from.
    let simulation = try generator.simulate(
      count: images.count, seed: seed &+ 1, height: images.height)
    guard
      let simulated = try sandwich(
        simulation.images, "simulated images", posterior: simulation.latents, .none)
    else { return nil }
    var report = SandwichReport(
      test: test, simulated: simulated, images: images.count, samples: samples, chains: chains,
      device: device.name)
    if fitSteps > 0 {
      guard let fitted = try fit() else { return nil }
      report.gap = .init(
        fitted, layers: model.encoder.count, posterior: model.encoder[0].posterior.name,
        logLikelihood: test.exact.map { .init(mean: $0, standardError: 0) } ?? test.best)
    }
    return report
  }

  private func sandwich(
    _ images: ImageSet, _ label: String, posterior: [[Float]]?, _ binarization: Binarization
  ) throws -> SandwichReport.Side? {
    let evaluator = try Evaluator(
      model, parameters: parameters, images: images, device: device, samples: samples,
      binarization: binarization, seed: seed, keepsLogWeights: true)
    var sampled = BoundMean()
    var sampledImages: [Double] = []
    let evaluation = try evaluator.evaluate(
      progress: { done in
        self.show(
          "\(label)  sampling", Double(done) / Double(images.count), of: Double(self.samples))
      },
      observe: {
        sampled.add($0.bound($0.count))
        sampledImages.append($0.logMean)
      })
    guard evaluation != nil else { return nil }
    done += Double(samples)
    guard sampled.mean.isFinite else { throw CommandError.notFinite("log-weight") }
    var side = SandwichReport.Side(importance: .init(sampled))
    if Inputs.isExactModel(path) {
      let density = LinearGaussian()
      side.exact =
        (0..<images.count).reduce(0) { $0 + density.logLikelihood(images.pixels(of: $1)) }
        / Double(images.count)
    }
    var walks: [(temperatures: Int, images: [AnnealedImage])] = []
    for count in temperatures {
      guard let results = try anneal(images, label, count, posterior, binarization) else {
        return nil
      }
      walks.append((count, results))
    }
    side.add(walks, importance: sampledImages)
    return side
  }

  private func anneal(
    _ images: ImageSet, _ label: String, _ count: Int, _ posterior: [[Float]]?,
    _ binarization: Binarization
  ) throws -> [AnnealedImage]? {
    let annealer = try Annealer(
      model, parameters: parameters, images: images, annealing(count, binarization), device: device)
    let work = annealingWork(count, walks: posterior == nil ? 1 : 2)
    let results = try annealer.anneal(posterior: posterior) { share in
      self.show("\(label)  \(count) temperatures", share, of: work)
    }
    done += work
    guard let results else { return nil }
    guard results.allSatisfy({ $0.lower.isFinite && $0.upper?.isFinite != false }) else {
      throw CommandError.notFinite("log-weight")
    }
    return results
  }

  private func annealing(
    _ temperatures: Int, _ binarization: Binarization
  ) -> AnnealingConfiguration {
    var configuration = AnnealingConfiguration()
    (configuration.chains, configuration.temperatures) = (chains, temperatures)
    configuration.leapfrogSteps = leapfrogs
    (configuration.binarization, configuration.seed) = (binarization, seed)
    return configuration
  }

  private func fit() throws -> [FittedImage]? {
    let fit = try PosteriorFit(
      model, parameters: parameters, images: images, fitting, device: device)
    return try fit.fit { share in self.show("fitting posteriors", share, of: self.fitWork) }
  }

  private var fitting: PosteriorFitConfiguration {
    var configuration = PosteriorFitConfiguration()
    configuration.steps = fitSteps
    (configuration.binarization, configuration.seed) = (binarization, seed)
    return configuration
  }

  /// Shows progress; returns whether to go on.
  private func show(_ text: String, _ share: Double, of part: Double) -> Bool {
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    let done = (done + share * part) / work
    let left =
      done > 0.01 ? "  \(readable(.seconds(elapsed * (1 - done) / done))) left over all" : ""
    line.show("\(text)  \(Int(100 * share))%\(left)")
    return !interrupt.isRequested
  }
}
