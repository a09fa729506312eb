import Compute

/// Describes the work of a program's launches.
struct DescriptorFactory {
  private let program: Program
  private let memory: OpenCLMemory
  private let placements: [Tensor: Placement]
  /// The weights whose second copies the program reads.
  let transposedWeights: [Tensor]

  /// - Parameters:
  ///   - program: The program.
  ///   - memory: Where parameters and states lie.
  ///   - placements: Where the program's own tensors lie.
  init(_ program: Program, memory: OpenCLMemory, placements: [Tensor: Placement]) {
    self.program = program
    self.memory = memory
    self.placements = placements
    var weights: [Tensor] = []
    for case .multiply(let multiply) in program.operations
    where multiply.transposed && !weights.contains(multiply.weight) {
      weights.append(multiply.weight)
    }
    transposedWeights = memory.layout == .panels ? weights : []
  }

  /// The descriptors of a launch, in the order of its work.
  func descriptors(of launch: Launch) throws(DeviceError) -> [Descriptor] {
    var result: [Descriptor] = []
    for (position, work) in launch.work.enumerated() {
      for var descriptor in describe(work, launch) {
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

  private func describe(_ work: Work, _ launch: Launch) -> [Descriptor] {
    switch work {
    case .operation(let index):
      return [describe(index, launch)]
    case .product(let index, let likelihood):
      var product = describe(index, launch)
      product.kind = .productIntoLikelihood
      return [product, describe(likelihood, launch)]
    case .scaling(let scaling):
      var descriptor = Descriptor(kind: .scaleRows, columns: scaling.input.shape.columns)
      descriptor.rowsPerUnit = scaling.input.shape.rows / launch.units
      descriptor.operands = [place(scaling.input), place(scaling.coefficients)]
      return [descriptor]
    case .gradient(let index, let isScaled, let optimizer):
      var descriptor = describe(index, launch)
      if isScaled { descriptor.operands[2] = nil }
      if let optimizer, case .adam(let adam) = program.operations[optimizer] {
        descriptor.update(by: adam, transposed: transposedPlace(ofGradient: index))
      }
      return [descriptor]
    }
  }

  private func describe(_ index: Int, _ launch: Launch) -> Descriptor {
    let operation = program.operations[index]
    var descriptor = Descriptor(
      operation, transposedWeight: memory.transposedPlacement,
      elements: memory.layout.occupied, place: place)
    descriptor.rowsPerUnit = (operation.rows ?? launch.units) / launch.units
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
