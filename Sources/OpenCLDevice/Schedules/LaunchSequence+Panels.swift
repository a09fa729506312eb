import Compute

/// Panels: blocks of rows walk through lists of operations; sums over rows follow.
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

  /// Operations that wait until the open walk is closed.
  struct Waiting {
    /// Gradients, which sum over rows.
    var sums: [Int] = []
    /// Totals, which would cut a block's walk in two: nothing but the host reads them.
    var totals: [Int] = []
    private var reads: Set<Tensor> = []
    private var writes: Set<Tensor> = []

    var isEmpty: Bool { sums.isEmpty && totals.isEmpty }

    mutating func add(_ index: Int, _ operation: Operation, to list: WritableKeyPath<Self, [Int]>) {
      self[keyPath: list].append(index)
      reads.formUnion(operation.reads)
      writes.formUnion(operation.writes)
    }

    /// True if running a later operation before these, or beside them, would change what either
    /// computes.
    func isDisturbed(by later: Operation) -> Bool {
      later.writes.contains { reads.contains($0) || writes.contains($0) }
        || later.reads.contains(where: writes.contains)
    }
  }

  mutating func appendToPanels(_ index: Int) {
    let operation = program.operations[index]
    switch operation {
    case .weightGradient, .normalize:
      // Sums over rows wait: nothing reads a gradient before the optimizer or the host.
      closeWhatIsDisturbed(by: operation)
      waiting.add(index, operation, to: \.sums)
    case .adam:
      closeWalk()
      if canUpdate {
        closeSums(optimizer: index)
      } else {
        closeSums()
        appendAdam(index)
      }
    case .sum(let sum) where sum.output.shape == .vector(1):
      waiting.add(index, operation, to: \.totals)
    default:
      closeWhatIsDisturbed(by: operation)
      if walk?.mixesBlocks(with: operation) ?? false { closeWalk() }
      extendWalk(index, operation)
    }
  }

  private mutating func closeWhatIsDisturbed(by operation: Operation) {
    guard waiting.isDisturbed(by: operation) else { return }
    closeWalk()
    closeSums()
  }

  // MARK: Walks

  private mutating func extendWalk(_ index: Int, _ operation: Operation) {
    guard let rows = operation.rows else {
      preconditionFailure("\(operation.kind) walks no rows, and panels do not say what it does")
    }
    let isProduct = if case .multiply = operation { true } else { false }
    if let open = walk, !accepts(open, operation, rows: rows, isProduct: isProduct) { closeWalk() }
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
    guard isAligned, units == mostRows || mostRows / units <= tuning.blockRows else { return false }
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
    let rowsPerUnit = open.mostRows / open.units
    let unitsPerGroup = unitsPerGroup(
      of: open.units, atMost: max(1, tuning.blockRows / rowsPerUnit))
    launches.append(
      Launch(
        kernel: .walk, work: work(of: open), units: open.units,
        unitsPerGroup: unitsPerGroup,
        groups: (open.units + unitsPerGroup - 1) / unitsPerGroup, localSize: 1))
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
      if !scaled.contains(input), let last = lastPlainReader(of: input),
        open.operations.contains(last), input.input.shape.rows % open.units == 0,
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

  /// The products just before a map that it alone reads, element by element.
  private func products(before index: Int, among work: [Work]) -> [Int] {
    guard case .map(let map) = program.operations[index] else { return [] }
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

  // MARK: Sums over rows

  /// True if the gradients that wait are those of every parameter, so that each can be used where
  /// it is computed.
  private var canUpdate: Bool {
    let areGradients = waiting.sums.allSatisfy {
      if case .weightGradient = program.operations[$0] { true } else { false }
    }
    guard fusion == .full, !waiting.sums.isEmpty, areGradients else { return false }
    let written = program.operations.flatMap(\.writes).filter { $0.role == .gradient }
    return written == waiting.sums.flatMap { program.operations[$0].writes }
      && Set(written) == Set(parameters.map { $0.counterpart(.gradient) })
      && Set(written).count == written.count
  }

  /// Launches the totals and the gradients that wait; with an optimizer, the gradients go straight
  /// into the update.
  mutating func closeSums(optimizer: Int? = nil) {
    guard !waiting.isEmpty else { return }
    defer { waiting = Waiting() }
    let (sums, totals) = (waiting.sums, waiting.totals)
    guard !sums.isEmpty else {
      launches.append(
        Launch(
          kernel: .walk, work: totals.map { .operation($0) }, units: 1, unitsPerGroup: 1,
          groups: 1, localSize: 1))
      return
    }
    // The first group adds up the totals, one after another, for each may need the one before.
    var work = totals.map { Work.operation($0) }
    var firstGroups = totals.map { _ in 0 }
    var groups = totals.isEmpty ? 0 : 1
    // A thread of PoCL takes half of what is left at a time, so long sums come last.
    let order = sums.enumerated().sorted {
      (length(of: $0.element), $0.offset) < (length(of: $1.element), $1.offset)
    }
    for index in order.map(\.element) {
      firstGroups.append(groups)
      var isScaled = false
      if case .weightGradient(let gradient) = program.operations[index] {
        let shape = gradient.gradient.shape
        groups +=
          gradient.input == nil
          ? strips(shape.count)
          : ceiling(strips(shape.rows), tuning.gradientStrips) * strips(shape.columns)
        isScaled = GradientInput(gradient).map(scaled.contains) ?? false
      } else if case .normalize(let normalize) = program.operations[index] {
        let floats = Schedule.panels.occupied(by: normalize.output)
        groups += ceiling(strips(floats), Self.normalizedVectors)
        work.append(.operation(index))
        continue
      }
      work.append(.gradient(index, isScaled: isScaled, optimizer: optimizer))
    }
    launches.append(
      Launch(
        kernel: .sum, work: work, units: groups, unitsPerGroup: 1, groups: groups,
        localSize: 1, firstGroups: firstGroups))
  }

  /// The rows that a weight's gradient sums over; those of a bias are light.
  private func length(of index: Int) -> Int {
    guard case .weightGradient(let gradient) = program.operations[index], gradient.input != nil
    else { return 0 }
    return gradient.delta.shape.rows
  }

  /// The vectors of elements that a group normalises.
  static let normalizedVectors = 256

  private func strips(_ columns: Int) -> Int { ceiling(columns, 16) }

  private func ceiling(_ count: Int, _ size: Int) -> Int { (count + size - 1) / size }

  private mutating func appendAdam(_ index: Int) {
    let unitsPerGroup = max(1, (arenaUnits + computeUnits * 8 - 1) / (computeUnits * 8))
    launches.append(
      Launch(
        kernel: .update, work: [.operation(index)], units: arenaUnits,
        unitsPerGroup: unitsPerGroup,
        groups: max(1, (arenaUnits + unitsPerGroup - 1) / unitsPerGroup), localSize: 1))
  }
}
