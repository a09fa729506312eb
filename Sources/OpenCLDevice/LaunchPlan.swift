import Compute

/// One kernel launch: a run of operations that go together.
struct Launch: Hashable {
  var kernel: String
  /// Indices into the program's operations, in order.
  var operations: [Int]
  /// What the launch divides among its work-groups: images, samples, outputs or arena chunks.
  var units: Int
  var unitsPerGroup: Int
  var groups: Int
  var localSize: Int
  /// For each operation, the first of its work-groups, where they have their own.
  var firstGroups: [Int] = []
}

/// How a program's operations become launches.
///
/// In panels, consecutive operations that walk rows become one launch as long as a block of rows
/// needs nothing from another block; sums over rows gather in another. In tiles, every operation is
/// a launch.
struct LaunchPlan {
  private(set) var launches: [Launch] = []
  private let program: Program
  private let tuning: Tuning
  private let computeUnits: Int
  private let arenaUnits: Int
  private var walk: Walk?
  private var pending: [Int] = []
  /// Totals, which would cut a block's walk in two: nothing but the host reads them.
  private var totals: [Int] = []

  /// A launch of row operations that still grows.
  private struct Walk {
    var operations: [Int]
    /// The coarsest row count: every operation's rows are a multiple.
    var units: Int
    var mostRows: Int
    /// The rows of its matrix products, which want blocks of one height.
    var productRows: Int?
  }

  /// - Parameters:
  ///   - program: The operations.
  ///   - tuning: The schedule and its constants.
  ///   - computeUnits: The processors that share a launch.
  ///   - parameterFloats: The size of the parameter arena.
  init(_ program: Program, tuning: Tuning, computeUnits: Int, parameterFloats: Int) {
    self.program = program
    self.tuning = tuning
    self.computeUnits = computeUnits
    self.arenaUnits = tuning.schedule == .panels ? parameterFloats / 16 : parameterFloats
    for index in program.operations.indices {
      if tuning.schedule == .panels { appendToPanels(index) } else { appendTile(index) }
    }
    closeWalk()
    closeSums()
  }

  // MARK: Panels

  private mutating func appendToPanels(_ index: Int) {
    let operation = program.operations[index]
    switch operation {
    case .weightGradient, .biasGradient:
      // Sums over rows wait: nothing reads a gradient before the optimizer or the host.
      if pending.contains(where: { disturbs(operation, program.operations[$0]) }) {
        closeWalk()
        closeSums()
      }
      pending.append(index)
    case .adam:
      closeWalk()
      closeSums()
      appendAdam(index)
    case .sum:
      totals.append(index)
    case .gather, .multiply, .reparameterize, .latentTerm, .bernoulli, .gaussian, .logWeight,
      .estimate, .latentGradient, .sumSamples, .accumulateWeights:
      if (pending + totals).contains(where: { disturbs(operation, program.operations[$0]) }) {
        closeWalk()
        closeSums()
      }
      extendWalk(index, operation)
    }
  }

  /// Whether running `later` before `waiting`, or beside it, would change what either computes.
  private func disturbs(_ later: Operation, _ waiting: Operation) -> Bool {
    later.writes.contains { waiting.reads.contains($0) || waiting.writes.contains($0) }
      || later.reads.contains { waiting.writes.contains($0) }
  }

  private mutating func extendWalk(_ index: Int, _ operation: Operation) {
    guard let rows = operation.rows else { return }
    let isProduct = if case .multiply = operation { true } else { false }
    if let open = walk, let joined = join(open, index, rows: rows, isProduct: isProduct) {
      walk = joined
      return
    }
    closeWalk()
    walk = Walk(
      operations: [index], units: rows, mostRows: rows, productRows: isProduct ? rows : nil)
  }

