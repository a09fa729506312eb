// Trains on an array of numbers, evaluates, and keeps the run in a folder.

import Compute
import Datasets
import Experiments
import Foundation
import IWAE
import OpenCLDevice

// 240 rows of 16 numbers: waves of many heights and phases, with noise that row and column address.
let width = 16
let numbers = (0..<240).flatMap { row in
  let noise = NoiseAddress(seed: 1, purpose: .data, image: UInt32(row))
  return (0..<width).map { column -> Float in
    let phase = Float(column) / Float(width) + Float(row) * 0.618
    let height = 1 + 0.5 * sin(Float(row))
    return height * sin(2 * .pi * phase) + 0.1 * noise.normal(column: column)
  }
}
let waves = ImageSet(name: "waves", values: .floats(numbers), width: width)

// The last rows test; of the others some validate, as `split` says.
let source = DataSource(
  "waves",
  ImageCollection(training: waves.subset(0..<200), test: waves.subset(200..<240)))
let model = Model(
  dataSize: width, likelihood: .gaussian,
  encoder: [.init(hidden: [32], latent: 2)], decoder: [.init(hidden: [32])])
let configuration = RunConfiguration(
  data: source.name, split: .count(20), model: model, objective: "iwae", samples: 10, passes: 60,
  learningRate: 0.01, testSamples: 500)

let folder = RunFolder(FileManager.default.temporaryDirectory.path + "/own-array")
let run = try Run(configuration, in: folder, images: RunImages(source, for: configuration))
let device = try OpenCLDevice.open()
let report = try run.train(on: device) { pass in
  if pass.progress.pass % 20 == 0 { print("pass \(pass.progress.pass): bound \(pass.bound)") }
}
if let evaluation = report?.evaluation { print(evaluation.text) }

// The folder is one that `iwae-gpu` knows: `iwae-gpu bounds FOLDER`.
let stored = try StoredModel(folder.path)
print("\(folder.path) holds \(stored.parameters.count) tensors after \(stored.step ?? 0) steps")
device.close()
