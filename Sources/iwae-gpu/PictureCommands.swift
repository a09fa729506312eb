import Artifacts
import Compute
import Foundation
import IWAE
import Report

extension Command {
  static let sample = Command(
    name: "sample",
    abstract: "Draw images from a model, as a PNG grid.",
    arguments: [.init("checkpoint", help: "A checkpoint, or a run folder.")],
    options: pictureOptions("samples.png", "64"),
    run: { try runSample($0, $1) })

  static let reconstruct = Command(
    name: "reconstruct",
    abstract: "Show test images above what a model makes of them, as a PNG grid.",
    arguments: [.init("checkpoint", help: "A checkpoint, or a run folder.")],
    options: [DataOptions.option, DataOptions.binarize]
      + pictureOptions("reconstructions.png", "16"),
    run: { try runReconstruct($0, $1) })

  private static func pictureOptions(_ file: String, _ count: String) -> [Option] {
    [
      Option("--out", "file", help: "The picture. (default: \(file) beside the checkpoint)"),
      Option("--count", "count", help: "How many images. (default: \(count))"),
      Option("--width", "pixels", help: "The width of an image, where it is not square."),
      Option("--seed", "seed", help: "The seed of what is drawn. (default: 0)"),
    ] + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Print nothing."),
    ]
  }
}

/// What `--json` prints.
private struct PictureReport: Encodable {
  var out: String
  var images: Int
  var width: Int
  var height: Int
}

private func runSample(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let path = try arguments.argument("checkpoint")
  let count = try arguments.integer("--count", default: 64, maximum: 10_000)
  let seed = try arguments.seed(default: 0)
  let checkpoint = try Inputs.checkpoint(path, best: true)
  let generator = Generator(
    checkpoint.model, parameters: checkpoint.parameters, device: try Backend.open(arguments))
  let images = try openCLErrors { try generator.samples(count: count, seed: seed) }
  let columns = Int(Double(count).squareRoot().rounded(.up))
  return try write(
    images, columns: columns, model: checkpoint.model, file: "samples.png", path, arguments,
    terminal)
}

private func runReconstruct(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let path = try arguments.argument("checkpoint")
  let count = try arguments.integer("--count", default: 16, maximum: 10_000)
  let seed = try arguments.seed(default: 0)
  let checkpoint = try Inputs.checkpoint(path, best: true)
  let run = try Inputs.configuration(ofRun: path)
  let name = arguments.string("--data") ?? run?.data ?? "strokes"
  let test = try DataOptions.split(name).test
  try DataOptions.check(test, checkpoint.model, name)
  let originals = (0..<min(count, test.count)).map { index in
    let pixels = test.pixels(of: index)
    guard checkpoint.model.likelihood == .bernoulli else { return pixels }
    let address = NoiseAddress(seed: seed, purpose: .binarization, image: UInt32(index))
    return pixels.enumerated().map { column, pixel -> Float in
      switch binarization(arguments.string("--binarize") ?? run?.binarize) {
      case .none: pixel
      case .threshold: pixel >= 0.5 ? 1 : 0
      case .sample: address.uniform(column: column) < pixel ? 1 : 0
      }
    }
  }
  let generator = Generator(
    checkpoint.model, parameters: checkpoint.parameters, device: try Backend.open(arguments))
  let reconstructions = try openCLErrors { try generator.reconstructions(of: originals) }
  // Rows of originals alternate with rows of reconstructions.
  let columns = min(8, originals.count)
  let blank = [Float](repeating: 0.35, count: checkpoint.model.dataSize)
  var images: [[Float]] = []
  for start in stride(from: 0, to: originals.count, by: columns) {
    for source in [originals, reconstructions] {
      let row = source[start..<min(start + columns, source.count)]
      images += row + Array(repeating: blank, count: columns - row.count)
    }
  }
  return try write(
    images, columns: columns, model: checkpoint.model, file: "reconstructions.png", path, arguments,
    terminal)
}

private func write(
  _ images: [[Float]], columns: Int, model: Model, file: String, _ path: String,
  _ arguments: ParsedArguments, _ terminal: Terminal
) throws -> ExitCode {
  let side = Int(Double(model.dataSize).squareRoot().rounded())
  let natural = side * side == model.dataSize ? side : model.dataSize
  let width = try arguments.integer("--width", default: natural, maximum: model.dataSize)
  guard model.dataSize % width == 0 else {
    throw arguments.error(
      "The value '\(width)' is invalid for '--width': \(model.dataSize) values do not make whole "
        + "rows of it.")
  }
  // Gaussian means may lie anywhere: show them between their least and their largest.
  var shown = images
  if model.likelihood == .gaussian {
    let all = images.joined()
    let (low, high) = (all.min() ?? 0, all.max() ?? 1)
    shown = images.map { $0.map { ($0 - low) / max(high - low, 1e-6) } }
  }
  let grid = ImageGrid(shown, imageWidth: width, columns: columns)
  var isFolder: ObjCBool = false
  let isRun = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
  let folder =
    isRun && isFolder.boolValue
    ? path : URL(fileURLWithPath: path).deletingLastPathComponent().relativePath
  let out = arguments.string("--out") ?? folder + "/" + file
  try Inputs.write(
    try Inputs.wrap { () throws(FileAccessError) in try grid.png() }, to: out)
  if arguments.has("--json") {
    try terminal.json(
      PictureReport(out: out, images: images.count, width: grid.width, height: grid.height))
  } else if !arguments.has("--quiet") {
    try terminal.output("\(images.count) images in \(out)")
  }
  return .done
}
