import Compute

extension AccumulateWeights: KernelFamily {
  static let counts = [
    KernelCount<AccumulateWeights>("samples") {
      $0.logWeights.shape.count / $0.maximum.shape.count
    }
  ]
  static let constants = [
    KernelConstants<AccumulateWeights>("temperature") { $0.temperature },
    KernelConstants("factors", count: maximumCoefficients) {
      padded($0.coefficients.map(\.factor))
    },
    KernelConstants("degrees", count: maximumCoefficients) {
      padded($0.coefficients.map { Float($0.degree) })
    },
  ]

  private static func padded(_ values: [Float]) -> [Float] {
    values + Array(repeating: 0, count: maximumCoefficients - values.count)
  }
}
