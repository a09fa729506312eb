import COpenCL
import Compute

/// A program whose launches are bound to its buffers.
final class OpenCLExecutable: Executable {
  let program: Program
  private let memory: OpenCLMemory
  private let device: OpenCLDevice
  private let workspace: Arena
  private let placements: [Tensor: Placement]
  private let regions: [Range<Int>]
  let sequence: LaunchSequence
  private let launches: [BoundLaunch]
  private let control: Buffer
  /// The weights whose second copies the program reads.
  private let transposed: [Tensor]
  private let protection: Protection

  init(
    _ program: Program, on memory: OpenCLMemory, protection: Protection = .none,
    fusion: Fusion? = nil
  ) throws(DeviceError) {
    self.program = program
    self.memory = memory
    self.protection = protection
    let device = memory.device
    self.device = device
    if program.updatesParameters, memory.parameters.isEmpty {
      throw .unsupported(
        device: device.name, operation: "adam", reason: "the memory holds no parameters.")
    }
    for operation in program.operations {
      guard let reason = device.obstacle(to: operation) else { continue }
      throw .unsupported(device: device.name, operation: operation.kind, reason: "\(reason).")
    }
    sequence = LaunchSequence(
      program, tuning: device.tuning, computeUnits: device.description.computeUnits,
      parameters: memory.parameters,
      fusion: fusion ?? .of(protection))
    let workspaceLayout = WorkspaceLayout(
      program, sequence, layout: memory.layout, protection: protection)
    placements = workspaceLayout.placements
    regions = workspaceLayout.regions
    let unstored = sequence.unstored
    for tensor in program.tensors where !unstored.contains(tensor) {
      let isHere =
        placements[tensor] != nil || memory.placement(of: tensor) != nil
        || memory.resident(tensor) != nil
      guard isHere else { throw .unknownTensor(name: tensor.name, role: tensor.role) }
    }
    workspace = try Arena(
      device, count: workspaceLayout.size, what: "the workspace of '\(program.name)'")
    if protection == .guarded { try workspace.guardAround(regions) }
    control = try Buffer(device, byteCount: 64, isReadOnly: true, what: "the control record")
    let factory = DescriptorFactory(program, memory: memory, placements: placements)
    transposed = factory.transposedWeights
    for module in sequence.modules { _ = try device.library(module) }
    try device.tryOut(sequence.modules)
    let libraries = try sequence.launches.map { [sequence] launch throws(DeviceError) in
      try device.library(sequence.module(of: launch))
    }
    let descriptors = try zip(sequence.launches, libraries).map {
      [sequence] launch, library throws(DeviceError) in
      try factory.descriptors(of: launch, in: sequence, maps: library.maps)
    }
    let table = try device.makeTable(descriptors.flatMap(\.self))
    let arenas = try memory.arguments(touching: factory.arenas, otherwise: workspace.memory)
    launches = try Self.bind(
      sequence, descriptors.map(\.count), memory, libraries, arenas: arenas, workspace: workspace,
      control: control, table: table)
  }

  private static func bind(
    _ sequence: LaunchSequence, _ counts: [Int], _ memory: OpenCLMemory,
    _ libraries: [KernelLibrary], arenas: [cl_mem], workspace: Arena,
    control: Buffer, table: Buffer
  ) throws(DeviceError) -> [BoundLaunch] {
    var result: [BoundLaunch] = []
    var first = 0
    for (launch, (count, library)) in zip(sequence.launches, zip(counts, libraries)) {
      var buffers = BoundLaunch.Buffers(
        arenas: arenas, source: workspace.memory, order: workspace.memory,
        control: control.memory, table: table)
      for case .gather(let gather) in launch.operations.map({ sequence.program.operations[$0] }) {
        buffers.source = memory.resident(gather.source) ?? buffers.source
        buffers.order = memory.resident(gather.order) ?? buffers.order
      }
      result.append(
        try BoundLaunch(
          launch, descriptors: first..<first + count,
          localBytes: memory.device.tuning.localBytes(of: launch.kernel.file), buffers: buffers,
          library: library))
      first += count
    }
    return result
  }