  /// The launch with one more operation, if its blocks stay independent and small.
  private func join(_ open: Walk, _ index: Int, rows: Int, isProduct: Bool) -> Walk? {
    let units = min(open.units, rows)
    let mostRows = max(open.mostRows, rows)
    let isAligned =
      rows % units == 0
      && open.operations.allSatisfy { program.operations[$0].rows.map { $0 % units == 0 } ?? false }
    guard isAligned, units == mostRows || mostRows / units <= tuning.blockRows else { return nil }
    if isProduct, let productRows = open.productRows, productRows != rows { return nil }
    // A launch is bound to one data set.
    if case .gather(let gather) = program.operations[index] {
      for case .gather(let other) in open.operations.map({ program.operations[$0] })
      where other.source != gather.source || other.order != gather.order { return nil }
    }
    return Walk(
      operations: open.operations + [index], units: units, mostRows: mostRows,
      productRows: isProduct ? rows : open.productRows)
  }

  private mutating func closeWalk() {
    guard let open = walk else { return }
    walk = nil
    let rowsPerUnit = open.mostRows / open.units
    let largest = max(1, tuning.blockRows / rowsPerUnit)
    // A multiple of the processors, so that none is left with one block more.
    let fewest = (open.units + largest - 1) / largest
    let even = (fewest + computeUnits - 1) / computeUnits * computeUnits
    let unitsPerGroup = max(1, (open.units + even - 1) / even)
    launches.append(
      Launch(
        kernel: "walk_rows", operations: open.operations, units: open.units,
        unitsPerGroup: unitsPerGroup,
        groups: (open.units + unitsPerGroup - 1) / unitsPerGroup, localSize: 1))
  }

  private mutating func closeSums() {
    if !totals.isEmpty {
      launches.append(
        Launch(
          kernel: "walk_rows", operations: totals, units: 1, unitsPerGroup: 1, groups: 1,
          localSize: 1))
      totals = []
    }
    guard !pending.isEmpty else { return }
    var firstGroups: [Int] = []
    var groups = 0
    for index in pending {
      firstGroups.append(groups)
      if case .weightGradient(let operation) = program.operations[index] {
        groups += strips(operation.gradient.shape.rows) * strips(operation.gradient.shape.columns)
      } else if case .biasGradient(let operation) = program.operations[index] {
        groups += strips(operation.gradient.shape.count)
      }
    }
    launches.append(
      Launch(
        kernel: "sum_rows", operations: pending, units: groups, unitsPerGroup: 1, groups: groups,
        localSize: 1, firstGroups: firstGroups))
    pending = []
  }

  private func strips(_ columns: Int) -> Int { (columns + 15) / 16 }

  private mutating func appendAdam(_ index: Int) {
    let unitsPerGroup = max(1, (arenaUnits + computeUnits * 8 - 1) / (computeUnits * 8))
    launches.append(
      Launch(
        kernel: "update_parameters", operations: [index], units: arenaUnits,
        unitsPerGroup: unitsPerGroup,
        groups: max(1, (arenaUnits + unitsPerGroup - 1) / unitsPerGroup), localSize: 1))
  }

  // MARK: Tiles

  private mutating func appendTile(_ index: Int) {
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
    case .latentGradient: appendRows(index, "latent_gradient")
    case .sumSamples: appendRows(index, "sum_samples")
    case .accumulateWeights: appendRows(index, "accumulate_weights")
    case .sum: appendRows(index, "sum")
    }
  }

  private mutating func appendRows(
    _ index: Int, _ kernel: String, units: Int? = nil, unitsPerGroup: Int = 1
  ) {
    let units = units ?? program.operations[index].rows ?? 1
    launches.append(
      Launch(
        kernel: kernel, operations: [index], units: units, unitsPerGroup: unitsPerGroup,
        groups: max(1, (units + unitsPerGroup - 1) / unitsPerGroup),
        localSize: tuning.groupSize))
  }

  private mutating func appendProduct(_ index: Int, rows: Int, columns: Int, product: Int) {
    func tiles(_ count: Int) -> Int { (count + tuning.tile - 1) / tuning.tile }
    launches.append(
      Launch(
        kernel: "multiply_tiles", operations: [index], units: rows, unitsPerGroup: product,
        groups: tiles(rows) * tiles(columns), localSize: tuning.productGroup))
  }
}
