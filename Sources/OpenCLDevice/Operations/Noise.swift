import Compute

extension Noise: KernelFamily {
  static let counts = [
    KernelCount<Noise>("samples") { $0.output.shape.rows / $0.indices.shape.count },
    KernelCount("purpose") { Int($0.purpose.code) },
    KernelCount("distribution") { $0.distribution.rawValue },
  ]
  var writtenColumns: Int { output.shape.columns }
}
