import Compute

extension ReferenceExecutable {
  func run(_ operation: Normalize) {
    let sum = self[operation.sum][0]
    let factor = 1 / (operation.degree == 1 ? sum : sum * sum)
    // No signal is no signal, whatever was summed.
    guard sum != 0, factor != 0 else { return }
    var output = self[operation.output]
    for (index, value) in self[operation.input].enumerated() { output[index] += factor * value }
    self[operation.output] = output
  }
}
