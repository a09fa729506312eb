import Commands
import Experiments
import Files
import IWAE

extension Command {
  static let evaluate = Command(
    name: "evaluate",
    abstract: "Estimate a model's log-likelihood of test images.",
    arguments: [.init("checkpoint", help: "A checkpoint, or a run folder.")],
    options: DataOptions.tested + [
      Option(
        "--samples", short: "-k", "count",
        help:
          "Samples of each image; a run's evaluation with more is kept instead. (default: 5000)"),
      Option("--limit", "count", help: "Only the first images of the test set."),
      Option("--batch", "count", help: "Images at a time. (default: 20)"),
      Option("--chunk", "count", help: "Samples of each image at a time. (default: 250)"),
      Option(
        "--certify", "nats",
        help:
          "Find the mean of log p(x) to so much on either side, at 95%: with more samples of the images "
          + "that need them, and by annealing where samples will not do. A run's folder keeps what is "
          + "known, to go on from."),
      Option(
        "--budget", "time",
        help: "The time after which nothing more is begun for that, as 90s, 10m or 2h."),
    ] + SeparationWork.options + [
      Option(
        "--per-image", "file",
        help: "Keep log p(x) of each image: as an array (.npy), or with errors, methods and "
          + "Pareto shapes (.json). Of the images of '--against' too, whose array is FILE-others.npy."
      ),
      Option(
        "--seed", "seed", help: "The seed of noise and binarization. (default: the run's, else 0)"),
    ] + Backend.options + OutputFormat.options + [
      Option("--quiet", help: "Show no progress.")
    ],
    examples: [
      Example("iwae-gpu evaluate runs/iwae -k 5000", "Estimate log p(x) of the run's test images"),
      Example(
        "iwae-gpu evaluate runs/iwae --limit 1000 --certify 0.1",
        "To a tenth of a nat, with an interval"),
      Example(
        "iwae-gpu evaluate runs/iwae --limit 1000 --against fashion-mnist",
        "How well log p(x) tells other images"),
      Example(
        "iwae-gpu evaluate runs/iwae --data new.npy --json", "Of other images, for a program"),
    ],
    isForRanks: true,
    run: { try runEvaluate($0, $1) })
}

private func runEvaluate(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let display = try Display(ofTable: arguments, terminal)
  let stored = try StoredModel(try arguments.argument("checkpoint"))
  let samples = try arguments.integer("--samples", default: 5000)
  let limit = try arguments.integer("--limit", default: Int(Int32.max), maximum: Int(Int32.max))
  let perImage = try perImageFile(arguments)
  let certifying = try Certifying(arguments)
  let test = try DataOptions.test(arguments, stored, countsUnits: true)
  display.note(test.notes)
  let separation = try SeparationWork(arguments, stored, display)
  var evaluation = ModelEvaluation(
    stored.model, parameters: stored.parameters,
    images: test.images.subset(0..<min(limit, test.images.count)), activity: test.activity,
    samples: samples, binarization: test.rule.eachPass,
    seed: try arguments.seed(default: stored.run?.seed ?? 0),
    batchSize: try arguments.integer("--batch", default: 20, maximum: 1 << 16),
    chunk: try arguments.integer("--chunk", default: 250, maximum: 1 << 20))
  // An array has no place for shapes, and a certificate finds its own.
  let needsShapes = perImage.map { $0.lowercased().hasSuffix(".json") } == true
  evaluation.findsShapes = needsShapes && certifying == nil
  let certification = certifying.map { certifying in
    Certification(
      Subject(
        stored.model, parameters: stored.parameters, images: evaluation.images,
        binarization: evaluation.binarization, seed: evaluation.seed, name: stored.path),
      width: certifying.width, budget: certifying.budget,
      folder: RunFolder.isFolder(stored.path) ? stored.path : nil)
  }
  if let certification { tell(of: certification, display) }
  let device = try Backend.open(arguments)
  defer { device.close() }
  var images: [CertifiedImage] = []
  let report = try evaluation.run(on: device) {
    display.show($0.text)
  } observe: {
    images = $0
  }
  guard var report else {
    display.line.clear()
    return .interrupted
  }
  report.step = stored.step
  let evaluated = images
  var isStopped = false
  var loss: String?
  if let certification {
    if let outcome = try certification.run(on: device, monitor: display.show) {
      (report.certificate, images) = (outcome.certificate, outcome.images)
      isStopped = outcome.isStopped
      loss = outcome.loss
    } else {
      isStopped = true
    }
  }
  var told: SeparationWork.Found?
  if let separation, !isStopped {
    told = try separation.run(
      evaluation, evaluated, findsShapes: needsShapes, on: device, display)
    report.against = told?.separation
    isStopped = told == nil
  }
  display.line.clear()
  // Whichever of the two fails, the other has the result.
  defer {
    // What a run's folder keeps is of its own test images, as training sees them.
    let countsAlike = (test.activity == nil) == ((stored.run?.activityImages ?? 0) == 0)
    let isOwn =
      !test.areOthers && countsAlike && arguments.given.isDisjoint(with: ["--limit", "--seed"])
    if isOwn, Launch.ranks.isFirst { keep(report, evaluated, of: stored, terminal) }
  }
  try display.result(report, report.text, table: report.table(of: stored.path))
  if let loss { display.warn(["the certificate was not kept. \(loss)"]) }
  if isStopped { display.warn(["it was stopped: this is what was known by then"]) }
  if let perImage, Launch.ranks.isFirst {
    if images.count < evaluation.images.count {
      display.note([
        "'\(perImage)' has the first \(images.count) of \(evaluation.images.count) images"
      ])
    }
    if let told {
      try ImageResults.write(
        ImageResults.Part(images, ratios: told.ratios), others: told.others, to: perImage)
    } else {
      try ImageResults.write(images, to: perImage)
    }
  }
  return isStopped ? .interrupted : .done
}

