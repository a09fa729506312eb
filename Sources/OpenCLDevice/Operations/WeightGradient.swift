import Compute

extension WeightGradient: KernelFamily {
  static let counts = [
    KernelCount<WeightGradient>("inputs") { $0.gradient.shape.columns },
    KernelCount("rows") { $0.delta.shape.rows },
    KernelCount("accumulates") { $0.accumulates ? 1 : 0 },
    KernelCount("leaves") { $0.leaves },
    // Whether parameters follow the gradient at once; the launch sequence decides.
    KernelCount("updates") { _ in 0 },
  ]
  var writtenColumns: Int { gradient.shape.rows }
}
