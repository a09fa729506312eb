import Compute

extension Sum: KernelFamily {
  static let counts = [
    KernelCount<Sum>("values") { $0.input.shape.count / $0.output.shape.count },
    KernelCount("accumulates") { $0.accumulates ? 1 : 0 },
  ]
  static let constants = [KernelConstants<Sum>("scale") { $0.scale }]
}
