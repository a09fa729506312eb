import Compute
import Foundation

extension ReferenceExecutable {
  func run(_ operation: Classes) {
    let (rows, variables, count) = (
      operation.logits.shape.rows, operation.variables, operation.count
    )
    let sharing = rows / (operation.data?.shape.rows ?? rows)
    let (logits, data) = (self[operation.logits], operation.data.map { self[$0] })
    var output = [Double](repeating: 0, count: operation.output.shape.count)
    for row in 0..<rows {
      for variable in 0..<variables {
        let first = (row * variables + variable) * count
        let values = logits[first..<first + count]
        let largest = values.reduce(-Double.infinity) { $1 > $0 ? $1 : $0 }
        let shares = values.map { exp($0 - largest) }
        let sum = shares.reduce(0, +)
        let x = data?[row / sharing * variables + variable] ?? 0
        switch operation.result {
        case .logDensity where !x.isNaN:
          let logit = (0..<count).first { Double($0) == x }.map { values[first + $0] - largest }
          output[row] += (logit ?? -.infinity) - log(sum)
        case .slope where !x.isNaN:
          for (index, share) in shares.enumerated() {
            output[first + index] = (Double(index) == x ? 1 : 0) - share / sum
          }
        case .logDensity, .slope: break
        case .mean:
          output[row * variables + variable] =
            shares.enumerated().reduce(0) { $0 + Double($1.offset) * $1.element } / sum
        }
      }
    }
    self[operation.output] = output
  }
}
