import Artifacts
import Commands
import Compute
import Datasets
import Experiments
import Foundation
import IWAE
import Report

extension Command {
  static let sample = Command(
    name: "sample",
    abstract: "Draw images from a model, as a PNG grid.",
    arguments: [.init("checkpoint", help: "A checkpoint, or a run folder.")],
    options: [
      Option(
        "--label", "class",
        help: "Images of one class, from a model with a condition. (default: a row of each class)")
    ] + pictureOptions("samples.png", "64", seed: "0"),
    examples: [
      Example("iwae-gpu sample runs/iwae", "Draw 100 images"),
      Example("iwae-gpu sample runs/iwae --count 400 --seed 1 --out samples.png", "Draw others"),
    ],
    run: { try runSample($0, $1) })

  static let reconstruct = Command(
    name: "reconstruct",
    abstract: "Show test images above what a model makes of them, as a PNG grid.",
    arguments: [.init("checkpoint", help: "A checkpoint, or a run folder.")],
    options: DataOptions.tested + [
      Option(
        "--as", "class",
        help: "Decode with another label, from a model with a condition. (default: each its own)")
    ] + pictureOptions("reconstructions.png", "16", seed: "the run's, else 0"),
    examples: [
      Example("iwae-gpu reconstruct runs/iwae", "Show test images and what the model makes of them")
    ],
    run: { try runReconstruct($0, $1) })

  private static func pictureOptions(
    _ file: String, _ count: String, seed: String
  ) -> [Option] {
    [
      Option("--out", "file", help: "The picture. (default: \(file) beside the checkpoint)"),
      Option("--count", "count", help: "How many images. (default: \(count))"),
      Option("--width", "pixels", help: "The width of an image, where it is not square."),
      Option("--seed", "seed", help: "The seed of what is drawn. (default: \(seed))"),
    ] + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Print nothing."),
    ]
  }
}

private func runSample(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let count = try arguments.integer("--count", default: 64, maximum: 10_000)
  let seed = try arguments.seed(default: 0)
  let stored = try StoredModel(try arguments.argument("checkpoint"))
  let label = try label("--label", arguments, of: stored.model)
  _ = try Display.figure(arguments)
  let device = try Backend.open(arguments)
  defer { device.close() }
  let generator = Generator(stored.model, parameters: stored.parameters, device: device)
  var columns = Int(Double(count).squareRoot().rounded(.up))
  var labels = label.map { Array(repeating: $0, count: count) }
  if let classes = Picture.classes(stored.model), label == nil {
    columns = (count + classes - 1) / classes
    labels = Picture.labels(stored.model, columns: columns)
    if let text = Picture.labelsText(stored.model), classes != stored.model.condition {
      Display(arguments, terminal).note(["a row is of \(text); '--label' shows any other"])
    }
  }
  let images = try generator.samples(count: labels?.count ?? count, seed: seed, labels: labels)
  return try write(
    images, columns: columns, of: stored,
    height: NamedSet.named(stored.run?.data ?? "")?.height,
    file: "samples.png", by: device, arguments, terminal)
}

/// The class that a flag says; nil where it is absent.
private func label(
  _ flag: String, _ arguments: ParsedArguments, of model: Model
) throws(UsageError) -> Int? {
  guard arguments.string(flag) != nil else { return nil }
  guard let classes = model.condition else {
    throw arguments.error(
      "'\(flag)' needs a model that is told labels, as '--condition' trains one; this one has no "
        + "condition.")
  }
  return try arguments.integer(flag, default: 0, minimum: 0, maximum: classes - 1)
}

private func runReconstruct(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let count = try arguments.integer("--count", default: 16, maximum: 10_000)
  let stored = try StoredModel(try arguments.argument("checkpoint"))
  let seed = try arguments.seed(default: stored.run?.seed ?? 0)
  let label = try label("--as", arguments, of: stored.model)
  _ = try Display.figure(arguments)
  let subject = Subject(
    stored, try DataOptions.test(arguments, stored), limit: count, seed: seed)
  try Display.checkPlace(arguments, of: subject)
  let shown = subject.images
  let originals = (0..<shown.count).map {
    shown.evaluated($0, subject.binarization, seed: seed)
  }
  let device = try Backend.open(arguments)
  defer { device.close() }
  let generator = Generator(stored.model, parameters: stored.parameters, device: device)
  let reconstructions = try generator.reconstructions(
    of: originals, labels: shown.labels,
    as: label.map { Array(repeating: $0, count: originals.count) })
  let columns = min(8, originals.count)
  return try write(
    Picture.pairs(originals, reconstructions, columns: columns), columns: columns, of: stored,
    height: shown.height, file: "reconstructions.png", by: device, arguments, terminal)
}

/// Writes a picture: beside its checkpoint, unless told otherwise.
private func write(
  _ images: [[Float]], columns: Int, of stored: StoredModel, height: Int?, file: String,
  by device: any Device, _ arguments: ParsedArguments, _ terminal: Terminal
) throws -> ExitCode {
  let width = try Picture.width(arguments, stored.model, height: height)
  let folder = RunFolder(containing: stored.path).path
  return try Picture(images: images, columns: columns, of: stored.model, stored.standardization)
    .write(
      to: arguments.string("--out") ?? "\(folder)/\(file)", width: width, by: device, arguments,
      terminal)
}
