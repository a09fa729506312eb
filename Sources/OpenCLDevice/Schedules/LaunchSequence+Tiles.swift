import Compute

/// Tiles: every operation is a launch.
extension LaunchSequence {
  mutating func appendTile(_ index: Int) {
    let operation = program.operations[index]
    switch operation {
    case .multiply(let multiply):
      let shape = multiply.output.shape
      appendProduct(
        index, rows: shape.rows, columns: shape.columns,
        multiply.transposed ? .transposed : .forward)
    case .weightGradient(let weightGradient) where weightGradient.input != nil:
      let shape = weightGradient.gradient.shape
      appendProduct(index, rows: shape.rows, columns: shape.columns, .gradient)
    case .weightGradient(let biasGradient):
      appendRows(
        index, units: biasGradient.gradient.shape.count, unitsPerGroup: tuning.groupSize)
    case .adam: appendRows(index, units: arenaUnits, unitsPerGroup: tuning.groupSize * 4)
    case .normalize(let normalize):
      appendRows(
        index, units: Schedule.tiles.occupied(by: normalize.output),
        unitsPerGroup: tuning.groupSize * 4)
    default:
      appendRows(
        index, unitsPerGroup: operation.kernelMember.takesRowsByItem ? tuning.groupSize : 1)
    }
  }

  private mutating func appendRows(
    _ index: Int, units: Int? = nil, unitsPerGroup: Int = 1
  ) {
    let units = units ?? program.operations[index].rows ?? 1
    let kernel =
      signature(of: index, products: []).map { Kernel.map($0) }
      ?? .row(program.operations[index].family)
    launches.append(
      Launch(
        kernel: kernel, work: [.operation(index)], units: units, unitsPerGroup: unitsPerGroup,
        groups: max(1, (units + unitsPerGroup - 1) / unitsPerGroup),
        localSize: tuning.groupSize))
  }

  private mutating func appendProduct(_ index: Int, rows: Int, columns: Int, _ product: Product) {
    func tiles(_ count: Int) -> Int { (count + tuning.tile - 1) / tuning.tile }
    launches.append(
      Launch(
        kernel: .product, work: [.operation(index)], units: rows, unitsPerGroup: product.rawValue,
        groups: tiles(rows) * tiles(columns), localSize: tuning.productGroup))
  }
}
