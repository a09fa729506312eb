import Compute

extension LogMean: KernelFamily {
  static let counts = [KernelCount<LogMean>("accumulates") { $0.accumulates ? 1 : 0 }]
  static let constants = [
    KernelConstants<LogMean>("temperature") { $0.temperature },
    KernelConstants("count") { Float($0.count) }, KernelConstants("scale") { $0.scale },
  ]
  var takesRowsByItem: Bool { true }
}
