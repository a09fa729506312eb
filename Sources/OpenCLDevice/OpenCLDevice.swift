import COpenCL
import Compute

/// Any device of any OpenCL platform.
///
/// Programs compile once to kernels with bound arguments and replay on one in-order queue.
/// Memories and executables hold their device; its context is released with the last of them.
public final class OpenCLDevice: Device {
  public let backend = "opencl"
  public let description: DeviceDescription
  public internal(set) var tuning: Tuning
  /// The tunings to take instead, the best first, until programs have shown that their kernels run with one.
  var otherTunings: [Tuning]
  private let optimizes: Bool
  let context: cl_context
  let queue: cl_command_queue
  let budget = MemoryBudget()
  let staging = Staging()
  let cache: BinaryCache?
  /// The commands that were enqueued since the queue was last known to be empty.
  private var pending = 0
  private(set) var loaded: [(module: KernelModule, library: KernelLibrary)] = []
  /// Tells of compilations that take long.
  public let compilation = CompilationWatch()
  /// Why the tuning that was kept for the device is not used; nil if nothing is amiss.
  public private(set) var note: String?
  public var ranks: any Ranks = OneProcess()
  /// Tries kernels before programs are compiled to them; nil for none.
  public var trial: Trial?

  public var name: String { description.name }

  public var layout: String { tuning.schedule.rawValue }

  public var driver: String? { description.driver }

  /// Opens a device.
  ///
  /// The first of a process sets the environment variable `POCL_AFFINITY` to 1 unless it is set, so
  /// that PoCL keeps its threads in place, if the process may use every processor.
  ///
  /// - Parameters:
  ///   - selection: The device.
  ///   - schedule: A schedule other than the one that suits the device, for tests.
  ///   - optimizes: False for kernels that are each run for a moment, which take several times as long to
  ///     optimize.
  public static func open(
    _ selection: DeviceSelection = .automatic, schedule: Schedule? = nil, optimizes: Bool = true
  ) throws(DeviceError) -> OpenCLDevice {
    let description = try DeviceList.find(selection)
    if let problem = description.problem {
      throw .noUsableDevice(reasons: ["\(description.summary): \(problem)"])
    }
    let (tunings, note) = Tuning.choices(for: description, schedule: schedule)
    let device = try OpenCLDevice(
      description, tuning: tunings[0], otherwise: Array(tunings.dropFirst()), optimizes: optimizes,
      cache: .standard)
    device.note = note
    return device
  }

  /// Opens a device with a tuning that is being tried out.
  public static func open(
    _ description: DeviceDescription, tuning: Tuning
  ) throws(DeviceError) -> OpenCLDevice {
    try OpenCLDevice(description, tuning: tuning, cache: .standard)
  }

  init(
    _ description: DeviceDescription, tuning: Tuning, otherwise others: [Tuning] = [],
    optimizes: Bool = true, cache: BinaryCache?
  ) throws(DeviceError) {
    guard tuning.fits(description) else {
      throw .unsupported(
        device: description.name, operation: "\(tuning.schedule.rawValue) schedule",
        reason: "its work-groups hold \(description.largestWorkGroup) work-items and "
          + "\(description.localMemoryBytes) bytes of local memory.")
    }
    self.description = description
    self.tuning = tuning
    otherTunings = others
    self.optimizes = optimizes
    self.cache = cache
    var device: cl_device_id? = description.handle.device
    let context = try make("clCreateContext") {
      clCreateContext(nil, 1, &device, nil, nil, $0)
    }
    self.context = context
    do {
      queue = try make("clCreateCommandQueue") {
        clCreateCommandQueue(context, description.handle.device, 0, $0)
      }
    } catch {
      clReleaseContext(context)
      throw error
    }
  }

  /// Waits for everything, and keeps compiled kernels for the next process, unless the driver does.
  /// Without it a device ends as well, and its kernels may be compiled again.
  public func close() {
    // Nobody waits for what fails here; kernels that ran are worth keeping all the same.
    _ = clFinish(queue)
    for (_, library) in loaded { library.store() }
  }

