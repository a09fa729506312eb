import COpenCL
import Compute
import Kernels

/// A device's measured limits.
public struct DevicePeak: Sendable {
  /// The multiply-adds, counted as two operations each, in a second.
  public var operationsPerSecond: Double
  /// The bytes that are read or written in a second, by a copy that no cache holds.
  public var bytesPerSecond: Double

  /// The source that measures them, with so many chains of multiply-adds side by side.
  static func source(chains: Int = 24) -> String {
    "#define CHAINS \(chains)\n" + KernelCatalog.source(of: "peak.cl")
  }
}

extension OpenCLDevice {
  /// Measures a device's limits when nothing else holds it up: the best of several runs.
  public func peak() throws(DeviceError) -> DevicePeak {
    let library = try peakLibrary()
    let result = DevicePeak(
      operationsPerSecond: try multiplyAdds(library), bytesPerSecond: try copies(library))
    library.store()
    return result
  }

  /// The measured peak; nil where it cannot be measured.
  public var operationsPerSecond: Double? {
    do throws(DeviceError) {
      let library = try peakLibrary()
      defer { library.store() }
      return try multiplyAdds(library)
    } catch {
      return nil
    }
  }

  private func peakLibrary() throws(DeviceError) -> KernelLibrary {
    try KernelLibrary(
      DevicePeak.source(chains: chains), context: context, device: description, tuning: tuning,
      cache: cache)
  }

  /// Registers hold sixteen times eight floats, or more.
  private var chains: Int { (2...8).contains(description.vectorWidth) ? 6 : 24 }

  private func multiplyAdds(_ library: KernelLibrary) throws(DeviceError) -> Double {
    let groups = description.computeUnits * (tuning.schedule == .panels ? 4 : 64)
    let items = tuning.schedule == .panels ? 1 : tuning.groupSize
    let output = try Buffer(self, byteCount: groups * items * 4, what: "the measure of the peak")
    // Some two milliseconds of a fast processor's time.
    let rounds = 20_000
    let seconds = try fastest(
      "measure_peak", in: library, [output], rounds, groups: groups, items: items, launches: 8)
    return Double(groups * items * tuning.lanes * chains) * 2 * Double(rounds) / seconds
  }

  private func copies(_ library: KernelLibrary) throws(DeviceError) -> Double {
    let items = tuning.schedule == .panels ? 1 : tuning.groupSize
    // Several times what caches hold.
    let bytes = min(256 << 20, description.largestAllocationBytes / 4, description.memoryBytes / 8)
    let chunks = 1 << 14
    let groups = max(1, bytes / (4 * tuning.lanes * chunks))
    let size = groups * chunks * tuning.lanes * 4
    let (from, to) = (
      try Buffer(self, byteCount: size, what: "the measure of memory"),
      try Buffer(self, byteCount: size, what: "the measure of memory")
    )
    let seconds = try fastest(
      "measure_copy", in: library, [from, to], chunks, groups: groups, items: items, launches: 1)
    return 2 * Double(size) / seconds
  }

  /// The seconds of a launch, at its fastest in eight turns of some in a row: a processor may wake up
  /// late for the first.
  private func fastest(
    _ name: String, in library: KernelLibrary, _ buffers: [Buffer], _ count: Int, groups: Int,
    items: Int, launches: Int
  ) throws(DeviceError) -> Double {
    let kernel = try library.kernel(name)
    defer { clReleaseKernel(kernel) }
    for (index, buffer) in buffers.enumerated() {
      var memory: cl_mem? = buffer.memory
      try call("clSetKernelArg(\(name), \(index))") {
        clSetKernelArg(kernel, cl_uint(index), MemoryLayout<cl_mem?>.size, &memory)
      }
    }
    var number = cl_int(count)
    try call("clSetKernelArg(\(name), \(buffers.count))") {
      clSetKernelArg(kernel, cl_uint(buffers.count), MemoryLayout<cl_int>.size, &number)
    }
    let clock = ContinuousClock()
    var best = Double.infinity
    for _ in 0..<8 {
      let start = clock.now
      var global = groups * items
      var local = items
      for _ in 0..<launches {
        try call("clEnqueueNDRangeKernel(\(name))") {
          clEnqueueNDRangeKernel(queue, kernel, 1, nil, &global, &local, 0, nil, nil)
        }
      }
      try finish()
      best = min(best, start.duration(to: clock.now) / .seconds(1))
    }
    library.noteRun(name)
    return best / Double(launches)
  }
}
