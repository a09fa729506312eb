import Compute

extension CaseTable {
  /// Sums over rows into gradients of biases, with no weight's beside them.
  func biasGradientCases() -> [ConformanceCase] {
    let sizes = [
      (1, 1), (2, 3), (7, 93), (16, 16), (17, 17), (25, 32), (51, 50), (64, 64), (65, 65),
      (127, 129), (300, 784), (1000, 33),
    ]
    return sizes.enumerated().flatMap { index, size in
      [
        gradients(size.0, size.1, isScaled: index % 2 == 0),
        gradients(
          size.0, size.1, isScaled: index % 2 == 1, decay: [0, 0.25, 1][index % 3]),
      ]
    }
  }
}
