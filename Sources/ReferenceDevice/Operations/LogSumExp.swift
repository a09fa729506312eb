import Compute
import Foundation

extension ReferenceExecutable {
  func run(_ operation: LogSumExp) {
    let columns = operation.input.shape.columns
    let input = self[operation.input]
    self[operation.output] = (0..<operation.output.shape.count).map { row in
      let values = input[row * columns..<(row + 1) * columns]
      let largest = values.reduce(-Double.infinity) { $1 > $0 ? $1 : $0 }
      let shift = largest.isFinite ? largest : 0
      return shift + log(values.reduce(0) { $0 + exp($1 - shift) })
    }
  }
}
