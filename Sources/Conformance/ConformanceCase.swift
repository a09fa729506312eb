import Compute

/// One program with seeded inputs, to be run on two devices and compared.
public struct ConformanceCase: Sendable {
  /// The operation and its sizes, as `multiply(m=7,n=93,k=784)`.
  public let name: String
  public let program: Program
  /// The tensors that the memory holds for the program.
  let shared: [Tensor]
  let values: [Tensor: HostValues]
  let control: Control
  let checks: [Check]
  /// The runs of the program before its results are compared, each one step later.
  var runs = 1
  /// With guards, stray writes are seen and every tensor stands alone; without, temporaries share
  /// their places as they do in earnest.
  public var protection = Protection.guarded

  /// True of a model that nobody chose to be well-conditioned: what rounding alone does to its results
  /// is found out before an error counts.
  var mayBeIllConditioned = false

  /// A tensor to compare.
  public struct Check: Sendable {
    let tensor: Tensor
    let tolerance: Tolerance
    /// The size of what was added up: a sum that cancels is no more exact than its terms.
    var termSize = 0.0
    /// Checks of one pool have the largest of their scales, as a layer's weight and bias, whose
    /// gradients are sums of the same deltas and cancel to different degrees.
    var pool: String?
  }

  /// The images that each run moves on by.
  var batchAdvance: UInt32 {
    for case .gather(let gather) in program.operations { return UInt32(gather.batch.shape.rows) }
    return 0
  }

  /// The elements of its largest tensor.
  public var largestCount: Int { (program.tensors + shared).map(\.shape.count).max() ?? 0 }

  /// True of a size that reaches past a strip and that the reference is quick with.
  var isModerate: Bool { largestCount > 32 && largestCount <= 1 << 14 }

  var families: Set<Compute.Operation.Family> { Set(program.operations.map(\.family)) }

  /// The operations that the case exercises.
  public var operationKinds: Set<String> { Set(program.operations.map(\.kind)) }
}

/// Inputs that depend on the case's name and the seed alone.
public struct CaseInputs {
  private let seed: UInt64
  private var next: UInt32 = 0

  public init(case name: String, seed: UInt64) {
    // FNV-1a, so that cases do not share their numbers.
    let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    self.seed = seed ^ hash
  }

  /// Normal numbers.
  public mutating func normals(_ count: Int, scale: Float = 1, mean: Float = 0) -> [Float] {
    let address = stream()
    return (0..<count).map { mean + scale * address.normal(column: $0) }
  }

  /// Uniform numbers in [0, 1).
  public mutating func uniforms(_ count: Int) -> [Float] {
    let address = stream()
    return (0..<count).map { address.uniform(column: $0) }
  }

  /// Zeros and ones.
  public mutating func bits(_ count: Int, probability: Float = 0.3) -> [Float] {
    uniforms(count).map { $0 < probability ? 1 : 0 }
  }

  public mutating func bytes(_ count: Int) -> [UInt8] {
    let address = stream()
    return (0..<count).map { UInt8(truncatingIfNeeded: address.word(column: $0) >> 24) }
  }

  /// The numbers 0..<count in a random order.
  public mutating func permutation(_ count: Int) -> [UInt32] {
    let address = stream()
    return (0..<count).map { (address.word(column: $0), UInt32($0)) }.sorted { $0 < $1 }.map(\.1)
  }

  private mutating func stream() -> NoiseAddress {
    next += 1
    return NoiseAddress(seed: seed, purpose: .data, time: next)
  }
}
