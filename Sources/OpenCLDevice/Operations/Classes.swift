import Compute

extension Classes: KernelFamily {
  static let counts = [
    KernelCount<Classes>("result") { $0.result.rawValue },
    KernelCount("variables") { $0.variables },
    KernelCount("count") { $0.count },
  ]
  var writtenColumns: Int { output.shape.columns }
}
