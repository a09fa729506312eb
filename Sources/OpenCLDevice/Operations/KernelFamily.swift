import Compute

/// A family as kernels read it, by name: its operands, whole numbers, and numbers that are not. The
/// order of each is that of its list.
protocol KernelFamily: OperationFamily {
  /// The operands that kernels know by name.
  static var operandNames: [String] { get }
  static var counts: [KernelCount<Self>] { get }
  static var constants: [KernelConstants<Self>] { get }
  /// The columns of the matrix that is written, without padding.
  var writtenColumns: Int { get }
}

extension KernelFamily where Self: SlottedFamily {
  static var operandNames: [String] { slots.map(\.name) }
}

extension KernelFamily {
  static var counts: [KernelCount<Self>] { [] }
  static var constants: [KernelConstants<Self>] { [] }
  var writtenColumns: Int { 0 }

  static var names: KernelNames {
    KernelNames(
      operands: operandNames, counts: counts.map(\.name),
      constants: constants.map { ($0.name, $0.count) })
  }

  func fill(_ descriptor: inout Descriptor, _ layout: Schedule) {
    descriptor.columns = writtenColumns
    descriptor.counts = Self.counts.map { $0.value(self, layout) }
    descriptor.constants = Self.constants.flatMap { $0.values(self) }
  }
}

/// A whole number that a kernel reads.
struct KernelCount<Operation>: Sendable {
  let name: String
  let value: @Sendable (Operation, Schedule) -> Int

  init(_ name: String, _ value: @escaping @Sendable (Operation) -> Int) {
    self.name = name
    self.value = { operation, _ in value(operation) }
  }

  /// A count that depends on how tensors lie.
  init(_ name: String, laidOut value: @escaping @Sendable (Operation, Schedule) -> Int) {
    self.name = name
    self.value = value
  }
}

/// Numbers that a kernel reads: one, or some in a row.
struct KernelConstants<Operation>: Sendable {
  let name: String
  let count: Int
  let values: @Sendable (Operation) -> [Float]

  init(_ name: String, _ value: @escaping @Sendable (Operation) -> Float) {
    self.name = name
    count = 1
    values = { [value($0)] }
  }

  init(_ name: String, count: Int, _ values: @escaping @Sendable (Operation) -> [Float]) {
    self.name = name
    self.count = count
    self.values = values
  }
}

/// The names by which kernels know what a descriptor holds.
struct KernelNames {
  var operands: [String] = []
  var counts: [String] = []
  var constants: [(name: String, count: Int)] = []
}

extension Compute.Operation.Family {
  /// The family as kernels know it: the one list of families in this module.
  var kernels: any KernelFamily.Type {
    switch self {
    case .gather: Gather.self
    case .multiply: Multiply.self
    case .weightGradient: WeightGradient.self
    case .noise: Noise.self
    case .map: Map.self
    case .columns: Columns.self
    case .classes: Classes.self
    case .estimate: Estimate.self
    case .draw: Draw.self
    case .accumulateWeights: AccumulateWeights.self
    case .normalize: Normalize.self
    case .sum: Sum.self
    case .logSumExp: LogSumExp.self
    case .relay: Relay.self
    case .triangle: Triangle.self
    case .quadratic: Quadratic.self
    case .moments: Moments.self
    case .clip: Clip.self
    case .adam: Adam.self
    }
  }

  /// The name in kernels: `weight_gradient`.
  var kernelName: String { "\(self)".snakeCase }
}

extension Compute.Operation {
  /// The operation as kernels know it.
  var kernelMember: any KernelFamily {
    guard let member = member as? any KernelFamily else {
      preconditionFailure("\(family) stands for another type in Family.kernels")
    }
    return member
  }
}
