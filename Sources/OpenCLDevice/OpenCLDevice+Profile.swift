import COpenCL
import Compute

/// The time of one launch of a program.
public struct LaunchTime: Sendable {
  /// The kernel.
  public var kernel: String
  /// The operations that it carries out, as positions in the program.
  public var operations: [Int]
  /// The median over the runs.
  public var microseconds: Double
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

  /// Times every launch of a program by the driver's clock, in so many runs.
  public func launchTimes(
    of program: Program, on memory: any Memory, control: Control, fusion: Fusion, runs: Int
  ) throws(DeviceError) -> [LaunchTime] {
    guard let memory = memory as? OpenCLMemory, memory.device === self else {
      throw .foreignMemory(device: name)
    }
    let executable = try OpenCLExecutable(program, on: memory, fusion: fusion)
    let properties = cl_command_queue_properties(CL_QUEUE_PROFILING_ENABLE)
    let (context, device) = (context, description.handle.device)
    let profiled = try make("clCreateCommandQueue") {
      clCreateCommandQueue(context, device, properties, $0)
    }
    defer { clReleaseCommandQueue(profiled) }
    try finish()
    var times = Array(repeating: [Double](), count: executable.sequence.launches.count)
    for _ in 0..<runs {
      for (index, nanoseconds) in try executable.profile(control, on: profiled).enumerated() {
        times[index].append(nanoseconds)
      }
    }
    return zip(executable.sequence.launches, times).map { launch, times in
      LaunchTime(
        kernel: launch.kernel.name(maps: [:]), operations: launch.operations,
        microseconds: times.sorted()[times.count / 2] * 1e-3)
    }
  }
}
