import Artifacts
import Commands
import Compute
import Datasets
import Experiments
import Files
import Foundation
import IWAE

extension Command {
  static let export = Command(
    name: "export",
    abstract: "Write a model as ONNX graphs, or what it makes of images as NumPy arrays.",
    arguments: [.init("checkpoint", help: "A checkpoint, or a run folder.")],
    options: [
      Option(
        "--onnx", "folder",
        help: "Write encoder.onnx and decoder.onnx there; of a model of standardized data, also "
          + "data.mean.npy and data.deviation.npy."),
      Option(
        "--arrays", "folder",
        help: "Write images, their latents and their reconstructions there."),
      Option("--draw", help: "Draw latents from the posterior; else they are its centres."),
    ] + DataOptions.tested + [
      Option(
        "--part", "name", choices: DataPart.allCases.map(\.rawValue),
        help: "The part of the run's own data, or of a set's, for '--arrays'. (default: test)"),
      Option("--limit", "count", help: "Only the first images of the test set."),
      Option(
        "--seed", "seed", help: "The seed of noise and binarization. (default: the run's, else 0)"),
    ] + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Print nothing."),
    ],
    examples: [
      Example("iwae-gpu export runs/iwae --onnx onnx", "Write ONNX graphs"),
      Example(
        "iwae-gpu export runs/iwae --arrays arrays", "Write latents and reconstructions for NumPy"),
    ],
    run: { try runExport($0, $1) })
}

private struct ExportReport: Encodable {
  var files: [String]
  var images: Int?
  /// Absent where nothing was computed.
  var backend: String?
  var device: String?
}

private func runExport(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let path = try arguments.argument("checkpoint")
  let graphs = arguments.string("--onnx")
  let arrays = arguments.string("--arrays")
  guard graphs ?? arrays != nil else {
    throw arguments.error("Missing what to write: '--onnx <folder>' or '--arrays <folder>'.")
  }
  let stored = try StoredModel(path)
  var report = ExportReport(files: [])
  if let graphs {
    let model = try ONNXModel(stored.model, parameters: stored.parameters)
    try FileCalls.makeFolder(graphs)
    for (name, data) in [("encoder", model.encoder), ("decoder", model.decoder)] {
      try Files.write(data, to: "\(graphs)/\(name).onnx")
      report.files.append("\(graphs)/\(name).onnx")
    }
    if let standardization = stored.standardization {
      // What stands between the data and the graphs.
      for (name, values) in [
        ("data.mean", standardization.mean), ("data.deviation", standardization.deviation),
      ] {
        let array = NumberArray(shape: [values.count], values: .floats(values))
        try writeArray(array, name, to: graphs, &report)
      }
    }
  }
  if let arrays {
    try exportArrays(stored, to: arrays, arguments, &report)
  }
  if arguments.has("--json") {
    try terminal.json(report)
  } else if !arguments.has("--quiet") {
    try terminal.output(report.files.map(onOneLine).joined(separator: "\n"))
  }
  return .done
}

private func exportArrays(
  _ stored: StoredModel, to folder: String, _ arguments: ParsedArguments,
  _ report: inout ExportReport
) throws {
  let limit = try arguments.integer("--limit", default: Int(Int32.max), maximum: Int(Int32.max))
  let seed = try arguments.seed(default: stored.run?.seed ?? 0)
  let test = try DataOptions.test(arguments, stored)
  let images = test.images.subset(0..<min(limit, test.images.count))
  let pixels = (0..<images.count).map { images.evaluated($0, test.rule.eachPass, seed: seed) }
  let device = try Backend.open(arguments)
  defer { device.close() }
  let generator = Generator(stored.model, parameters: stored.parameters, device: device)
  let encoding = try generator.encode(
    pixels, labels: images.labels, seed: arguments.has("--draw") ? seed : nil)
  try FileCalls.makeFolder(folder)
  func write(_ values: [Float], _ shape: [Int], _ name: String) throws {
    try writeArray(
      NumberArray(shape: shape, values: .floats(values)), name, to: folder, &report)
  }
  // As many sizes as the images came with.
  let sides = images.height.map { [$0, images.width / $0] } ?? [images.width]
  func restored(_ values: [Float]) -> [Float] {
    stored.standardization?.restored(values) ?? values
  }
  try write(restored(pixels.flatMap(\.self)), [images.count] + sides, "images")
  try write(restored(encoding.reconstructions), [images.count] + sides, "reconstructions")
  // Arrays are called as the encoder's graph calls them.
  let encoder = try EncoderProgram(stored.model, rows: 1)
  for (layer, size) in stored.model.encoder.map(\.latent).enumerated() {
    for (head, values) in zip(encoder.layers[layer].heads, encoding.heads[layer]) {
      try write(values, [images.count, head.shape.columns], head.name)
    }
    let shape = [images.count, size]
    try write(encoding.latents[layer], shape, "latent.\(layer)")
    try write(encoding.noise[layer], shape, "noise.\(layer)")
  }
  if let labels = images.labels {
    let rows = try stored.model.labelRows(labels, rows: images.count).map(Float.init)
    // A model without labels has no graph that takes them.
    let classes = rows.isEmpty ? [] : [rows.count / images.count]
    // The graphs take them as rows of numbers.
    let array = NumberArray(
      shape: [images.count] + classes,
      values: rows.isEmpty && labels.allSatisfy { $0 < 256 }
        ? .bytes(labels.map { UInt8($0) }) : .floats(rows.isEmpty ? labels.map(Float.init) : rows))
    try writeArray(array, "labels", to: folder, &report)
  }
  report.images = images.count
  (report.backend, report.device) = (device.backend, device.name)
}

/// Writes an array as a file of its name.
private func writeArray(
  _ array: NumberArray, _ name: String, to folder: String, _ report: inout ExportReport
) throws {
  try Files.write(array.numPy, to: "\(folder)/\(name).npy")
  report.files.append("\(folder)/\(name).npy")
}
