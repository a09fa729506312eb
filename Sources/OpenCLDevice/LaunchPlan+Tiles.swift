import Compute

/// Tiles: every operation is a launch.
extension LaunchPlan {
  mutating func appendTile(_ index: Int) {
    let operation = program.operations[index]
    switch operation {
    case .multiply(let multiply):
      let shape = multiply.output.shape
      appendProduct(
        index, rows: shape.rows, columns: shape.columns, product: multiply.transposed ? 1 : 0)
    case .weightGradient(let weightGradient):
      let shape = weightGradient.gradient.shape
      appendProduct(index, rows: shape.rows, columns: shape.columns, product: 2)
    case .biasGradient(let biasGradient):
      appendRows(
        index, "bias_gradient", units: biasGradient.gradient.shape.count,
        unitsPerGroup: tuning.groupSize)
    case .adam:
      appendRows(index, "adam", units: arenaUnits, unitsPerGroup: tuning.groupSize * 4)
    case .gather: appendRows(index, "gather")
    case .reparameterize: appendRows(index, "reparameterize")
    case .latentTerm: appendRows(index, "latent_term")
    case .bernoulli: appendRows(index, "bernoulli")
    case .gaussian: appendRows(index, "gaussian")
    case .logWeight: appendRows(index, "log_weight", unitsPerGroup: tuning.groupSize)
    case .estimate: appendRows(index, "estimate")
    case .draw: appendRows(index, "draw")
    case .latentGradient: appendRows(index, "latent_gradient")
    case .sumSamples: appendRows(index, "sum_samples")
    case .accumulateWeights: appendRows(index, "accumulate_weights")
    case .normalize(let normalize):
      appendRows(
        index, "normalize_sums", units: TensorLayout.rows.occupied(by: normalize.output),
        unitsPerGroup: tuning.groupSize * 4)
    case .leapfrog: appendRows(index, "leapfrog")
    case .accept: appendRows(index, "accept", unitsPerGroup: tuning.groupSize)
    case .select: appendRows(index, "select_rows")
    case .logMean: appendRows(index, "log_mean", unitsPerGroup: tuning.groupSize)
    case .sum: appendRows(index, "sum")
    }
  }

  private mutating func appendRows(
    _ index: Int, _ kernel: String, units: Int? = nil, unitsPerGroup: Int = 1
  ) {
    let units = units ?? program.operations[index].rows ?? 1
    launches.append(
      Launch(
        kernel: kernel, work: [.operation(index)], units: units, unitsPerGroup: unitsPerGroup,
        groups: max(1, (units + unitsPerGroup - 1) / unitsPerGroup),
        localSize: tuning.groupSize))
  }

  private mutating func appendProduct(_ index: Int, rows: Int, columns: Int, product: Int) {
    func tiles(_ count: Int) -> Int { (count + tuning.tile - 1) / tuning.tile }
    launches.append(
      Launch(
        kernel: "multiply_tiles", work: [.operation(index)], units: rows, unitsPerGroup: product,
        groups: tiles(rows) * tiles(columns), localSize: tuning.productGroup))
  }
}
