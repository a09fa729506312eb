import Compute

extension Normalize: KernelFamily {
  static let counts = [
    KernelCount<Normalize>("elements", laidOut: { $1.occupied(by: $0.output) }),
    KernelCount("degree") { $0.degree },
  ]
}
