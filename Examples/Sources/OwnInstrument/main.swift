// Measures how the weights of an image's samples spread, by the number of samples: an instrument of
// one's own on the log-weights that an evaluator keeps.

import Datasets
import Foundation
import IWAE
import OpenCLDevice

let device = try OpenCLDevice.open()
let digits = Strokes().images(count: 450, seed: 1)
let model = Model(
  dataSize: digits.width, encoder: [.init(hidden: [64], latent: 8)],
  decoder: [.init(hidden: [64])])
let configuration = TrainingConfiguration(
  objective: .iwae, samples: 10, passes: 5, schedule: .cosine(rate: 0.004))
let trainer = try Trainer(model, configuration, images: digits.subset(0..<400), device: device)
while !trainer.isDone { _ = try trainer.finishPass() }

/// The entropy of the normalised weights over its largest value, log k: 1 where all are alike, 0
/// where one has everything.
func evenness(_ logWeights: some Collection<Double>) -> Double {
  let largest = logWeights.max() ?? 0
  let weights = logWeights.map { exp($0 - largest) }
  let sum = weights.reduce(0, +)
  let entropy = weights.reduce(0) { $1 > 0 ? $0 - $1 / sum * log($1 / sum) : $0 }
  return entropy / log(Double(weights.count))
}

let sizes = [2, 10, 50, 250, 1000]
var sums = [Double](repeating: 0, count: sizes.count)
var shapes: [Double] = []
let evaluator = try Evaluator(
  model, parameters: trainer.state(), images: digits.subset(400..<450), device: device,
  samples: 1000)
let evaluation = try evaluator.evaluate(observe: { logWeights in
  for (index, k) in sizes.enumerated() {
    sums[index] += evenness(logWeights.relativeToMean.prefix(k))
  }
  if let shape = logWeights.paretoShape { shapes.append(shape) }
})

print("     k   evenness of the weights, 0 to 1")
for (k, sum) in zip(sizes, sums) { print(String(format: "%6d   %.3f", k, sum / 50)) }
print("Pareto shape above 0.7 for \(shapes.count { $0 > 0.7 }) of \(shapes.count) images")
if let evaluation { print("NLL \(evaluation.nll)") }
device.close()
