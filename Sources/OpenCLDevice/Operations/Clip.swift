import Compute

extension Clip: KernelFamily {
  static let constants = [
    KernelConstants<Clip>("limit") { $0.limit }, KernelConstants("margin") { _ in Clip.margin },
  ]
}
