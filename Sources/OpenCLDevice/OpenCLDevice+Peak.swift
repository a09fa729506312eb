import COpenCL
import Compute
import Kernels

extension OpenCLDevice {
  /// The multiply-adds, counted as two operations each, that the device does in a second when
  /// nothing else holds it up: the best of several runs.
  public func peakOperationsPerSecond() throws(DeviceError) -> Double {
    let groups = description.computeUnits * (tuning.schedule == .panels ? 4 : 64)
    let items = tuning.schedule == .panels ? 1 : tuning.groupSize
    let lanes = tuning.schedule == .panels ? 16 : 1
    let library = try KernelLibrary(
      KernelCatalog.source(of: "peak.cl"), context: context, device: description, tuning: tuning,
      cache: cache)
    let kernel = try library.kernel("measure_peak")
    defer { clReleaseKernel(kernel) }
    let output = try Buffer(self, byteCount: groups * items * 4, what: "the measure of the peak")
    var memory: cl_mem? = output.memory
    // Some two milliseconds of a fast processor's time.
    var rounds = cl_int(20_000)
    try call("clSetKernelArg(measure_peak, 0)") {
      clSetKernelArg(kernel, 0, MemoryLayout<cl_mem?>.size, &memory)
    }
    try call("clSetKernelArg(measure_peak, 1)") {
      clSetKernelArg(kernel, 1, MemoryLayout<cl_int>.size, &rounds)
    }
    var best = 0.0
    // Several launches in a row, for a processor may wake up late for the first.
    let launches = 8
    let work = Double(launches * groups * items * lanes) * 24 * 2 * Double(rounds)
    let clock = ContinuousClock()
    for _ in 0..<8 {
      let start = clock.now
      var global = groups * items
      var local = items
      for _ in 0..<launches {
        try call("clEnqueueNDRangeKernel(measure_peak)") {
          clEnqueueNDRangeKernel(queue, kernel, 1, nil, &global, &local, 0, nil, nil)
        }
      }
      try finish()
      best = max(best, work / (start.duration(to: clock.now) / .seconds(1)))
    }
    library.noteRun("measure_peak")
    library.store()
    return best
  }
}
