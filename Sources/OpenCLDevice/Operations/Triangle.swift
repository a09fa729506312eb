import Compute

extension Triangle: KernelFamily {
  static let counts = [KernelCount<Triangle>("units") { $0.units }]
  var writtenColumns: Int { output.shape.columns }
}
