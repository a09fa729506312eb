import Foundation

/// A place where programs run.
///
/// A device lays tensors out as it likes and fuses operations as it likes; uploads and downloads
/// convert. Everything runs in the order in which it was asked for, and only a download or
/// `finish()` waits (and, rarely, an upload, when too many are under way).
///
/// A device serves one thread at a time, with everything that it made: its memories, their executables,
/// and what those run. Any thread may be the one, and another may take over once a call has returned.
/// `backend`, `name` and `memoryBytes`, and the questions `obstacle(to:)`, `bytes(of:)` and
/// `workspaceBytes(of:)` change nothing and may be asked on any thread meanwhile. Two devices know
/// nothing of each other and may work side by side. A memory belongs to the device that allocated it, an
/// executable to the memory that it was compiled on; both keep alive what they belong to, and a memory
/// of another device is refused.
public protocol Device: AnyObject {
  /// The kind of device as the command line selects it: `opencl` or `cpu`.
  var backend: String { get }

  /// The name as the driver gives it.
  var name: String { get }

  /// How tensors lie in its memory, in a word: the same where gradients of two devices can be added.
  var layout: String { get }

  /// The version of the driver that computes, on which rounding may depend; nil where there is none.
  var driver: String? { get }

  /// Why the device cannot do an operation; nil if it can.
  func obstacle(to operation: Operation) -> String?

  /// The size of a tensor on this device, in bytes.
  func bytes(of tensor: Tensor) -> Int

  /// The size of a program's own tensors together, in bytes.
  func workspaceBytes(of program: Program) -> Int

  /// The bytes that one process may hold, as far as the device tells; else those of the machine.
  var memoryBytes: Int { get }

  /// The most operations of matrix products that the device does in a second; nil if it does not know.
  /// It may have to be measured, which takes a moment.
  var operationsPerSecond: Double? { get }

  /// Makes room for parameters, states and resident data that programs share. Gradients and moments
  /// of the parameters get theirs when a program or the host first needs them. Everything but resident
  /// data starts at zero.
  func allocate(_ tensors: [Tensor], protection: Protection) throws(DeviceError) -> any Memory

  /// Makes ready for programs that are about to be compiled, so that what they share is compiled once.
  func prepare(_ programs: [Program], protection: Protection) throws(DeviceError)

  /// The processes that work side by side, of which this device's is one: whatever divides work over them
  /// asks here.
  var ranks: any Ranks { get set }

  /// Compiles a program for any number of runs.
  func compile(
    _ program: Program, on memory: any Memory, protection: Protection
  ) throws(DeviceError) -> any Executable

  /// Ends the work: waits for everything, and keeps what the next process would have to make anew.
  /// This may take a while, which is why it is not left to the device's end.
  ///
  /// A device may be used afterwards, and closed again. Its memory goes with it and with the last of
  /// the memories and executables that hold it, not here. A failure of work that nobody waited for is
  /// not told.
  func close()
}

extension Device {
  public func close() {}

  public func obstacle(to operation: Operation) -> String? { nil }

  public func bytes(of tensor: Tensor) -> Int { tensor.byteCount }

  public func workspaceBytes(of program: Program) -> Int {
    let lifetimes = program.lifetimes()
    let temporaries = program.tensors(.temporary).map { tensor in
      MemoryPlan.Block(size: tensor.byteCount, lifetime: lifetimes[tensor] ?? 0...0)
    }
    return MemoryPlan(temporaries).size
      + (program.tensors(.input) + program.tensors(.output)).reduce(0) { $0 + $1.byteCount }
  }

  public var layout: String { backend }

  public var driver: String? { nil }

  public var memoryBytes: Int { Int(clamping: ProcessInfo.processInfo.physicalMemory) }

  public var operationsPerSecond: Double? { nil }

  public func prepare(_ programs: [Program], protection: Protection) throws(DeviceError) {}

  public func prepare(_ programs: [Program]) throws(DeviceError) {
    try prepare(programs, protection: .none)
  }

  public func allocate(_ tensors: [Tensor]) throws(DeviceError) -> any Memory {
    try allocate(tensors, protection: .none)
  }

  public func compile(
    _ program: Program, on memory: any Memory
  ) throws(DeviceError) -> any Executable {
    try compile(program, on: memory, protection: .none)
  }
}

