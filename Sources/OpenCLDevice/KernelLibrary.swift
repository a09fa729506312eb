import COpenCL
import Compute
import Kernels

/// The compiled kernels of one module on one device.
final class KernelLibrary {
  /// The number of each of the module's maps.
  let maps: [MapSignature: Int]
  private let program: cl_program
  private let device: DeviceDescription
  private let cache: BinaryCache?
  private let key: String
  /// True if the kernels came out of the cache, or out of the driver's own.
  let isFromCache: Bool
  /// The kernels that have run, whose compiled code the driver holds, and those in the cache.
  private var run: Set<String> = []
  private var stored: Set<String>
  /// What is known of the kernels' results.
  var verdict: Verdict
  /// The maps that a trial of this process had no time for.
  var postponed: Set<MapSignature> = []

  /// Denormal importance weights would cost more than the arithmetic; nothing else is relaxed,
  /// because log-weights can be infinite.
  private static let options = ["-cl-std=CL1.2", "-cl-denorms-are-zero"]

  /// The compiler's options for some definitions.
  static func options(defining names: [String]) -> [String] { names.map { "-D\($0)" } + options }

  /// - Parameters:
  ///   - source: The source of a file, whose maps have numbers.
  ///   - tuning: The definitions that it takes.
  ///   - optimizes: False to have it compiled quickly.
  ///   - watch: Told when compilation begins.
  init(
    _ source: String, maps: [MapSignature: Int] = [:], context: cl_context,
    device: DeviceDescription, tuning: Tuning, optimizes: Bool = true, cache: BinaryCache?,
    watch: CompilationWatch? = nil
  ) throws(DeviceError) {
    self.maps = maps
    let prefetches = device.isPoCL && device.kind == .cpu
    let options =
      Self.options(defining: tuning.defines + (prefetches ? ["BUILTIN_PREFETCH"] : []))
      + (optimizes ? [] : ["-cl-opt-disable"])
    let key = BinaryCache.key([source] + device.identity + options)
    self.device = device
    self.cache = cache
    self.key = key
    verdict = cache?.verdict(key) ?? Verdict()
    let entry = cache?.load(key)
    if let entry, !entry.binary.isEmpty,
      let program = Self.load(entry.binary, context, device, options: options)
    {
      self.program = program
      isFromCache = true
    } else {
      isFromCache = device.keepsKernels && entry?.binary.isEmpty == true
      if !isFromCache { watch?.begin() }
      program = try Self.compile(source, context, device, options: options)
    }
    stored = isFromCache ? entry?.kernels ?? [] : []
  }

  deinit { clReleaseProgram(program) }

  func kernel(_ name: String) throws(DeviceError) -> cl_kernel {
    try make("clCreateKernel(\(name))") { clCreateKernel(program, name, $0) }
  }

  /// The most work-items of a group that a kernel can have, as it is compiled.
  func largestGroup(of kernel: cl_kernel) -> Int {
    var size = 0
    let status = clGetKernelWorkGroupInfo(
      kernel, device.handle.device, cl_kernel_work_group_info(CL_KERNEL_WORK_GROUP_SIZE),
      MemoryLayout<Int>.size, &size, nil)
    return status == CL_SUCCESS && size > 0 ? size : device.largestWorkGroup
  }

  var deviceName: String { device.name }

  func noteRun(_ kernel: String) { run.insert(kernel) }

  /// Stores the binary if it holds more than the cache does: only those kernels may be in it that have
  /// run. Where the driver keeps what it compiled, only their names are stored: PoCL would compile
  /// every kernel again for its binary.
  func store() {
    if !run.isSubset(of: stored) { storeAnyhow() }
  }

  /// Stores the binary although nothing has run that the cache has not, for what will be asked of it again.
  func storeAnyhow() {
    guard let cache else { return }
    stored.formUnion(run)
    guard !device.keepsKernels else {
      cache.store(.init(kernels: stored, binary: []), as: key)
      return
    }
    var size = 0
    guard
      clGetProgramInfo(
        program, cl_program_info(CL_PROGRAM_BINARY_SIZES), MemoryLayout<Int>.size, &size, nil)
        == CL_SUCCESS, size > 0
    else { return }
    var binary = [UInt8](repeating: 0, count: size)
    let status = binary.withUnsafeMutableBufferPointer { buffer in
      var pointer = buffer.baseAddress
      return clGetProgramInfo(
        program, cl_program_info(CL_PROGRAM_BINARIES),
        MemoryLayout<UnsafeMutablePointer<UInt8>?>.size, &pointer, nil)
    }
    if status == CL_SUCCESS { cache.store(.init(kernels: stored, binary: binary), as: key) }
  }

  func storeVerdict() { cache?.store(verdict, as: key) }

  /// The file that keeps the verdict; nil where none does.
  var verdictPath: String? { cache?.verdictFile(key).path }

  /// A program from a binary; nil where the driver does not take it.
  private static func load(
    _ binary: [UInt8], _ context: cl_context, _ device: DeviceDescription, options: [String]
  ) -> cl_program? {
    var handle: cl_device_id? = device.handle.device
    var status = CL_SUCCESS
    let program = binary.withUnsafeBufferPointer { buffer in
      var pointer = buffer.baseAddress
      var size = buffer.count
      return clCreateProgramWithBinary(context, 1, &handle, &size, &pointer, nil, &status)
    }
    guard status == CL_SUCCESS, let program else { return nil }
    guard build(program, device, options) == CL_SUCCESS else {
      clReleaseProgram(program)
      return nil
    }
    return program
  }

  private static func compile(
    _ source: String, _ context: cl_context, _ device: DeviceDescription, options: [String]
  ) throws(DeviceError) -> cl_program {
    let program = try make("clCreateProgramWithSource") { status in
      source.withCString { text in
        var text: UnsafePointer<CChar>? = text
        return clCreateProgramWithSource(context, 1, &text, nil, status)
      }
    }
    let status = build(program, device, options)
    guard status == CL_SUCCESS else {
      let log = infoString {
        clGetProgramBuildInfo(
          program, device.handle.device, cl_program_build_info(CL_PROGRAM_BUILD_LOG), $0, $1, $2)
      }
      clReleaseProgram(program)
      // A device that has gone, whatever it was asked to compile.
      guard status != CL_DEVICE_NOT_AVAILABLE else {
        throw .callFailed(call: "clBuildProgram", code: codeName(status))
      }
      throw .compilationFailed(
        device: device.name, defines: options, log: log.isEmpty ? codeName(status) : log)
    }
    return program
  }

  private static func build(
    _ program: cl_program, _ device: DeviceDescription, _ options: [String]
  ) -> cl_int {
    var handle: cl_device_id? = device.handle.device
    return clBuildProgram(program, 1, &handle, options.joined(separator: " "), nil, nil)
  }
}
