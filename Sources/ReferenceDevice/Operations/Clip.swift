import Compute

extension ReferenceExecutable {
  func run(_ operation: Clip) {
    let gradients = memory.tensors.filter { $0.role == .parameter }
      .map { $0.counterpart(.gradient) }
    let squares = gradients.reduce(0) { $0 + self[$1].reduce(0) { $0 + $1 * $1 } }
    let norm = squares.squareRoot()
    self[operation.norms] = [norm] + Array(repeating: 0, count: Clip.parts - 1)
    let factor = Double(operation.limit) / (norm + Double(Clip.margin))
    // Of a norm that is no number, gradients become none.
    if factor >= 1 { return }
    for gradient in gradients { self[gradient] = self[gradient].map { $0 * factor } }
  }
}
