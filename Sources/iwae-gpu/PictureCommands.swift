import Artifacts
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
    options: pictureOptions("samples.png", "64", seed: "0"),
    run: { try runSample($0, $1) })

  static let reconstruct = Command(
    name: "reconstruct",
    abstract: "Show test images above what a model makes of them, as a PNG grid.",
    arguments: [.init("checkpoint", help: "A checkpoint, or a run folder.")],
    options: [DataOptions.option, DataOptions.binarize]
      + pictureOptions("reconstructions.png", "16", seed: "the run's, else 0"),
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
  let path = try arguments.argument("checkpoint")
  let count = try arguments.integer("--count", default: 64, maximum: 10_000)
  let seed = try arguments.seed(default: 0)
  let stored = try StoredModel(path)
  let device = try Backend.open(arguments)
  defer { device.close() }
  let generator = Generator(stored.model, parameters: stored.parameters, device: device)
  let images = try generator.samples(count: count, seed: seed)
  let columns = Int(Double(count).squareRoot().rounded(.up))
  return try write(
    images, columns: columns, model: stored.model,
    height: NamedSet.named(stored.run?.data ?? "")?.height,
    file: "samples.png", path, arguments, terminal)
}

private func runReconstruct(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let path = try arguments.argument("checkpoint")
  let count = try arguments.integer("--count", default: 16, maximum: 10_000)
  let stored = try StoredModel(path)
  let seed = try arguments.seed(default: stored.run?.seed ?? 0)
  let test = try DataOptions.test(arguments, stored)
  let originals = (0..<min(count, test.images.count)).map {
    test.images.evaluated($0, test.rule.eachPass, seed: seed)
  }
  let device = try Backend.open(arguments)
  defer { device.close() }
  let generator = Generator(stored.model, parameters: stored.parameters, device: device)
  let reconstructions = try generator.reconstructions(of: originals)
  let columns = min(8, originals.count)
  let images = Picture.pairs(originals, reconstructions, columns: columns)
  return try write(
    images, columns: columns, model: stored.model, height: test.images.height,
    file: "reconstructions.png", path, arguments, terminal)
}

/// Writes a picture: beside its checkpoint, unless told otherwise.
private func write(
  _ images: [[Float]], columns: Int, model: Model, height: Int?, file: String, _ path: String,
  _ arguments: ParsedArguments, _ terminal: Terminal
) throws -> ExitCode {
  let width = try Picture.width(arguments, model, height: height)
  return try Picture(images: images, columns: columns, isScaled: Picture.isScaled(model))
    .write(
      to: arguments.string("--out") ?? "\(RunFolder(containing: path).path)/\(file)", width: width,
      arguments, terminal)
}
