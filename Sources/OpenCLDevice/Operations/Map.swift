import Compute

extension Map {
  /// A map's operands are all that its kernel reads; the formulas are in its code.
  func fill(_ descriptor: inout Descriptor) { descriptor.columns = columns }
}
