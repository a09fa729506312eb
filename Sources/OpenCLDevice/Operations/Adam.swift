import Compute

extension Adam: KernelFamily {
  static let constants = [
    KernelConstants<Adam>("first_share") { 1 - $0.beta1 },
    KernelConstants("second_share") { 1 - $0.beta2 }, KernelConstants("epsilon") { $0.epsilon },
    KernelConstants("is_delayed") { $0.isDelayed ? 1 : 0 },
    KernelConstants("averages") { $0.averageDecay == nil ? 0 : 1 },
    KernelConstants("average_share") { Float(1 - ($0.averageDecay ?? 0)) },
  ]
}
