import Compute

extension LogSumExp: KernelFamily {
  static let counts = [KernelCount<LogSumExp>("columns") { $0.input.shape.columns }]
}
