import Compute

extension ReferenceExecutable {
  func run(_ operation: Normalize) {
    let sum = operation.sum.map { self[$0][0] } ?? 1
    let normaliser = sum == 0 ? 0 : 1 / (operation.degree == 1 ? sum : sum * sum)
    let factor = Double(operation.scale) * normaliser
    var output = start(operation.output, accumulates: operation.accumulates, decay: nil)
    // No signal is no signal, whatever was summed.
    if factor != 0 {
      for (index, value) in self[operation.input].enumerated() { output[index] += factor * value }
    }
    self[operation.output] = output
  }
}