  // MARK: Running

  /// Starts one run, for which nothing is allocated.
  func run(_ record: Control) throws(DeviceError) {
    let queue = device.queue
    try set(record, on: queue)
    try memory.refreshTransposes(of: transposed)
    for launch in launches { try launch.enqueue(on: queue) }
    noteUpdate()
    try call("clFlush") { clFlush(queue) }
    try device.noteEnqueued(launches.count + 1)
  }

  private func set(_ record: Control, on queue: cl_command_queue) throws(DeviceError) {
    // A fill takes its pattern before it returns, so the words need no life of their own.
    var words = record.words
    try call("clEnqueueFillBuffer") {
      clEnqueueFillBuffer(queue, control.memory, &words, 64, 0, 64, 0, nil, nil)
    }
  }

  /// An update that joins the gradients writes the second copies that the program itself needs.
  private func noteUpdate() {
    guard program.updatesParameters else { return }
    memory.noteUpdate(refreshing: sequence.joinsUpdate ? transposed : [])
  }

  func finish() throws(DeviceError) { try device.finish() }

  /// One run on a queue that keeps time; the nanoseconds of each launch.
  func profile(
    _ record: Control, on queue: cl_command_queue
  ) throws(DeviceError) -> [Double] {
    try memory.refreshTransposes(of: transposed)
    try finish()
    try set(record, on: queue)
    var events = [cl_event?](repeating: nil, count: launches.count)
    defer { for event in events where event != nil { clReleaseEvent(event) } }
    for (index, launch) in launches.enumerated() {
      try launch.enqueue(on: queue, event: &events[index])
    }
    noteUpdate()
    try call("clFinish") { clFinish(queue) }
    var result: [Double] = []
    for event in events {
      var times: [cl_ulong] = [0, 0]
      for (index, key) in [CL_PROFILING_COMMAND_START, CL_PROFILING_COMMAND_END].enumerated() {
        try call("clGetEventProfilingInfo") {
          clGetEventProfilingInfo(event, cl_profiling_info(key), 8, &times[index], nil)
        }
      }
      result.append(Double(times[1] - times[0]))
    }
    return result
  }

  // MARK: Values

  func upload(_ values: HostValues, to tensor: Tensor) throws(DeviceError) {
    guard placements[tensor] != nil else { return try memory.upload(values, to: tensor) }
    try values.check(against: tensor)
    try placed(tensor).upload(values)
  }

  func download(_ tensor: Tensor) throws(DeviceError) -> HostValues {
    // Temporaries share their places unless they are guarded.
    if tensor.role == .temporary, protection != .guarded { return try memory.download(tensor) }
    return try placed(tensor).download()
  }

  func poison(_ tensors: [Tensor]) throws(DeviceError) {
    let unstored = sequence.unstored
    for tensor in tensors where !unstored.contains(tensor) {
      try placed(tensor).fill(with: Arena.poisonWord)
    }
  }

  func damage() throws(DeviceError) -> [String] {
    guard protection == .guarded else { return [] }
    var result = try memory.damage()
    if let index = try workspace.damagedGuard(around: regions) {
      result.append("guard word \(index) of the workspace changed")
    }
    for tensor in program.operations.flatMap(\.writes) where tensor.element == .float32 {
      if let damage = try placed(tensor).paddingDamage() { result.append(damage) }
    }
    return result
  }

  /// The program's own tensor, or one of the memory's.
  private func placed(_ tensor: Tensor) throws(DeviceError) -> PlacedTensor {
    guard let placement = placements[tensor] else { return try memory.placed(tensor) }
    return PlacedTensor(
      tensor: tensor, arena: workspace, offset: placement.offset, layout: memory.layout)
  }
}

extension Program {
  /// True if the program ends with the optimizer.
  var updatesParameters: Bool {
    if case .adam = operations.last { true } else { false }
  }
}
