import Compute

extension Multiply: KernelFamily {
  static let counts = [
    KernelCount<Multiply>("depth") { $0.depth },
    KernelCount("accumulates") { $0.accumulates ? 1 : 0 },
    KernelCount("activation") { $0.activation.rawValue },
    KernelCount("is_transposed") { $0.transposed ? 1 : 0 },
  ]
  var writtenColumns: Int { output.shape.columns }
}
