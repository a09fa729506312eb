import COpenCL
import Compute

/// Memory on the device, released with its last owner.
final class Buffer {
  let memory: cl_mem
  let byteCount: Int
  private let budget: MemoryBudget

  init(
    _ device: OpenCLDevice, byteCount: Int, isReadOnly: Bool = false, what: String
  ) throws(DeviceError) {
    let bytes = max(byteCount, 4)
    try device.budget.take(bytes, of: device.description, for: what)
    let flags = cl_mem_flags(isReadOnly ? CL_MEM_READ_ONLY : CL_MEM_READ_WRITE)
    var status = CL_SUCCESS
    guard let memory = clCreateBuffer(device.context, flags, bytes, nil, &status),
      status == CL_SUCCESS
    else {
      device.budget.giveBack(bytes)
      switch status {
      case CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY,
        CL_INVALID_BUFFER_SIZE:
        throw .insufficientMemory(
          device: device.name, what: what, askedBytes: bytes,
          availableBytes: device.budget.left(of: device.description))
      default: throw .callFailed(call: "clCreateBuffer", code: codeName(status))
      }
    }
    self.memory = memory
    self.byteCount = bytes
    budget = device.budget
  }

  deinit {
    clReleaseMemObject(memory)
    budget.giveBack(byteCount)
  }

  /// Replaces the content from a byte on; the values are taken before the call returns, and the call
  /// does not wait for what the device is doing.
  ///
  /// - Parameter count: The first values that count; nil for all.
  func write<Value>(
    _ values: [Value], at offset: Int, _ device: OpenCLDevice, count: Int? = nil
  ) throws(DeviceError) {
    let count = count ?? values.count
    guard count > 0 else { return }
    try values.withUnsafeBufferPointer { values throws(DeviceError) in
      let staged = try device.staging.stage(
        UnsafeRawBufferPointer(.init(rebasing: values[..<count])), device)
      try call("clEnqueueWriteBuffer") {
        clEnqueueWriteBuffer(
          device.queue, memory, cl_bool(CL_FALSE), offset, staged.count, staged.baseAddress, 0, nil,
          nil)
      }
    }
  }

  /// Waits for everything enqueued before, and reads so many values from a byte on.
  ///
  /// - Parameter others: Values that follow those that are read.
  func read<Value>(
    _ count: Int, at offset: Int, _ device: OpenCLDevice, followedBy others: [Value] = []
  ) throws(DeviceError) -> [Value] {
    var status = CL_SUCCESS
    let result = [Value](unsafeUninitializedCapacity: count + others.count) { values, length in
      status = clEnqueueReadBuffer(
        device.queue, memory, cl_bool(CL_TRUE), offset, count * MemoryLayout<Value>.stride,
        values.baseAddress, 0, nil, nil)
      // Where it failed nobody sees them.
      guard status == CL_SUCCESS else { return }
      _ = values[count...].initialize(from: others)
      length = count + others.count
    }
    try call("clEnqueueReadBuffer") { status }
    device.queueIsEmpty()
    return result
  }

  /// Waits for everything enqueued before, and shows so many values from a byte on where they lie.
  func map<Value>(
    _ count: Int, at offset: Int, _ device: OpenCLDevice,
    _ body: (UnsafeBufferPointer<Value>) -> Void
  ) throws(DeviceError) {
    let values = try make("clEnqueueMapBuffer") {
      clEnqueueMapBuffer(
        device.queue, memory, cl_bool(CL_TRUE), cl_map_flags(CL_MAP_READ), offset,
        count * MemoryLayout<Value>.stride, 0, nil, nil, $0)
    }
    device.queueIsEmpty()
    body(
      UnsafeBufferPointer(start: values.assumingMemoryBound(to: Value.self), count: count))
    try call("clEnqueueUnmapMemObject") {
      clEnqueueUnmapMemObject(device.queue, memory, values, 0, nil, nil)
    }
    try device.noteEnqueued(1)
  }
}

/// The bytes that one process holds on a device, so that what is asked for can be compared with
/// what there is before the driver, or the system, runs out.
final class MemoryBudget {
  private(set) var held = 0

  func take(_ bytes: Int, of device: DeviceDescription, for what: String) throws(DeviceError) {
    let available = min(left(of: device), device.largestAllocationBytes)
    guard bytes <= available else {
      throw .insufficientMemory(
        device: device.name, what: what, askedBytes: bytes, availableBytes: available)
    }
    held += bytes
  }

  func giveBack(_ bytes: Int) { held -= bytes }

  func left(of device: DeviceDescription) -> Int { max(0, device.memoryBytes - held) }
}

/// Copies of uploads that the queue has not taken yet. They are freed when the queue is known to be
/// empty, which is made so now and then.
final class Staging {
  private var blocks: [UnsafeMutableRawBufferPointer] = []
  private var byteCount = 0
  private static let mostBytes = 64 << 20
  private static let mostBlocks = 256

  deinit { clear() }

  func stage(
    _ bytes: UnsafeRawBufferPointer, _ device: OpenCLDevice
  ) throws(DeviceError) -> UnsafeRawBufferPointer {
    if blocks.count >= Self.mostBlocks || byteCount >= Self.mostBytes { try device.finish() }
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
    block.copyMemory(from: bytes)
    blocks.append(block)
    byteCount += bytes.count
    return UnsafeRawBufferPointer(block)
  }

  /// Frees every copy; the queue must be empty.
  func clear() {
    for block in blocks { block.deallocate() }
    blocks.removeAll(keepingCapacity: true)
    byteCount = 0
  }
}
