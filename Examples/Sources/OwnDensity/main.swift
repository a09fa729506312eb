// Models waiting times by a density of one's own: Weibull's, from formulas in Swift.

import Compute
import Foundation
import IWAE
import OpenCLDevice

// log p(x) = log k + (k - 1) log x - k log s - (x / s)^k, of the shape k and the scale s.
let (x, logShape, logScale): (Formula, Formula, Formula) = ("x", "log_shape", "log_scale")
let shape = Formula.exp(logShape)
let relative = Formula.log(x) - logScale
let logDensity = logShape + shape * relative - .log(x) - .exp(shape * relative)
let weibull = try Likelihood(
  "weibull", heads: ["log_scale", "log_shape"], logDensity: logDensity,
  mean: .exp(logScale + .lgamma(1 + 1 / shape)), support: .positive,
  draw: .exp(logScale + .log(-.log("u")) / shape))

// Equal parts are computed once, and derivatives follow from the formula.
let byShape = try logDensity.derivative(by: "log_shape")
let values = ["x": [2.0], "log_shape": [0.0], "log_scale": [0.0]]
let steps = FormulaSteps([logDensity, byShape]).evaluate(count: 1, values)
print("log p(2) of shape 1 and scale 1: \(steps[0][0]), its slope \(steps[1][0])")

// 300 rows of 6 waiting times; the six of a row share a scale.
let times = (0..<300).flatMap { row in
  (0..<6).map { column -> Float in
    let address = NoiseAddress(seed: 1, purpose: .data, image: UInt32(row))
    let draw = pow(-log(Double(address.openUniform(column: column))), 1 / 3.0)
    return Float(exp(sin(Double(row))) * draw)
  }
}
let rows = ImageSet(name: "times", values: .floats(times), width: 6)
let model = Model(
  dataSize: 6, likelihood: weibull, encoder: [.init(hidden: [16], latent: 1)],
  decoder: [.init(hidden: [16])])

let configuration = TrainingConfiguration(
  objective: .iwae, samples: 10, passes: 40, schedule: .cosine(rate: 0.01))
let device = try OpenCLDevice.open()
let trainer = try Trainer(model, configuration, images: rows, device: device)
while !trainer.isDone {
  guard let pass = try trainer.finishPass() else { continue }
  if pass.progress.pass % 10 == 0 { print("pass \(pass.progress.pass): bound \(pass.bound)") }
}
device.close()
