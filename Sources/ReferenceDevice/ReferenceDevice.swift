import Compute

/// Every operation as plain loops over `Double`: the oracle that other devices are compared with.
///
/// It is written to be read beside the equations in `Operation`. Only the noise is computed in
/// `Float`, because there every device must agree to the bit.
public final class ReferenceDevice: Device {
  public let backend = "cpu"
  public let name = "reference"
  public var ranks: any Ranks = OneProcess()
  /// Chooses how tensors are rounded to single precision; nil for tensors that are not.
  private let rounding: UInt64?

  /// A device that computes in double precision.
  ///
  /// - Parameter rounding: A seed by which every number that an operation writes, and every step of a
  ///   formula, is rounded to single precision, up or down by chance. How far such runs lie apart is
  ///   how exact a device in single precision can be. What an update changes is not rounded.
  public init(rounding: UInt64? = nil) {
    self.rounding = rounding
  }

  public func allocate(
    _ tensors: [Tensor], protection: Protection
  ) throws(DeviceError) -> any Memory {
    try ReferenceMemory(tensors, on: self)
  }

  public func compile(
    _ program: Program, on memory: any Memory, protection: Protection
  ) throws(DeviceError) -> any Executable {
    guard let memory = memory as? ReferenceMemory, memory.device === self else {
      throw .foreignMemory(device: name)
    }
    return try ReferenceExecutable(
      program, on: memory, protection: protection, rounding: rounding)
  }
}

/// Values by tensor, row by row.
final class ReferenceMemory: Memory {
  let tensors: [Tensor]
  let device: ReferenceDevice
  var values: [Tensor: [Double]] = [:]
  var bytes: [Tensor: [UInt8]] = [:]
  /// The gradients and moments of the parameters, which have values once something needs them.
  private let companions: Set<Tensor>

  init(_ tensors: [Tensor], on device: ReferenceDevice) throws(DeviceError) {
    self.tensors = tensors
    self.device = device
    companions = Set(
      tensors.filter { $0.role == .parameter }.flatMap { parameter in
        [Role.gradient, .firstMoment, .secondMoment, .average].map(parameter.counterpart)
      })
    for tensor in tensors {
      switch tensor.role {
      case .parameter, .state, .accumulator: values[tensor] = try device.zeros(tensor)
      case .resident:
        if tensor.element == .uint8 {
          try device.check(tensor.shape.count, for: "'\(tensor.name)'")
          bytes[tensor] = Array(repeating: 0, count: tensor.shape.count)
        } else {
          values[tensor] = try device.zeros(tensor)
        }
      case .gradient, .firstMoment, .secondMoment, .average, .input, .output, .temporary:
        throw .unknownTensor(name: tensor.name, role: tensor.role)
      }
    }
    try checkRoom()
  }

  /// Refuses to begin where not as much again is there: whoever fills or saves the memory has all of it,
  /// and operations compute beside what they replace.
  ///
  /// - Parameter own: The numbers that a program holds beside the memory's.
  func checkRoom(beside own: Int = 0) throws(DeviceError) {
    try device.check(8 * values.values.reduce(own) { $0 + $1.count }, for: "its work")
  }

  /// Refuses a tensor that is not the memory's; gives a gradient or moment its values, zeros.
  func require(_ tensor: Tensor) throws(DeviceError) {
    if values[tensor] != nil || bytes[tensor] != nil { return }
    guard companions.contains(tensor) else {
      throw .unknownTensor(name: tensor.name, role: tensor.role)
    }
    values[tensor] = try device.zeros(tensor)
  }

  func requireCompanions(of roles: Set<Role>) throws(DeviceError) {
    for tensor in companions where roles.contains(tensor.role) { try require(tensor) }
  }

  func upload(_ values: HostValues, to tensor: Tensor) throws(DeviceError) {
    try values.check(against: tensor)
    try require(tensor)
    if case .bytes(let values) = values {
      bytes[tensor] = values
    } else {
      self.values[tensor] = values.asDoubles
    }
  }

  func download(_ tensor: Tensor) throws(DeviceError) -> HostValues {
    try require(tensor)
    if let bytes = bytes[tensor] { return .bytes(bytes) }
    guard let values = values[tensor] else {
      throw .unknownTensor(name: tensor.name, role: tensor.role)
    }
    return HostValues(values, as: tensor.element)
  }

  func poison(_ tensors: [Tensor]) throws(DeviceError) {
    for tensor in tensors { values[tensor] = Array(repeating: .nan, count: tensor.shape.count) }
  }

  func clear(_ tensors: [Tensor]) throws(DeviceError) {
    for tensor in tensors { values[tensor] = Array(repeating: 0, count: tensor.shape.count) }
  }

  /// Arrays check their own bounds.
  func damage() throws(DeviceError) -> [String] { [] }
}

