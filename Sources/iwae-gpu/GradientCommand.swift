import Artifacts
import Commands
import Compute
import Files
import Foundation
import IWAE

extension Command {
  static let gradient = Command(
    name: "gradient",
    abstract: "Compute an objective's gradient on one batch with given noise.",
    arguments: [.init("checkpoint", help: "The model's parameters, a safetensors file.")],
    options: [
      Option("--data", "file", help: "The batch: an .npy array (B, D), taken as it is."),
      DataOptions.labels,
      Option(
        "--noise", "file",
        help: "The noise: a safetensors file with noise.0 (B, M*K, latents) and so on."),
      Option("--out", "file", help: "Where the gradient goes, a safetensors file."),
    ] + StepOptions.objective + Backend.options + [
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Print nothing."),
    ],
    examples: [
      Example(
        "iwae-gpu gradient model.safetensors --data batch.npy --noise noise.safetensors --out gradients.safetensors",
        "Compute the gradients of a given batch with given noise")
    ],
    run: { try runGradient($0, $1) })
}

/// The object that `--json` prints.
private struct GradientReport: Encodable {
  var bound: Double
  var images: Int
  var groups: Int
  var samples: Int
  var backend: String
  var device: String
  var out: String
}

private func runGradient(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let path = try arguments.argument("checkpoint")
  let dataPath = try arguments.required("--data")
  let noisePath = try arguments.required("--noise")
  let outPath = try arguments.required("--out")
  _ = try Display.file(arguments)
  let checkpoint = try Checkpoint(at: path)
  let model = checkpoint.model
  if model.condition == nil, arguments.string("--labels") != nil {
    throw arguments.error(
      "'--labels' tells a model with a condition each image's label; this one has none. Leave it out."
    )
  }
  let images = try Inputs.batch(dataPath, labels: arguments.string("--labels"), for: model)
  let batch = images.count
  var configuration = try StepOptions.settings(arguments, batch: batch, samples: 1)
    .step(from: .uploaded(hasMissing: images.hasMissing))
  if configuration.estimator == .auto {
    throw arguments.error(
      "'--estimator auto' learns from earlier steps, and here is one alone. Please provide standard, stl "
        + "or dreg.")
  }
  configuration.noiseIsGiven = true
  configuration.optimizer = nil

  let step = try Step.build(model, configuration)
  let noise = try Inputs.noise(noisePath, for: step.noise, batch: batch)
  let device = try Backend.open(arguments)
  defer { device.close() }
  let memory = try device.allocate(model.parameters)
  for (parameter, values) in checkpoint.parameters {
    try memory.upload(values, to: parameter)
  }
  let executable = try device.compile(step.program, on: memory)
  if let tensor = step.images {
    try executable.upload((0..<batch).flatMap { images.pixels(of: $0) }, to: tensor)
  }
  if let tensor = step.labels {
    let rows = try model.labelRows(images.labels, rows: batch)
    try executable.upload(rows.map(Float.init), to: tensor)
  }
  if let tensor = step.indices {
    try executable.upload(.words((0..<batch).map { UInt32($0) }), to: tensor)
  }
  for (tensor, values) in zip(step.noise, noise) { try executable.upload(values, to: tensor) }
  try executable.run(Control())

  var entries: [String: Safetensors.Entry] = [:]
  func read(_ tensor: Tensor, as name: String, _ shape: [Int]) throws(DeviceError) {
    entries[name] = .init(shape: shape, values: .float32(try executable.floats(tensor)))
  }
  try read(step.bound, as: "bound", [1])
  try read(step.bounds, as: "image_bounds", [batch])
  try read(
    step.logWeights, as: "log_weights", [batch, configuration.groups, configuration.samples])
  for parameter in model.parameters {
    try read(
      parameter.counterpart(.gradient), as: "gradient.\(parameter.name)",
      parameter.shape.dimensions)
  }
  let result = Safetensors(entries: entries)
  try Files.write(result.data, to: outPath)
  let report = GradientReport(
    bound: result.entries["bound"]?.values.doubles.first ?? .nan, images: batch,
    groups: configuration.groups, samples: configuration.samples, backend: device.backend,
    device: device.name, out: outPath)
  if arguments.has("--json") {
    try terminal.json(report)
  } else if !arguments.has("--quiet") {
    try terminal.output(
      "bound \(report.bound) over \(batch) images; gradient in \(onOneLine(outPath))")
  }
  return .done
}
