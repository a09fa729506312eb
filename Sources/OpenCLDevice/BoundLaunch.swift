import COpenCL
import Compute

/// A kernel whose arguments are set once and for all.
final class BoundLaunch {
  private let kernel: cl_kernel
  /// The table and the library that the kernel is bound to, which must live as long as it.
  private let table: Buffer
  private let library: KernelLibrary
  private let groups: Int
  private let localSize: Int
  let name: String

  /// The buffers that a kernel is bound to.
  struct Buffers {
    /// In the order of `ArenaKind`, whose workspace comes last.
    var arenas: [cl_mem]
    var source: cl_mem
    var order: cl_mem
    var control: cl_mem
    var table: Buffer
  }

  /// - Parameters:
  ///   - launch: The launch.
  ///   - descriptors: The places of its descriptors in the table.
  ///   - localBytes: The local memory of a group.
  ///   - buffers: What the kernel reads and writes.
  ///   - library: The library that has the kernel.
  init(
    _ launch: Launch, descriptors: Range<Int>, localBytes: Int, buffers: Buffers,
    library: KernelLibrary
  ) throws(DeviceError) {
    name = launch.kernel.name
    groups = launch.groups
    localSize = launch.localSize
    table = buffers.table
    self.library = library
    let kernel = try library.kernel(name)
    self.kernel = kernel
    let largestGroup = library.largestGroup(of: kernel)
    guard launch.localSize <= largestGroup else {
      throw .unsupported(
        device: library.deviceName, operation: name,
        reason: "as compiled for it, the kernel takes \(largestGroup) work-items at a time, not "
          + "\(launch.localSize). 'iwae-gpu tune' finds a tuning with smaller groups.")
    }
    var index: cl_uint = 0
    let memories =
      buffers.arenas + [buffers.source, buffers.order, buffers.control, buffers.table.memory]
    for memory in memories {
      var memory: cl_mem? = memory
      try call("clSetKernelArg(\(name), \(index))") {
        clSetKernelArg(kernel, index, MemoryLayout<cl_mem?>.size, &memory)
      }
      index += 1
    }
    for number in [
      descriptors.lowerBound, descriptors.count, launch.units, launch.unitsPerGroup,
    ] {
      guard var number = cl_int(exactly: number) else {
        throw .unsupported(
          device: library.deviceName, operation: name,
          reason: "\(number) is more than its 32-bit counters hold. Use a smaller batch.")
      }
      try call("clSetKernelArg(\(name), \(index))") {
        clSetKernelArg(kernel, index, MemoryLayout<cl_int>.size, &number)
      }
      index += 1
    }
    try call("clSetKernelArg(\(name), \(index))") {
      clSetKernelArg(kernel, index, localBytes, nil)
    }
  }

  deinit { clReleaseKernel(kernel) }

  /// - Parameter event: Receives the driver's record of the launch; nil for none.
  func enqueue(
    on queue: cl_command_queue, event: UnsafeMutablePointer<cl_event?>? = nil
  ) throws(DeviceError) {
    var global = groups * localSize
    var local = localSize
    try call("clEnqueueNDRangeKernel(\(name))") {
      clEnqueueNDRangeKernel(queue, kernel, 1, nil, &global, &local, 0, nil, event)
    }
    library.noteRun(name)
  }
}
