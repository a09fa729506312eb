import Compute

/// Sums over rows, which wait and share a launch, and the update.
extension LaunchSequence {
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

  mutating func append(_ index: Int) {
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
    case .clip:
      closeWalk()
      closeSums()
      appendClip(index)
    case .sum(let sum) where sum.isTotal:
      waiting.add(index, operation, to: \.totals)
    default:
      closeWhatIsDisturbed(by: operation)
      extendWalk(index, operation)
    }
  }

  private mutating func closeWhatIsDisturbed(by operation: Operation) {
    guard waiting.isDisturbed(by: operation) else { return }
    closeWalk()
    closeSums()
  }

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
    if sums.isEmpty {
      // A walk that there is anyway: the kernel for sums need not be compiled.
      launches.append(
        Launch(
          kernel: .walk, work: totals.map { .operation($0) }, units: 1, unitsPerGroup: 1,
          groups: 1, localSize: tuning.walkGroup))
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
      switch program.operations[index] {
      case .weightGradient(let gradient):
        groups += tiles(of: gradient)
        let isScaled = GradientInput(gradient).map(scaled.contains) ?? false
        work.append(.gradient(index, isScaled: isScaled, optimizer: optimizer))
      case .normalize(let normalize):
        groups += ceiling(
          tuning.schedule.occupied(by: normalize.output), Self.normalizedChunks * tuning.lanes)
        work.append(.operation(index))
      default: preconditionFailure("\(program.operations[index].kind) is no sum over rows")
      }
    }
    launches.append(
      Launch(
        kernel: .sum, work: work, units: groups, unitsPerGroup: 1, groups: groups,
        localSize: tuning.sumGroup, firstGroups: firstGroups))
  }

  /// The work-groups that a gradient takes.
  private func tiles(of gradient: WeightGradient) -> Int {
    let (shape, tile) = (gradient.gradient.shape, tuning.gradientTile)
    return gradient.input == nil
      ? ceiling(shape.count, tile.biasOutputs)
      : ceiling(shape.rows, tile.outputs) * ceiling(shape.columns, tile.inputs)
  }

  /// The rows that a weight's gradient sums over; those of a bias are light.
  private func length(of index: Int) -> Int {
    guard case .weightGradient(let gradient) = program.operations[index], gradient.input != nil
    else { return 0 }
    return gradient.delta.shape.rows
  }

  /// The chunks of elements that a group normalises.
  static let normalizedChunks = 256

  private func ceiling(_ count: Int, _ size: Int) -> Int { (count + size - 1) / size }

  /// Groups whose number does not follow from the device's size: each measures a part of the gradients,
  /// and shortens it then.
  private mutating func appendClip(_ index: Int) {
    // A group of a few units would do little but add up what its work-items have.
    let least = tuning.schedule == .panels ? 16 : 4 * tuning.sumGroup
    let unitsPerGroup = max(least, ceiling(arenaUnits, Clip.parts))
    for kernel in [Kernel.measure, .clip] {
      launches.append(
        Launch(
          kernel: kernel, work: [.operation(index)], units: arenaUnits,
          unitsPerGroup: unitsPerGroup, groups: max(1, ceiling(arenaUnits, unitsPerGroup)),
          localSize: tuning.sumGroup))
    }
  }

  private mutating func appendAdam(_ index: Int) {
    let unitsPerGroup =
      tuning.schedule == .panels
      ? max(1, ceiling(arenaUnits, computeUnits * 8)) : 4 * tuning.sumGroup
    launches.append(
      Launch(
        kernel: .update, work: [.operation(index)], units: arenaUnits,
        unitsPerGroup: unitsPerGroup, groups: max(1, ceiling(arenaUnits, unitsPerGroup)),
        localSize: tuning.sumGroup))
  }
}

extension Sum {
  /// True of what hardly anything reads, so that it can wait: as `Waiting` sees to if something does.
  fileprivate var isTotal: Bool {
    let isState = output.role == .state && output.shape.isVector && !accumulates
    return output.shape == .vector(1) || isState && output.shape.rows < input.shape.rows
  }
}
