// Trains with an objective that the library does not have, and with the one that it differs from.

import Compute
import Datasets
import IWAE
import OpenCLDevice

/// The decoder ascends the bound of all M * K samples. The encoder ascends the Rényi bound of order
/// one half: its weights are square roots of the decoder's, normalised, so that no sample has them
/// all.
let flattened = Objective.custom(name: "flattened") { groups, samples in
  let flat = CoefficientRule(temperature: 0.5, linear: 1)
  return EstimatorRule(
    bound: BoundRule(), encoderBound: BoundRule(temperature: 0.5),
    decoder: CoefficientRule(linear: 1), path: flat, score: -flat)
}

let device = try OpenCLDevice.open()
let digits = Strokes().images(count: 500, seed: 1)
let model = Model(
  dataSize: digits.width, encoder: [.init(hidden: [64], latent: 8)],
  decoder: [.init(hidden: [64])])

for objective in [Objective.iwae, flattened] {
  let configuration = TrainingConfiguration(
    objective: objective, samples: 10, passes: 10, schedule: .cosine(rate: 0.004))
  let trainer = try Trainer(
    model, configuration, images: digits.subset(0..<400), device: device)
  while !trainer.isDone { _ = try trainer.finishPass() }
  let evaluator = try Evaluator(
    model, parameters: trainer.state(), images: digits.subset(400..<500), device: device,
    samples: 250)
  guard let result = try evaluator.evaluate() else { continue }
  print("\(objective.name): NLL \(result.nll), \(result.effectiveSampleSize) effective samples")
}
device.close()