/// A program that runs operation by operation.
public final class ReferenceExecutable: Executable {
  public let program: Program
  let memory: ReferenceMemory
  var own: [Tensor: [Double]] = [:]
  var control = Control()

  private let protection: Protection
  let rounding: Rounding?
  /// The steps of each map, none for other operations.
  private let formulas: [FormulaSteps]

  init(
    _ program: Program, on memory: ReferenceMemory, protection: Protection, rounding: UInt64?
  ) throws(DeviceError) {
    self.program = program
    self.memory = memory
    self.protection = protection
    self.rounding = rounding.map(Rounding.init)
    formulas = program.operations.map { operation in
      guard case .map(let map) = operation else { return FormulaSteps([]) }
      return FormulaSteps(map.results.map(\.formula))
    }
    for tensor in program.tensors {
      switch tensor.role {
      case .input, .output, .temporary: own[tensor] = try memory.device.zeros(tensor)
      case .parameter, .gradient, .firstMoment, .secondMoment, .average, .accumulator, .state,
        .resident:
        try memory.require(tensor)
      }
    }
    // What works on whole arenas names no tensor: it takes all that the memory holds.
    for operation in program.operations {
      try memory.requireCompanions(of: operation.impliedRoles)
    }
    try memory.checkRoom(beside: own.values.reduce(0) { $0 + $1.count })
  }

  public func run(_ control: Control) throws(DeviceError) {
    self.control = control
    for (index, operation) in program.operations.enumerated() {
      run(operation, at: index)
      guard let rounding else { continue }
      for tensor in operation.writes where tensor.element == .float32 {
        self[tensor].withUnsafeMutableBufferPointer { rounding.round($0) }
      }
    }
  }

  public func finish() throws(DeviceError) {}

  public func upload(_ values: HostValues, to tensor: Tensor) throws(DeviceError) {
    guard own[tensor] != nil else { return try memory.upload(values, to: tensor) }
    try values.check(against: tensor)
    own[tensor] = values.asDoubles
  }

  public func download(_ tensor: Tensor) throws(DeviceError) -> HostValues {
    guard let values = own[tensor], tensor.role != .temporary || protection == .guarded else {
      return try memory.download(tensor)
    }
    return HostValues(values, as: tensor.element)
  }

  /// A tensor's values at full precision, for central differences.
  public subscript(tensor: Tensor) -> [Double] {
    get {
      guard let values = own[tensor] ?? memory.values[tensor] else {
        preconditionFailure("\(tensor) holds no numbers here")
      }
      return values
    }
    set {
      if own[tensor] != nil { own[tensor] = newValue } else { memory.values[tensor] = newValue }
    }
  }

  public func poison(_ tensors: [Tensor]) throws(DeviceError) {
    for tensor in tensors { self[tensor] = Array(repeating: .nan, count: tensor.shape.count) }
  }

  public func damage() throws(DeviceError) -> [String] { [] }

  private func run(_ operation: Operation, at index: Int) {
    switch operation {
    case .gather(let operation): run(operation)
    case .multiply(let operation): run(operation)
    case .weightGradient(let operation): run(operation)
    case .noise(let operation): run(operation)
    case .map(let operation): run(operation, by: formulas[index])
    case .columns(let operation): run(operation)
    case .classes(let operation): run(operation)
    case .estimate(let operation): run(operation)
    case .draw(let operation): run(operation)
    case .accumulateWeights(let operation): run(operation)
    case .normalize(let operation): run(operation)
    case .sum(let operation): run(operation)
    case .logSumExp(let operation): run(operation)
    case .relay(let operation): run(operation)
    case .triangle(let operation): run(operation)
    case .quadratic(let operation): run(operation)
    case .moments(let operation): run(operation)
    case .clip(let operation): run(operation)
    case .adam(let operation): run(operation)
    }
  }

  /// The values that a sum starts from: zeros, or the tensor's own, row by row times their decay.
  func start(_ tensor: Tensor, accumulates: Bool, decay: Tensor?) -> [Double] {
    guard accumulates else { return Array(repeating: 0, count: tensor.shape.count) }
    guard let factors = decay.map({ self[$0] }) else { return self[tensor] }
    let perFactor = tensor.shape.count / factors.count
    return self[tensor].enumerated().map { index, value in
      let factor = factors[index / perFactor]
      return factor == 0 ? 0 : factor * value
    }
  }
}

extension HostValues {
  /// The values as numbers; words below 2^32 are exact.
  var asDoubles: [Double] {
    switch self {
    case .floats(let values): values.map(Double.init)
    case .words(let values): values.map(Double.init)
    case .bytes(let values): values.map(Double.init)
    }
  }

  init(_ doubles: [Double], as element: Element) {
    switch element {
    case .float32: self = .floats(doubles.map { Float($0) })
    case .uint32: self = .words(doubles.map { UInt32($0) })
    case .uint8: self = .bytes(doubles.map { UInt8($0) })
    }
  }
}
