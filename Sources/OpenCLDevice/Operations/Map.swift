import Compute

extension Map: KernelFamily {
  /// The operands are the map's own, and all that its kernel reads; the formulas are in its code.
  static let operandNames: [String] = []
  var writtenColumns: Int { columns }
}
