import Compute

extension Columns: KernelFamily {
  static let counts = [
    KernelCount<Columns>("from") { $0.from },
    KernelCount("count") { $0.count },
    KernelCount("to") { $0.to },
    KernelCount("accumulates") { $0.accumulates ? 1 : 0 },
  ]
  var writtenColumns: Int { output.shape.columns }
}
