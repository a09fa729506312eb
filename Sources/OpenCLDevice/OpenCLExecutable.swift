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
  private let launches: [BoundLaunch]
  private let control: Buffer
  private let usesTransposes: Bool
  private let updatesParameters: Bool
  private let protection: Protection

  init(
    _ program: Program, on memory: OpenCLMemory, protection: Protection
  ) throws(DeviceError) {
    self.program = program
    self.memory = memory
    self.protection = protection
    let device = memory.device
    self.device = device
    if program.updatesParameters, memory.parameterFloats == 0 {
      throw .unsupported(
        device: device.name, operation: "adam", reason: "the memory holds no parameters.")
    }
    let plan = LaunchPlan(
      program, tuning: device.tuning, computeUnits: device.description.computeUnits,
      parameterFloats: memory.parameterFloats)
    let workspacePlan = WorkspacePlan(
      program, plan.launches, layout: memory.layout, protection: protection)
    placements = workspacePlan.placements
    regions = workspacePlan.regions
    for tensor in program.tensors {
      let isHere =
        placements[tensor] != nil || memory.placement(of: tensor) != nil
        || memory.resident(tensor) != nil
      guard isHere else { throw .unknownTensor(name: tensor.name, role: tensor.role) }
    }
    workspace = try Arena(
      device, count: workspacePlan.size, what: "the workspace of '\(program.name)'")
    if protection == .guarded { try workspace.guardAround(regions) }
    control = try Buffer(device, byteCount: 64, isReadOnly: true, what: "the control record")
    let table = try device.makeTable(try Self.descriptors(program, plan, memory, placements))
    launches = try Self.bind(
      program, plan, memory, workspace: workspace, control: control, table: table)
    usesTransposes = program.operations.contains {
      if case .multiply(let multiply) = $0 { multiply.transposed } else { false }
    }
    updatesParameters = program.updatesParameters
  }

  private static func descriptors(
    _ program: Program, _ plan: LaunchPlan, _ memory: OpenCLMemory,
    _ placements: [Tensor: Placement]
  ) throws(DeviceError) -> [Descriptor] {
    let descriptors = plan.launches.flatMap { launch in
      launch.operations.enumerated().map { position, index in
        let operation = program.operations[index]
        var descriptor = Descriptor(
          operation, transposedWeight: memory.transposedPlacement,
          place: { tensor in
            guard let placement = placements[tensor] ?? memory.placement(of: tensor) else {
              preconditionFailure("\(tensor) has no place")
            }
            return placement
          })
        descriptor.rowsPerUnit = (operation.rows ?? launch.units) / launch.units
        if !launch.firstGroups.isEmpty { descriptor.firstGroup = launch.firstGroups[position] }
        return descriptor
      }
    }
    for descriptor in descriptors {
      if let number = descriptor.tooLarge {
        throw .unsupported(
          device: memory.device.name, operation: "\(descriptor.kind)",
          reason: "\(number) is more than its 32-bit counters hold. Use a smaller batch.")
      }
    }
    return descriptors
  }

  private static func bind(
    _ program: Program, _ plan: LaunchPlan, _ memory: OpenCLMemory, workspace: Arena,
    control: Buffer, table: Buffer
  ) throws(DeviceError) -> [BoundLaunch] {
    let library = try memory.device.library()
    var result: [BoundLaunch] = []
    var first = 0
    for launch in plan.launches {
      var buffers = BoundLaunch.Buffers(
        arenas: memory.arenas.map(\.memory) + [workspace.memory], source: workspace.memory,
        order: workspace.memory, control: control.memory, table: table)
      for case .gather(let gather) in launch.operations.map({ program.operations[$0] }) {
        buffers.source = memory.resident(gather.source) ?? buffers.source
        buffers.order = memory.resident(gather.order) ?? buffers.order
      }
      result.append(try BoundLaunch(launch, first: first, buffers: buffers, library: library))
      first += launch.operations.count
    }
    return result
  }

  // MARK: Running

  func run(_ record: Control) throws(DeviceError) {
    let queue = device.queue
    let buffer = control.memory
    // A fill takes its pattern before it returns, so the record needs no life of its own.
    try call("clEnqueueFillBuffer") {
      clEnqueueFillBuffer(queue, buffer, record.words, 64, 0, 64, 0, nil, nil)
    }
    if usesTransposes { try memory.refreshTransposes() }
    if updatesParameters { memory.transposesAreStale = true }
    for launch in launches { try launch.enqueue(on: queue) }
    try call("clFlush") { clFlush(queue) }
  }

  func finish() throws(DeviceError) { try device.finish() }

  /// The number of kernels that one run starts.
  var launchCount: Int { launches.count }

  // MARK: Values

  func upload(_ values: HostValues, to tensor: Tensor) throws(DeviceError) {
    guard let placement = placements[tensor] else {
      return try memory.upload(values, to: tensor)
    }
    try values.check(against: tensor)
    try workspace.write(memory.layout.arrange(values.asFloats, as: tensor), at: placement.offset)
  }

  func download(_ tensor: Tensor) throws(DeviceError) -> HostValues {
    // Temporaries share their places unless they are guarded.
    guard let placement = placements[tensor], tensor.role != .temporary || protection == .guarded
    else {
      return try memory.download(tensor)
    }
    let range = placement.offset..<placement.offset + memory.layout.size(of: tensor)
    return .init(
      memory.layout.collect(try workspace.read(range), of: tensor), as: tensor.element)
  }

  func poison(_ tensors: [Tensor]) throws(DeviceError) {
    for tensor in tensors {
      guard let placement = placements[tensor] else {
        try memory.poison([tensor])
        continue
      }
      try workspace.fill(
        placement.offset..<placement.offset + memory.layout.occupied(by: tensor),
        with: Arena.poisonWord)
    }
  }

  func damage() throws(DeviceError) -> [String] {
    guard protection == .guarded else { return [] }
    var result = try memory.damage()
    if let index = try workspace.damagedGuard(around: regions) {
      result.append("guard word \(index) of the workspace changed")
    }
    for tensor in program.operations.flatMap(\.writes) where tensor.element == .float32 {
      guard let placement = placements[tensor] else {
        result += try memory.paddingDamage(of: tensor)
        continue
      }
      guard memory.layout == .panels else { continue }
      let range = placement.offset..<placement.offset + memory.layout.occupied(by: tensor)
      if let index = memory.layout.dirtyPadding(try workspace.read(range), of: tensor) {
        result.append("padding \(index) of \(tensor) is not zero")
      }
    }
    return result
  }
}

extension Program {
  /// Whether the program ends with the optimizer.
  fileprivate var updatesParameters: Bool {
    if case .adam = operations.last { true } else { false }
  }
}
