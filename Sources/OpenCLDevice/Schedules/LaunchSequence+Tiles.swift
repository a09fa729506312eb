import Compute

/// Tiles: every operation that walks rows is a launch.
extension LaunchSequence {
  mutating func appendTile(_ index: Int) {
    let operation = program.operations[index]
    let units = operation.rows ?? 1
    if case .multiply(let multiply) = operation {
      func tiles(_ count: Int) -> Int { (count + tuning.tile - 1) / tuning.tile }
      launches.append(
        Launch(
          kernel: .product(transposed: multiply.transposed), work: [.operation(index)],
          units: units, unitsPerGroup: 1,
          groups: tiles(units) * tiles(multiply.output.shape.columns),
          localSize: tuning.productGroup))
      return
    }
    let unitsPerGroup = operation.kernelMember.takesRowsByItem ? tuning.groupSize : 1
    let kernel =
      signature(of: index, products: []).map { Kernel.map($0) } ?? .row(operation.family)
    launches.append(
      Launch(
        kernel: kernel, work: [.operation(index)], units: units, unitsPerGroup: unitsPerGroup,
        groups: max(1, (units + unitsPerGroup - 1) / unitsPerGroup), localSize: tuning.groupSize))
  }
}
