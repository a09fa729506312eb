import COpenCL
import Compute

/// A launch of a program as it runs, and its operations.
public struct LaunchProfile: Sendable, Encodable {
  /// The kernel.
  public var launch: String
  public var operations: [Operation]
  /// The median over some runs.
  public var microseconds: Double
  /// The part of all launches' time.
  public var share: Double
  /// The least that the launch could take at the measured peaks: for its arithmetic, or for what it
  /// shares with others and the host, moved once.
  public var floorMicroseconds: Double

  public struct Operation: Sendable, Encodable {
    public var kind: String
    public var result: String
    /// The time of the operation when it has a launch to itself, and its speed there; nil if that was not
    /// asked for.
    public var microsecondsAlone: Double?
    public var gflops: Double?
  }
}

extension OpenCLDevice {
  /// The launches of a program on a memory of the device; nil for another's.
  public func launchCount(of program: Program, on memory: any Memory) -> Int? {
    (memory as? OpenCLMemory).map { memory in
      LaunchSequence(
        program, tuning: tuning, computeUnits: description.computeUnits,
        parameters: memory.parameters
      ).launches.count
    }
  }

  /// Times every launch of a program by the driver's clock.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - memory: The memory that it runs on.
  ///   - peak: The speeds that floors are told by.
  ///   - separately: True to time each operation in a launch to itself as well, whose kernels may have to
  ///     be compiled.
  public func profile(
    of program: Program, on memory: any Memory, peak: DevicePeak, separately: Bool
  ) throws(DeviceError) -> [LaunchProfile] {
    guard let memory = memory as? OpenCLMemory, memory.device === self else {
      throw .foreignMemory(device: name)
    }
    var alone: [Int: Double] = [:]
    if separately {
      for (launch, microseconds) in try times(of: program, on: memory, fusion: .none) {
        for operation in launch.operations { alone[operation] = microseconds }
      }
    }
    let times = try times(of: program, on: memory, fusion: .full)
    let total = times.reduce(0) { $0 + $1.microseconds }
    let floors = floors(of: times.map(\.launch), in: program, on: memory, peak: peak)
    return zip(times, floors).map { time, floor in
      LaunchProfile(
        launch: time.launch.kernel.name,
        operations: time.launch.operations.map { index in
          let operation = program.operations[index]
          let products = operation.productOperations
          return .init(
            kind: operation.kind, result: operation.writes.map(\.name).joined(separator: ", "),
            microsecondsAlone: alone[index],
            gflops: products > 0 ? alone[index].map { products / $0 * 1e-3 } : nil)
        },
        microseconds: time.microseconds, share: time.microseconds / total,
        floorMicroseconds: 1e6 * floor)
    }
  }

  /// The least seconds of each launch.
  private func floors(
    of launches: [Launch], in program: Program, on memory: OpenCLMemory, peak: DevicePeak
  ) -> [Double] {
    let parameterCount = memory.parameters.reduce(0) { $0 + $1.shape.count }
    let touched = launches.map { launch in
      launch.operations.reduce(into: Set<Tensor>()) { result, index in
        result.formUnion(program.operations[index].reads + program.operations[index].writes)
      }
    }
    let touching = touched.reduce(into: [Tensor: Int]()) { counts, tensors in
      for tensor in tensors { counts[tensor, default: 0] += 1 }
    }
    return zip(launches, touched).map { launch, tensors in
      // A temporary that one launch alone touches need not leave its caches.
      let moved = tensors.filter { $0.role != .temporary || touching[$0] != 1 }
      var arithmetic = 0.0
      var bytes = moved.reduce(0) { $0 + Double($1.byteCount) }
      for operation in launch.operations.map({ program.operations[$0] }) {
        let cost = operation.cost(parameterCount: parameterCount)
        arithmetic += cost.floatingPointOperations
        // The arenas of implied roles are no operands. Gradients are measured before they are clipped.
        switch operation {
        case .adam: bytes += cost.bytes
        case .clip: bytes += cost.bytes * (launch.kernel == .measure ? 1 / 3 : 2 / 3)
        default: break
        }
      }
      return max(arithmetic / peak.operationsPerSecond, bytes / peak.bytesPerSecond)
    }
  }

  /// The launches of a program and the median of each in some runs.
  private func times(
    of program: Program, on memory: OpenCLMemory, fusion: Fusion
  ) throws(DeviceError) -> [(launch: Launch, microseconds: Double)] {
    let executable = try OpenCLExecutable(program, on: memory, fusion: fusion)
    let properties = cl_command_queue_properties(CL_QUEUE_PROFILING_ENABLE)
    let (context, device) = (context, description.handle.device)
    let profiled = try make("clCreateCommandQueue") {
      clCreateCommandQueue(context, device, properties, $0)
    }
    defer { clReleaseCommandQueue(profiled) }
    try finish()
    var times = Array(repeating: [Double](), count: executable.sequence.launches.count)
    // Enough for a median; large steps take seconds.
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(1)
    for run in 0..<50 where run < 5 || clock.now < deadline {
      for (index, nanoseconds) in try executable.profile(Control(), on: profiled).enumerated() {
        times[index].append(nanoseconds)
      }
    }
    return zip(executable.sequence.launches, times).map { launch, times in
      (launch, times.sorted()[times.count / 2] * 1e-3)
    }
  }
}
