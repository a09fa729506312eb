import Compute

/// What kernels read of an operation beside its operands, by name: whole numbers, and numbers that are
/// not. The order of both is that of the lists.
protocol KernelFamily: SlottedFamily {
  static var counts: [KernelCount<Self>] { get }
  static var constants: [KernelConstants<Self>] { get }
  /// The columns of the matrix that is written, without padding.
  var writtenColumns: Int { get }
}

extension KernelFamily {
  static var counts: [KernelCount<Self>] { [] }
  static var constants: [KernelConstants<Self>] { [] }
  var writtenColumns: Int { 0 }

  static var names: KernelNames {
    KernelNames(
      operands: slots.map(\.name), counts: counts.map(\.name),
      constants: constants.map { ($0.name, $0.count) })
  }

  func fill(_ descriptor: inout Descriptor, _ layout: TensorLayout) {
    descriptor.columns = writtenColumns
    descriptor.counts = Self.counts.map { $0.value(self, layout) }
    descriptor.constants = Self.constants.flatMap { $0.values(self) }
  }
}

/// A whole number that a kernel reads.
struct KernelCount<Operation>: Sendable {
  let name: String
  let value: @Sendable (Operation, TensorLayout) -> Int

  init(_ name: String, _ value: @escaping @Sendable (Operation) -> Int) {
    self.name = name
    self.value = { operation, _ in value(operation) }
  }

  /// A count that depends on how tensors lie.
  init(_ name: String, laidOut value: @escaping @Sendable (Operation, TensorLayout) -> Int) {
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
  /// A map's operands are its own.
  var names: KernelNames {
    switch self {
    case .gather: Gather.names
    case .multiply: Multiply.names
    case .weightGradient: WeightGradient.names
    case .biasGradient: BiasGradient.names
    case .noise: Noise.names
    case .map: KernelNames()
    case .estimate: Estimate.names
    case .draw: Draw.names
    case .accumulateWeights: AccumulateWeights.names
    case .normalize: Normalize.names
    case .logMean: LogMean.names
    case .sumSamples: SumSamples.names
    case .sum: Sum.names
    case .adam: Adam.names
    }
  }

  /// The name in kernels: `weight_gradient`.
  var kernelName: String {
    "\(self)".reduce(into: "") { result, letter in
      result += letter.isUppercase ? "_\(letter.lowercased())" : String(letter)
    }
  }
}
