import Compute

extension Multiply: KernelFamily {
  static let counts = [
    KernelCount<Multiply>("depth") { $0.depth },
    KernelCount("accumulates") { $0.accumulates ? 1 : 0 },
    KernelCount("activation") { $0.activation.rawValue },
  ]
  var writtenColumns: Int { output.shape.columns }
}
