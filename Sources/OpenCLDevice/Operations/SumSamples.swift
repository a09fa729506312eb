import Compute

extension SumSamples: KernelFamily {
  static let counts = [
    KernelCount<SumSamples>("samples") { $0.input.shape.rows / $0.output.shape.rows },
    KernelCount("accumulates") { $0.accumulates ? 1 : 0 },
  ]
  static let constants = [KernelConstants<SumSamples>("scale") { $0.scale }]
  var writtenColumns: Int { output.shape.columns }
}
