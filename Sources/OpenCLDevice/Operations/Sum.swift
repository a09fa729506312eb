import Compute

extension Sum: KernelFamily {
  static let counts = [
    KernelCount<Sum>("samples") { $0.input.shape.rows / $0.output.shape.rows },
    KernelCount("accumulates") { $0.accumulates ? 1 : 0 },
    KernelCount("outputs") { $0.output.shape.rows },
  ]
  static let constants = [KernelConstants<Sum>("scale") { $0.scale }]
  /// None for vectors, by which the kernel knows them.
  var writtenColumns: Int { output.shape.isVector ? 0 : output.shape.columns }
}
