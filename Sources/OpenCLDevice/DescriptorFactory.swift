import Compute

/// Describes the work of a program's launches.
struct DescriptorFactory {
  private let program: Program
  private let memory: OpenCLMemory
  private let placements: [Tensor: Placement]
  /// The weights whose second copies the program reads.
  let transposedWeights: [Tensor]

  /// - Parameter placements: The places of the program's own tensors.
  init(_ program: Program, memory: OpenCLMemory, placements: [Tensor: Placement]) {
    self.program = program
    self.memory = memory
    self.placements = placements
    var weights: [Tensor] = []
    for case .multiply(let multiply) in program.operations
    where multiply.transposed && !weights.contains(multiply.weight) {
      weights.append(multiply.weight)
    }
    transposedWeights = weights.filter { memory.transposedPlacement(of: $0) != nil }
  }

  /// The arenas of the memory that the program reads or writes.
  var arenas: Set<ArenaKind> {
    var result = Set(program.tensors.compactMap { memory.placement(of: $0)?.arena })
    if !transposedWeights.isEmpty { result.insert(.transposed) }
    for operation in program.operations {
      result.formUnion(operation.impliedRoles.compactMap(ArenaKind.init))
    }
    return result
  }

  /// The descriptors of a launch, in the order of its work.
  ///
  /// - Parameter maps: The number of each map among those that were compiled together.
  func descriptors(
    of launch: Launch, in sequence: LaunchSequence, maps: [MapSignature: Int]
  ) throws(DeviceError) -> [Descriptor] {
    var result: [Descriptor] = []
    for (position, work) in launch.work.enumerated() {
      for var descriptor in describe(work, launch, sequence, maps) {
        if !launch.firstGroups.isEmpty { descriptor.firstGroup = launch.firstGroups[position] }
        if let number = descriptor.tooLarge {
          throw .unsupported(
            device: memory.device.name, operation: "\(descriptor.kind)",
            reason: "\(number) is more than its 32-bit counters hold. Use a smaller batch.")
        }
        result.append(descriptor)
      }
    }
    return result
  }

  private func describe(
    _ work: Work, _ launch: Launch, _ sequence: LaunchSequence, _ maps: [MapSignature: Int]
  ) -> [Descriptor] {
    switch work {
    case .operation(let index, let products):
      var descriptor = describe(index, launch)
      descriptor.variant =
        sequence.signature(of: index, products: products).flatMap { maps[$0] } ?? 0
      descriptor.companions = products.count
      return products.map { product in
        var companion = describe(product, launch)
        companion.kind = .companion
        return companion
      } + [descriptor]
    case .scaling(let scaling):
      var descriptor = Descriptor(kind: .scaleRows, columns: scaling.input.shape.columns)
      descriptor.rowsPerUnit = scaling.input.shape.rows / launch.units
      descriptor.operands = [scaling.input, scaling.coefficients].map { tensor in
        place(tensor).map { Descriptor.Operand(placement: $0) }
      }
      return [descriptor]
    case .gradient(let index, let isScaled, let optimizer):
      var descriptor = describe(index, launch)
      if isScaled { descriptor.set("row_scale", operand: nil) }
      if let optimizer, case .adam(let adam) = program.operations[optimizer] {
        descriptor.update(by: adam, secondCopy: transposedPlace(ofGradient: index))
      }
      return [descriptor]
    }
  }

  private func describe(_ index: Int, _ launch: Launch) -> Descriptor {
    let operation = program.operations[index]
    var descriptor = Descriptor(operation, layout: memory.layout, place: place)
    descriptor.rowsPerUnit = (operation.rows ?? launch.units) / launch.units
    // Walking a layer backwards reads the second copy of its weight, where there is one.
    if case .multiply(let multiply) = operation, multiply.transposed,
      let second = memory.transposedPlacement(of: multiply.weight)
    {
      descriptor.set("weight", operand: Descriptor.Operand(placement: second))
    }
    return descriptor
  }

  private func place(_ tensor: Tensor) -> Placement? {
    placements[tensor] ?? memory.placement(of: tensor)
  }

  private func transposedPlace(ofGradient index: Int) -> Placement? {
    guard case .weightGradient(let operation) = program.operations[index] else { return nil }
    return transposedWeights.first { $0.counterpart(.gradient) == operation.gradient }
      .flatMap(memory.transposedPlacement)
  }
}
