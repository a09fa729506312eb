import Compute
import Foundation

/// log(1 + e^x), for large |x| as well.
func logOnePlusExp(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

/// 1 / (1 + e^-x)
func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

extension ReferenceExecutable {
  func run(_ operation: Bernoulli) {
    let (rows, columns) = (operation.logits.shape.rows, operation.logits.shape.columns)
    let logits = self[operation.logits]
    let target = self[operation.target]
    let perTarget = rows / operation.target.shape.rows
    var term = Array(repeating: 0.0, count: rows)
    var delta = Array(repeating: 0.0, count: rows * columns)
    for row in 0..<rows {
      for j in 0..<columns {
        let a = logits[row * columns + j]
        let x = target[row / perTarget * columns + j]
        term[row] += x * a - logOnePlusExp(a)
        delta[row * columns + j] = x - sigmoid(a)
      }
    }
    self[operation.term] = term
    if let tensor = operation.delta { self[tensor] = delta }
  }

  func run(_ operation: Gaussian) {
    let (rows, columns) = (operation.mean.shape.rows, operation.mean.shape.columns)
    let mean = self[operation.mean]
    let logSigma = self[operation.logSigma]
    let target = self[operation.target]
    let perTarget = rows / operation.target.shape.rows
    let weight = operation.isAnnealed ? Double(control.klWeight) : 1
    var term = Array(repeating: 0.0, count: rows)
    var meanDelta = Array(repeating: 0.0, count: rows * columns)
    var logSigmaDelta = meanDelta
    for row in 0..<rows {
      for j in 0..<columns {
        let index = row * columns + j
        let sigma = exp(logSigma[index])
        let z = (target[row / perTarget * columns + j] - mean[index]) / sigma
        term[row] -= z * z / 2 + logSigma[index] + halfLogTwoPi
        meanDelta[index] = weight * z / sigma
        logSigmaDelta[index] = weight * (z * z - 1)
      }
    }
    self[operation.term] = term
    if let tensor = operation.meanDelta { self[tensor] = meanDelta }
    if let tensor = operation.logSigmaDelta { self[tensor] = logSigmaDelta }
    if let tensor = operation.targetDelta { self[tensor] = meanDelta.map { -$0 } }
  }

  func run(_ operation: LogWeight) {
    var output =
      operation.accumulates
      ? self[operation.output] : Array(repeating: 0, count: operation.output.shape.count)
    for term in operation.likelihoods {
      output = zip(output, self[term]).map { $0 + $1 }
    }
    for term in operation.annealed {
      output = zip(output, self[term]).map { $0 + Double(control.klWeight) * $1 }
    }
    self[operation.output] = output
  }
}
