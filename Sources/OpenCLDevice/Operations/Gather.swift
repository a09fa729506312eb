import Compute

extension Gather: KernelFamily {
  static let counts = [
    KernelCount<Gather>("source_rows") { $0.source.shape.rows },
    KernelCount("is_bytes") { $0.source.element == .uint8 ? 1 : 0 },
    KernelCount("binarization") { $0.binarization.rawValue },
  ]
  static let constants = [KernelConstants<Gather>("scale") { $0.scale }]
  var writtenColumns: Int { batch.shape.columns }
}
