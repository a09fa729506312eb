import Compute

extension Moments: KernelFamily {
  static let counts = [KernelCount<Moments>("depth") { $0.input.shape.rows }]
  var writtenColumns: Int { center.shape.columns }
}
