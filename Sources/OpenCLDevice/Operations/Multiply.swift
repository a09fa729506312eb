import Compute

extension Multiply: KernelFamily {
  static let counts = [
    KernelCount<Multiply>("depth") { $0.depth },
    KernelCount("form") { $0.form },
  ]
  var writtenColumns: Int { output.shape.columns }

  /// What a kernel does beside adding up products, as a number. Walks in tiles are compiled for each.
  var form: Int {
    let parts = [transposed, bias != nil, derivativeAt != nil, accumulates]
    return zip(Self.formParts, parts).reduce(activation.rawValue) {
      $0 + ($1.1 ? $1.0.value : 0)
    }
  }

  /// The bits of a form above the activation's, by the names that kernels know. The activation has a byte:
  /// compilers make a number of four bits of one that takes four, and oclgrind knows none.
  static let formParts = [
    (name: "TRANSPOSED", value: 256), (name: "BIAS", value: 512), (name: "DERIVATIVE", value: 1024),
    (name: "ACCUMULATES", value: 2048),
  ]
}