  deinit {
    // The queue may still read uploads, whose copies end with the device. Nobody is left to be told
    // of a failure.
    _ = clFinish(queue)
    clReleaseCommandQueue(queue)
    clReleaseContext(context)
  }

  public func obstacle(to operation: Compute.Operation) -> String? {
    guard case .weightGradient(let gradient) = operation, gradient.leaves > tuning.mostLeaves
    else { return nil }
    return "its \(layout) add at most \(tuning.mostLeaves) leaves, not \(gradient.leaves)"
  }

  public func bytes(of tensor: Tensor) -> Int {
    tensor.role == .resident ? tensor.byteCount : 4 * tuning.schedule.size(of: tensor)
  }

  public func workspaceBytes(of program: Program) -> Int {
    let sequence = LaunchSequence(
      program, tuning: tuning, computeUnits: description.computeUnits, parameters: [])
    return 4 * WorkspaceLayout(program, sequence, layout: tuning.schedule, protection: .none).size
  }

  public var memoryBytes: Int {
    min(description.memoryBytes, 4 * description.largestAllocationBytes)
  }

  public func allocate(
    _ tensors: [Tensor], protection: Protection
  ) throws(DeviceError) -> any Memory {
    try OpenCLMemory(tensors, on: self, protection: protection)
  }

  public func compile(
    _ program: Program, on memory: any Memory, protection: Protection
  ) throws(DeviceError) -> any Executable {
    guard let memory = memory as? OpenCLMemory, memory.device === self else {
      throw .foreignMemory(device: name)
    }
    // Nothing was prepared.
    if !otherTunings.isEmpty { _ = try load([program], protection: protection) }
    return try OpenCLExecutable(program, on: memory, protection: protection)
  }

  public func prepare(_ programs: [Program], protection: Protection) throws(DeviceError) {
    try tryOut(load(programs, protection: protection))
  }

  /// The kernels of a module, compiled or loaded when they are first needed.
  func library(_ module: KernelModule) throws(DeviceError) -> KernelLibrary {
    if let known = loaded.first(where: { $0.module.contains(module) }) { return known.library }
    let source = KernelSource(module)
    let library = try KernelLibrary(
      source.text, maps: source.maps, context: context, device: description, tuning: tuning,
      optimizes: optimizes, cache: cache, watch: compilation)
    loaded.append((module, library))
    return library
  }

  /// Takes the next tuning instead of one whose kernels do not run here, which are kept so that this is found
  /// out at once the next time.
  func takeNextTuning() {
    for (_, library) in loaded { library.storeAnyhow() }
    loaded = []
    tuning = otherTunings.removeFirst()
  }

  /// Lets programs run on some kernels where others would serve them as well.
  func prefer(_ libraries: [KernelLibrary]) {
    loaded.sort { one, other in
      libraries.contains { $0 === one.library } && !libraries.contains { $0 === other.library }
    }
  }

  /// True if all kernels so far came compiled out of the cache, or out of the driver's own.
  public var kernelsAreCached: Bool { loaded.allSatisfy { $0.library.isFromCache } }

  func finish() throws(DeviceError) {
    let queue = queue
    try call("clFinish") { clFinish(queue) }
    queueIsEmpty()
  }

  /// The commands that may wait in the queue: a driver keeps some hundred thousand bytes for each.
  private static let mostPending = 512

  /// Counts commands that were enqueued; waits for them where there are too many.
  func noteEnqueued(_ commands: Int) throws(DeviceError) {
    pending += commands
    if pending > Self.mostPending { try finish() }
  }

  /// The housekeeping for when everything enqueued is known to be done.
  func queueIsEmpty() {
    pending = 0
    staging.clear()
    compilation.end()
  }

  /// A buffer with a table of descriptors.
  func makeTable(_ descriptors: [Descriptor]) throws(DeviceError) -> Buffer {
    let words = descriptors.flatMap(\.words)
    let table = try Buffer(
      self, byteCount: words.count * 4, isReadOnly: true, what: "the table of operations")
    try table.write(words, at: 0, self)
    return table
  }
}
