/// A step as a value: operations in the order in which they run.
///
/// Programs are built by pure functions through a `ProgramBuilder`, with no device at hand; a
/// `Device` compiles one once and replays it any number of times.
public struct Program: Hashable, Sendable {
  public let name: String
  public let operations: [Operation]
  /// Every tensor that an operation touches, in the order of first use.
  public let tensors: [Tensor]

  /// The tensors with a role.
  public func tensors(_ role: Role) -> [Tensor] {
    tensors.filter { $0.role == role }
  }

  /// For each temporary, the first and the last time at which an operation touches it.
  ///
  /// - Parameter time: When the operation at a position runs.
  public func lifetimes(
    at time: (_ position: Int) -> Int = { $0 }
  ) -> [Tensor: ClosedRange<Int>] {
    var result: [Tensor: ClosedRange<Int>] = [:]
    for (index, operation) in operations.enumerated() {
      let time = time(index)
      for tensor in operation.reads + operation.writes where tensor.role == .temporary {
        let known = result[tensor] ?? time...time
        result[tensor] = min(known.lowerBound, time)...max(known.upperBound, time)
      }
    }
    return result
  }
}

/// Builds a program and checks every operation as it is appended.
public struct ProgramBuilder {
  private let name: String
  /// The operations appended so far.
  public private(set) var operations: [Operation] = []
  private var tensors: [Tensor] = []
  private var byName: [String: Tensor] = [:]
  private var written: Set<Tensor> = []

  public init(_ name: String) {
    self.name = name
  }

  /// Appends an operation after checking the shapes, elements and roles of its operands.
  public mutating func append(_ operation: Operation) throws(ProgramError) {
    try operation.validate()
    // The optimizer ends a step: devices bring copies of the parameters up to date between runs.
    if case .adam = operations.last {
      throw .invalid(operation: operation.kind, problem: "nothing can follow the optimizer.")
    }
    for tensor in operation.reads {
      if tensor.role == .temporary || tensor.role == .output {
        guard written.contains(tensor) else {
          throw .readBeforeWritten(operation: operation.kind, tensor: tensor.name)
        }
      }
    }
    for tensor in operation.reads + operation.writes { try register(tensor) }
    written.formUnion(operation.writes)
    operations.append(operation)
  }

  /// Replaces an operation by one that computes more.
  mutating func amend(_ index: Int, _ operation: Operation) throws(ProgramError) {
    try operation.validate()
    for tensor in operation.reads + operation.writes { try register(tensor) }
    written.formUnion(operation.writes)
    operations[index] = operation
  }

  /// Leaves out what brings results into temporaries alone that nothing reads afterwards: a walk back
  /// keeps derivatives ready, and not every objective asks for all of them.
  public mutating func dropUnread() {
    var read: Set<Tensor> = []
    var kept: [Operation] = []
    for operation in operations.reversed() {
      var operation = operation
      if case .map(let map) = operation {
        let results = map.results.filter { !isUnread($0.tensor, read) }
        if results.isEmpty { continue }
        operation = .map(Map(results, reading: map.inputs))
      }
      switch operation {
      case .multiply, .columns, .triangle, .quadratic, .moments:
        if operation.writes.allSatisfy({ isUnread($0, read) }) { continue }
      default: break
      }
      read.formUnion(operation.reads)
      kept.append(operation)
    }
    operations = kept.reversed()
    let touched = Set(operations.flatMap { $0.reads + $0.writes })
    tensors = tensors.filter(touched.contains)
  }

  /// Sums gradients leaf by leaf, where nothing else brings together what belongs to different images.
  ///
  /// - Parameters:
  ///   - leaves: The leaves of a batch.
  ///   - images: The images that it has.
  /// - Returns: False if something else does, in which case nothing changed.
  public mutating func sumGradients(of leaves: Int, images: Int) -> Bool {
    guard operations.keepApart(images) else { return false }
    operations = operations.map { operation in
      guard case .weightGradient(var gradient) = operation else { return operation }
      gradient.leaves = leaves
      return .weightGradient(gradient)
    }
    return true
  }

  private func isUnread(_ tensor: Tensor, _ read: Set<Tensor>) -> Bool {
    tensor.role == .temporary && !read.contains(tensor)
  }

  /// True if an operation writes a tensor.
  func writes(_ tensor: Tensor) -> Bool { written.contains(tensor) }

  /// Refuses what cannot be differentiated.
  func expect(_ condition: Bool, _ what: String) throws(ProgramError) {
    guard condition else {
      throw .invalid(operation: "derivation", problem: "there is no way back through \(what).")
    }
  }

  /// The finished program.
  public func build() -> Program {
    Program(name: name, operations: operations, tensors: tensors)
  }

  private mutating func register(_ tensor: Tensor) throws(ProgramError) {
    // A parameter, its gradient and its moments share a name on purpose.
    let key = tensor.role == .gradient ? "gradient of \(tensor.name)" : tensor.name
    if let known = byName[key] {
      guard known == tensor else { throw .nameTaken(tensor: tensor.name) }
      return
    }
    byName[key] = tensor
    tensors.append(tensor)
  }
}
