import Compute

extension RowMaximum: KernelFamily {
  static let counts = [KernelCount<RowMaximum>("columns") { $0.input.shape.columns }]
}
