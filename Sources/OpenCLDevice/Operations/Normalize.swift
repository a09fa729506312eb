import Compute

extension Normalize: KernelFamily {
  static let counts = [
    KernelCount<Normalize>("elements", laidOut: { $1.occupied(by: $0.output) }),
    KernelCount("degree") { $0.degree },
    KernelCount("accumulates") { $0.accumulates ? 1 : 0 },
  ]
  static let constants = [KernelConstants<Normalize>("scale") { $0.scale }]
}
