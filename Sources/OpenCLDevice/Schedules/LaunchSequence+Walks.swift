import Compute

/// Blocks of rows walk through lists of operations.
extension LaunchSequence {
  /// A launch of row operations that still grows.
  struct Walk {
    var operations: [Int]
    /// The coarsest row count: every operation's rows are a multiple.
    var units: Int
    var mostRows: Int
    /// The rows of its matrix products, which want blocks of one height.
    var productRows: Int?
    /// What it writes, and what it reads of rows that are not a block's own.
    var writes: Set<Tensor> = []
    var readsWhole: Set<Tensor> = []

    /// True if a block would need rows of an operation that other blocks compute, or read rows that
    /// they replace.
    func mixesBlocks(with operation: Operation) -> Bool {
      operation.readsWhole.contains(where: writes.contains)
        || operation.writes.contains(where: readsWhole.contains)
    }
  }

  mutating func extendWalk(_ index: Int, _ operation: Operation) {
    guard let rows = operation.rows else {
      preconditionFailure("\(operation.kind) walks no rows, and nothing says what it does")
    }
    let isProduct = if case .multiply = operation { true } else { false }
    if let open = walk,
      open.mixesBlocks(with: operation)
        || !accepts(open, operation, rows: rows, isProduct: isProduct)
    {
      closeWalk()
    }
    var joined = walk ?? Walk(operations: [], units: rows, mostRows: rows)
    joined.operations.append(index)
    joined.units = min(joined.units, rows)
    joined.mostRows = max(joined.mostRows, rows)
    if isProduct { joined.productRows = rows }
    joined.writes.formUnion(operation.writes)
    joined.readsWhole.formUnion(operation.readsWhole)
    walk = joined
  }

  /// True if the blocks of a launch stay independent and small with one more operation.
  private func accepts(_ open: Walk, _ operation: Operation, rows: Int, isProduct: Bool) -> Bool {
    let units = min(open.units, rows)
    let mostRows = max(open.mostRows, rows)
    let isAligned = rows % units == 0 && open.units % units == 0
    guard isAligned, units == mostRows || mostRows / units <= tuning.walkRows else { return false }
    if isProduct, let productRows = open.productRows, productRows != rows { return false }
    // A launch is bound to one data set.
    if case .gather(let gather) = operation {
      for case .gather(let other) in open.operations.map({ program.operations[$0] })
      where other.source != gather.source || other.order != gather.order { return false }
    }
    return true
  }

  mutating func closeWalk() {
    guard let open = walk else { return }
    walk = nil
    if tuning.schedule == .tiles, open.operations.count == 1,
      case .multiply(let multiply) = program.operations[open.operations[0]]
    {
      launches.append(launch(of: multiply, open.operations[0]))
      return
    }
    let rowsPerUnit = open.mostRows / open.units
    let unitsPerGroup = unitsPerGroup(
      of: open.units, atMost: max(1, tuning.walkRows / rowsPerUnit))
    launches.append(
      Launch(
        kernel: .walk, work: work(of: open), units: open.units,
        unitsPerGroup: unitsPerGroup,
        groups: (open.units + unitsPerGroup - 1) / unitsPerGroup, localSize: tuning.walkGroup))
  }

  /// A product by itself, whose tiles are larger than a walk's.
  private func launch(of multiply: Multiply, _ index: Int) -> Launch {
    func tiles(_ count: Int) -> Int { (count + tuning.tile - 1) / tuning.tile }
    let shape = multiply.output.shape
    return Launch(
      kernel: .product(transposed: multiply.transposed), work: [.operation(index)],
      units: shape.rows, unitsPerGroup: 1, groups: tiles(shape.rows) * tiles(shape.columns),
      localSize: tuning.productGroup)
  }

  /// The block that leaves the busiest processor with the fewest units; of those that do, the largest,
  /// whose products are the most efficient.
  private func unitsPerGroup(of units: Int, atMost largest: Int) -> Int {
    func busiest(_ block: Int) -> Int {
      let groups = (units + block - 1) / block
      return (groups + computeUnits - 1) / computeUnits * block
    }
    return (1...max(1, min(largest, units))).max { (-busiest($0), $0) < (-busiest($1), $1) } ?? 1
  }

  /// A walk's operations, joined where one alone needs what the other computes, and at its end the
  /// scalings that make gradients cheaper.
  private mutating func work(of open: Walk) -> [Work] {
    guard fusion == .full else { return open.operations.map { .operation($0) } }
    var result: [Work] = []
    for index in open.operations {
      let products = products(before: index, among: result)
      result.removeLast(products.count)
      result.append(.operation(index, products: products))
    }
    for case .weightGradient(let gradient) in waiting.sums.map({ program.operations[$0] }) {
      guard let input = GradientInput(gradient) else { continue }
      // Whatever the blocks, so that products have the same factors and the same bits.
      if !scaled.contains(input), let last = lastPlainReader(of: input),
        last <= open.operations[open.operations.count - 1],
        input.input.shape.rows % open.units == 0,
        !open.readsWhole.contains(input.input),
        !waiting.sums.contains(where: { readsPlainly($0, input.input) })
      {
        scaled.insert(input)
        result.append(.scaling(input))
      }
    }
    return result
  }

  /// The most products whose sums a map takes.
  private static let mostProducts = 3

  /// Panels: the products just before a map that it alone reads, element by element.
  private func products(before index: Int, among work: [Work]) -> [Int] {
    guard tuning.schedule == .panels, case .map(let map) = program.operations[index] else {
      return []
    }
    var result: [Int] = []
    for case .operation(let previous, products: []) in work.reversed().prefix(Self.mostProducts) {
      guard case .multiply(let product) = program.operations[previous],
        map.inputs.contains(product.output), product.output.shape.rows == map.rows,
        product.output.shape.columns == map.columns, !product.accumulates,
        product.activation == .identity, product.derivativeAt == nil,
        !map.results.contains(where: { $0.tensor == product.input }),
        product.output.role == .temporary, readers[product.output] == [index]
      else { break }
      result.insert(previous, at: 0)
    }
    return result
  }

  /// True if a sum that waits reads a tensor otherwise than as the input of a gradient.
  private func readsPlainly(_ index: Int, _ tensor: Tensor) -> Bool {
    if case .weightGradient(let gradient) = program.operations[index], gradient.input != nil {
      return false
    }
    return program.operations[index].reads.contains(tensor)
  }

  /// The last operation that reads a tensor as it is, if everything after it is gradients that want
  /// its rows multiplied by one and the same coefficients. Nil if the tensor must stay as it is.
  private func lastPlainReader(of input: GradientInput) -> Int? {
    guard input.input.role == .temporary else { return nil }
    var last: Int?
    for index in readers[input.input] ?? [] {
      if case .weightGradient(let gradient) = program.operations[index], gradient.input != nil {
        guard gradient.rowScale == input.coefficients, gradient.delta != input.input else {
          return nil
        }
      } else {
        last = index
      }
    }
    return last
  }
}