/// The watch for stray writes to memory.
public enum Protection: Hashable, Sendable {
  case none
  /// Guard words stand around every tensor of a program, every state, and the arenas of parameters;
  /// tensors can be poisoned, and temporaries keep places of
  /// their own, so that they can be downloaded.
  case guarded
}

/// Values as the host exchanges them.
public enum HostValues: Hashable, Sendable {
  case floats([Float])
  case bytes([UInt8])
  case words([UInt32])

  public var count: Int {
    switch self {
    case .floats(let values): values.count
    case .bytes(let values): values.count
    case .words(let values): values.count
    }
  }

  public var element: Element {
    switch self {
    case .floats: .float32
    case .bytes: .uint8
    case .words: .uint32
    }
  }

  /// The values as floats; words keep their bits.
  public var floatBits: [Float] {
    switch self {
    case .floats(let values): values
    case .words(let values): values.map { Float(bitPattern: $0) }
    case .bytes(let values): values.map(Float.init)
    }
  }

  /// Checks that the values fit a tensor.
  public func check(against tensor: Tensor) throws(DeviceError) {
    guard element == tensor.element else {
      throw .wrongElement(tensor: tensor.name, expected: tensor.element, found: element)
    }
    guard count == tensor.shape.count else {
      throw .wrongCount(tensor: tensor.name, expected: tensor.shape.count, found: count)
    }
  }
}

/// Something that holds tensors: matrices row by row, whatever their layout on the device.
public protocol TensorStore: AnyObject {
  /// Replaces a tensor's values.
  func upload(_ values: HostValues, to tensor: Tensor) throws(DeviceError)

  /// Waits for what was asked before, and reads a tensor's values.
  func download(_ tensor: Tensor) throws(DeviceError) -> HostValues

  /// Fills what the next run is to write with NaN, padding included. Needs `Protection.guarded`.
  func poison(_ tensors: [Tensor]) throws(DeviceError)

  /// Describes every guard word that changed and all padding that is not zero; empty if intact.
  func damage() throws(DeviceError) -> [String]
}

extension TensorStore {
  public func upload(_ values: [Float], to tensor: Tensor) throws(DeviceError) {
    try upload(.floats(values), to: tensor)
  }

  /// Reads a tensor of numbers.
  public func floats(_ tensor: Tensor) throws(DeviceError) -> [Float] {
    guard case .floats(let values) = try download(tensor) else {
      throw .wrongElement(tensor: tensor.name, expected: .float32, found: tensor.element)
    }
    return values
  }
}

/// Tensors that outlive a program and that several programs share.
public protocol Memory: TensorStore {
  var tensors: [Tensor] { get }

  /// Fills tensors with zeros.
  func clear(_ tensors: [Tensor]) throws(DeviceError)

  /// Waits for what was asked before, and adds the gradients of all parameters, end to end as the device
  /// lays them out, to a sum.
  ///
  /// - Parameters:
  ///   - others: Numbers that follow them.
  ///   - sum: What they are added to; what is empty becomes them.
  func addGradients(followedBy others: [Float], to sum: inout [Float]) throws(DeviceError)

  /// Replaces the gradients of all parameters by the first of some values.
  func setGradients(_ values: [Float]) throws(DeviceError)
}

extension Memory {
  private var gradientTensors: [Tensor] {
    tensors.filter { $0.role == .parameter }.map { $0.counterpart(.gradient) }
  }

  public func addGradients(
    followedBy others: [Float], to sum: inout [Float]
  ) throws(DeviceError) {
    var values: [Float] = []
    for tensor in gradientTensors { values += try floats(tensor) }
    LeafTree.add(values + others, to: &sum)
  }

  public func setGradients(_ values: [Float]) throws(DeviceError) {
    var rest = values[...]
    for tensor in gradientTensors {
      try upload(Array(rest.prefix(tensor.shape.count)), to: tensor)
      rest = rest.dropFirst(tensor.shape.count)
    }
  }
}

/// A compiled program with its inputs, outputs and workspace.
public protocol Executable: TensorStore {
  var program: Program { get }

  /// Starts one run; returns before it is done.
  func run(_ control: Control) throws(DeviceError)

  /// Waits until everything asked for is done.
  func finish() throws(DeviceError)
}
