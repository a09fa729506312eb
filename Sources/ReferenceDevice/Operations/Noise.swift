import Compute

extension ReferenceExecutable {
  func run(_ operation: Noise) {
    let (rows, columns) = (operation.output.shape.rows, operation.output.shape.columns)
    let indices = self[operation.indices]
    let drawn = operation.drawn.map { self[$0] }
    let perImage = rows / indices.count
    self[operation.output] = (0..<rows).flatMap { row in
      let sample = drawn.map { UInt32($0[row]) } ?? UInt32(truncatingIfNeeded: row % perImage)
      let address = NoiseAddress(
        seed: control.seed, purpose: operation.purpose, time: control.step,
        image: UInt32(indices[row / perImage]), sample: control.sampleOffset &+ sample)
      return (0..<columns).map { column in
        switch operation.distribution {
        case .normal: Double(address.normal(column: column))
        case .uniform: Double(address.openUniform(column: column))
        }
      }
    }
  }
}
