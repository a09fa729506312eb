import Compute
import Foundation

/// Transitions of Hamiltonian dynamics.
extension ReferenceExecutable {
  func run(_ operation: Leapfrog) {
    let (rows, columns) = (operation.momentum.shape.rows, operation.momentum.shape.columns)
    let perImage = rows / operation.stepSizes.shape.count
    let gradient = self[operation.gradient]
    let stepSizes = self[operation.stepSizes]
    var momentum = self[operation.momentum]
    var position = operation.position.map { self[$0] }
    for row in 0..<rows {
      let step = stepSizes[row / perImage]
      for index in row * columns..<(row + 1) * columns {
        momentum[index] += step / 2 * Double(control.densityScale) * gradient[index]
        position?[index] += step * momentum[index]
      }
    }
    self[operation.momentum] = momentum
    if let tensor = operation.position, let position { self[tensor] = position }
  }

  func run(_ operation: Accept) {
    let perImage = operation.accepted.shape.count / operation.indices.shape.count
    let indices = self[operation.indices]
    func change(_ tensor: KeyPath<Accept.End, Tensor>) -> [Double] {
      let before = self[operation.before[keyPath: tensor]]
      return zip(self[operation.after[keyPath: tensor]], before).map { $0 - $1 }
    }
    self[operation.accepted] = zip(change(\.density), change(\.momentumDensity)).enumerated().map {
      row, changes in
      let address = NoiseAddress(
        seed: control.seed, purpose: .acceptance, time: control.step,
        image: UInt32(indices[row / perImage]),
        sample: control.sampleOffset &+ UInt32(truncatingIfNeeded: row % perImage))
      let ratio = Double(control.densityScale) * changes.0 + changes.1
      // Whatever is compared with NaN is not smaller.
      return Double(address.uniform(column: 0)) < exp(ratio > 0 ? 0 : ratio) ? 1 : 0
    }
  }

  func run(_ operation: Select) {
    let columns = operation.output.shape.columns
    let input = self[operation.input]
    var output = self[operation.output]
    for (row, choice) in self[operation.choice].enumerated() where choice != 0 {
      for index in row * columns..<(row + 1) * columns { output[index] = input[index] }
    }
    self[operation.output] = output
  }
}
