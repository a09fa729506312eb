import Compute
import Foundation

/// log(2 pi) / 2
let halfLogTwoPi = 0.5 * log(2 * Double.pi)

extension ReferenceExecutable {
  func run(_ operation: Gather) {
    let columns = operation.batch.shape.columns
    let order = self[operation.order]
    var batch = self[operation.batch]
    var indices = self[operation.indices]
    let bytes = memory.bytes[operation.source]
    let numbers = memory.values[operation.source]
    for row in 0..<operation.batch.shape.rows {
      let position = Int(control.batchOffset &+ UInt32(row)) % order.count
      let index = min(Int(order[position]), operation.source.shape.rows - 1)
      indices[row] = Double(index)
      let address = NoiseAddress(
        seed: control.seed, purpose: .binarization, time: control.pass, image: UInt32(index))
      for j in 0..<columns {
        let at = index * columns + j
        let raw = bytes.map { Float($0[at]) } ?? numbers.map { Float($0[at]) } ?? 0
        // In single precision, as on every device: a pixel is compared with its threshold.
        let value = raw * operation.scale
        batch[row * columns + j] =
          switch operation.binarization {
          case .none: Double(value)
          case .threshold: value >= 0.5 ? 1 : 0
          case .sample: address.uniform(column: j) < value ? 1 : 0
          }
      }
    }
    self[operation.batch] = batch
    self[operation.indices] = indices
  }

  func run(_ operation: Reparameterize) {
    let (rows, columns) = (operation.sample.shape.rows, operation.sample.shape.columns)
    let mean = self[operation.mean]
    let logSigma = self[operation.logSigma]
    let indices = self[operation.indices]
    let perMean = rows / operation.mean.shape.rows
    let perImage = rows / operation.indices.shape.count
    let drawn = operation.drawn.map { self[$0] }
    var noise = self[operation.noise]
    var sample = self[operation.sample]
    for row in 0..<rows {
      for j in 0..<columns {
        let index = row * columns + j
        if case .addressed(let layer) = operation.source {
          let address = NoiseAddress(
            seed: control.seed, purpose: .latent(layer: layer), time: control.step,
            image: UInt32(indices[row / perImage]),
            sample: control.sampleOffset
              &+ (drawn.map { UInt32($0[row]) } ?? UInt32(truncatingIfNeeded: row % perImage)))
          noise[index] = Double(address.normal(column: j))
        }
        let at = row / perMean * columns + j
        sample[index] = mean[at] + exp(logSigma[at]) * noise[index]
      }
    }
    self[operation.noise] = noise
    self[operation.sample] = sample
  }

  func run(_ operation: LatentTerm) {
    let (rows, columns) = (operation.sample.shape.rows, operation.sample.shape.columns)
    let mean = self[operation.mean]
    let logSigma = self[operation.logSigma]
    let noise = self[operation.noise]
    let sample = self[operation.sample]
    let perMean = rows / operation.mean.shape.rows
    self[operation.term] = (0..<rows).map { row in
      var term = 0.0
      for j in 0..<columns {
        let (e, h) = (noise[row * columns + j], sample[row * columns + j])
        let (m, s) = (mean[row / perMean * columns + j], logSigma[row / perMean * columns + j])
        // -log q(h) = e^2 / 2 + s + log(2 pi) / 2, since (h - m) / exp(s) = e.
        let minusLogPosterior = e * e / 2 + s + halfLogTwoPi
        switch operation.prior {
        case .conditional: term += minusLogPosterior
        case .standardNormal: term += -h * h / 2 - halfLogTwoPi + minusLogPosterior
        case .closedForm: term += (1 + 2 * s - m * m - exp(2 * s)) / 2
        }
      }
      return term
    }
  }

  func run(_ operation: LatentGradient) {
    let (rows, columns) = (operation.sample.shape.rows, operation.sample.shape.columns)
    let gradient = self[operation.decoderGradient]
    let mean = self[operation.mean]
    let logSigma = self[operation.logSigma]
    let noise = self[operation.noise]
    let sample = self[operation.sample]
    let path = operation.path.map { self[$0] }
    let score = operation.score.map { self[$0] }
    let perMean = rows / operation.mean.shape.rows
    let annealing = Double(control.klWeight)
    let zeros = Array(repeating: 0.0, count: rows * columns)
    var flow = (mean: zeros, logSigma: zeros)
    var own = (mean: zeros, logSigma: zeros)
    for row in 0..<rows {
      for j in 0..<columns {
        let index = row * columns + j
        let at = row / perMean * columns + j
        let (e, sigma) = (noise[index], exp(logSigma[at]))
        var g = gradient[index]
        switch operation.prior {
        case .conditional:
          flow.mean[index] = g
          flow.logSigma[index] = g * sigma * e + annealing
        case .standardNormal:
          g -= annealing * sample[index]
          flow.mean[index] = g
          flow.logSigma[index] = g * sigma * e + annealing
        case .closedForm:
          flow.mean[index] = g - annealing * mean[at]
          flow.logSigma[index] = g * sigma * e + annealing * (1 - sigma * sigma)
        }
        guard let path else { continue }
        let both = score.map { path[row] + $0[row] } ?? 0
        own.mean[index] = path[row] * flow.mean[index] + both * annealing * e / sigma
        own.logSigma[index] = path[row] * flow.logSigma[index] + both * annealing * (e * e - 1)
      }
    }
    if let pair = operation.flow {
      self[pair.mean] = flow.mean
      self[pair.logSigma] = flow.logSigma
    }
    if let pair = operation.own {
      self[pair.mean] = own.mean
      self[pair.logSigma] = own.logSigma
    }
  }

  func run(_ operation: SumSamples) {
    let columns = operation.input.shape.columns
    let perOutput = operation.input.shape.rows / operation.output.shape.rows
    let input = self[operation.input]
    var output = start(
      operation.output, accumulates: operation.accumulates, decay: operation.decay)
    for row in 0..<operation.input.shape.rows {
      for j in 0..<columns {
        output[row / perOutput * columns + j] +=
          Double(operation.scale) * input[row * columns + j]
      }
    }
    self[operation.output] = output
  }
}