/// A certificate as it is asked for.
private struct Certifying {
  var width: Double
  var budget: Double?

  /// Nil where none is asked for.
  init?(_ arguments: ParsedArguments) throws {
    if let text = arguments.string("--budget") {
      guard arguments.string("--certify") != nil else {
        throw arguments.error("'--budget' is the time of '--certify', which is not given.")
      }
      guard let seconds = secondCount(text) else {
        throw arguments.error(
          "The value '\(text)' is invalid for '--budget': expected a time, as 90s, 10m or 2h.")
      }
      budget = seconds
    }
    guard arguments.string("--certify") != nil else { return nil }
    if Launch.ranks.count > 1 {
      throw arguments.error("'--certify' is the work of one process; start it without a launcher.")
    }
    width = try arguments.number("--certify", default: 1, in: 1e-4...1e3)
  }
}

/// Says what a run's folder knows already, and what it will not.
private func tell(of certification: Certification, _ display: Display) {
  let known = certification.known
  // Where all is known, there is nothing to find.
  if known?.count != certification.subject.images.count, let obstacle = certification.obstacle {
    display.warn(["the certificate will not be kept unless this changes: \(obstacle)"])
  }
  guard let known else {
    display.warn([
      "'\(certification.file ?? "")' holds nothing to go on from, and is written anew"
    ])
    return
  }
  if !known.isEmpty { display.note(["\(counted(known.count, "image")) known from before"]) }
}

/// The file for what is found of each image; nil where none is asked for.
private func perImageFile(_ arguments: ParsedArguments) throws -> String? {
  guard let file = try Display.file(arguments, "--per-image") else { return nil }
  guard ImageResults.canWrite(file) else {
    throw arguments.error(
      "The value '\(file)' is invalid for '--per-image': expected a name that ends in "
        + "\(ImageResults.endings.joined(separator: " or ")).")
  }
  if arguments.string("--against") != nil {
    let others = ImageResults.othersFile(beside: file)
    _ = try Display.file(arguments.replacing("--per-image", with: others), "--per-image")
  }
  return file
}

/// Keeps an evaluation in its run's folder, unless there is a better one.
private func keep(
  _ report: EvaluationReport, _ images: [CertifiedImage], of stored: StoredModel,
  _ terminal: Terminal
) {
  do {
    if let better = try stored.keep(report, images) {
      terminal.error(
        "Note: '\(onOneLine(better.file))' keeps its evaluation with \(better.samples) samples.")
    }
  } catch {
    terminal.error("Warning: the evaluation was not kept. \(wording(of: error))")
  }
}
