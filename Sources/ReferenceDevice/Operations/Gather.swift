import Compute

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
        // A missing value stays one.
        batch[row * columns + j] =
          switch value.isNaN ? .none : operation.binarization {
          case .none: Double(value)
          case .threshold: value >= 0.5 ? 1 : 0
          case .sample: address.uniform(column: j) < value ? 1 : 0
          }
      }
    }
    self[operation.batch] = batch
    self[operation.indices] = indices
  }
}
