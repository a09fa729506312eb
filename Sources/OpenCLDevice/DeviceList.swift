import COpenCL
import Compute
import Foundation

/// A device as its driver describes it.
public struct DeviceDescription: Sendable {
  public enum Kind: String, Sendable {
    case gpu = "GPU"
    case cpu = "CPU"
    case accelerator = "accelerator"
  }

  /// The position in the list of all devices of all platforms.
  public let index: Int
  public let name: String
  public let platform: String
  public let platformVersion: String
  public let kind: Kind
  public let version: String
  public let driver: String
  public let computeUnits: Int
  public let memoryBytes: Int
  public let largestAllocationBytes: Int
  public let localMemoryBytes: Int
  public let largestWorkGroup: Int
  /// The floats that an instruction takes at once; 0 where the driver does not say.
  public let vectorWidth: Int
  /// True of a GPU that has no memory of its own.
  public let sharesHostMemory: Bool
  /// Why nothing can run there, as far as the driver tells; nil if something can.
  public let problem: String?
  let handle: Handle

  /// The driver's object. It is a plain identifier that any thread may use.
  struct Handle: @unchecked Sendable {
    let device: cl_device_id
  }

  /// All that tells one driver and device from another, for what is kept of them.
  var identity: [String] { [name, platform, platformVersion, version, driver] }

  static let pocl = "Portable Computing Language"
  public var isPoCL: Bool { platform == Self.pocl }

  /// True if the driver keeps compiled kernels itself, as PoCL does unless it is told not to.
  var keepsKernels: Bool {
    isPoCL && ProcessInfo.processInfo.environment["POCL_KERNEL_CACHE"] != "0"
  }

  /// The line that lists and error messages show.
  public var summary: String { "\(index): \(name) (\(kind.rawValue), \(platform))" }
}

/// Which device to open.
public enum DeviceSelection: Hashable, Sendable {
  /// A GPU if there is one that can be used, one with memory of its own before others; else an
  /// accelerator, else a CPU.
  case automatic
  /// The same for the processes of one machine, which take devices of the same kind in turn. CPUs are all
  /// one machine's processors: the first serves all.
  case turn(Int)
  /// The position in the list, for all processes; where there is none, part of a name, which those of one
  /// machine take in turn if each has its own.
  case index(Int, turn: Int? = nil)
  /// Part of a name, in any case.
  case name(String)
  /// The same for the processes of one machine, which take devices of that name in turn.
  case turnOfName(String, Int)

  /// The selection that a user wrote: an index if it is a number, else part of a name.
  public init(_ text: String) {
    self = Int(text).map { DeviceSelection.index($0) } ?? .name(text)
  }

  /// The same for one of several processes of a machine; an index is that device for all.
  public init(_ text: String, turn: Int) {
    self = Int(text).map { DeviceSelection.index($0, turn: turn) } ?? .turnOfName(text, turn)
  }
}

/// All devices of all platforms.
///
/// Whoever is the first to ask sets the environment variable `POCL_AFFINITY` to 1 unless it is set, so
/// that PoCL keeps its threads in place, if the process may use every processor.
public enum DeviceList {
  /// Every device of every platform; empty where there is none.
  public static func all() throws(DeviceError) -> [DeviceDescription] {
    try discovered.get().devices
  }

  /// The platforms that show no device, with reasons.
  public static func problems() throws(DeviceError) -> [String] { try discovered.get().problems }

  /// Drivers are asked once in the life of the process: some crash when two threads are the first
  /// to ask.
  private static let discovered: Result<Found, DeviceError> = {
    let process = ProcessInfo.processInfo
    if keepsThreadsInPlace(
      process.environment, active: process.activeProcessorCount, all: process.processorCount)
    {
      setenv("POCL_AFFINITY", "1", 0)
    }
    do throws(DeviceError) {
      var found = Found()
      let platforms = try platforms()
      // The loader says nothing of a driver that it cannot load.
      if platforms.isEmpty { found.problems = DriverFiles.problems() }
      for platform in platforms {
        let name = name(of: platform)
        // One driver that fails must not hide the devices of the others.
        do throws(DeviceError) {
          let devices = try devices(of: platform)
          if devices.isEmpty {
            let reason =
              name == DeviceDescription.pocl ? PoCLCache.problem(process.environment) : nil
            found.problems.append("\(name): \(reason ?? "it has no device.")")
          }
          for device in devices {
            found.devices.append(describe(device, platform, index: found.devices.count))
          }
        } catch {
          found.problems.append("\(name): \(error)")
        }
      }
      return .success(found)
    } catch {
      return .failure(error)
    }
  }()

  private struct Found {
    var devices: [DeviceDescription] = []
    var problems: [String] = []
  }

  /// Asks PoCL to keep each of its threads on a processor of its own: one that wanders halfway through
  /// a launch makes it wait, and a matrix product takes 1.5 ms or 2.1 ms by chance. PoCL reads the
  /// environment when it is loaded, so this comes before the first OpenCL call. What the user set
  /// stays, and a process that may not use every processor is left alone, because PoCL counts from the
  /// first; so is one whose user chose how many threads there are, for PoCL ends the process if one has no
  /// processor.
  static func keepsThreadsInPlace(
    _ environment: [String: String], active: Int, all: Int
  ) -> Bool {
    active == all
      && !["POCL_MAX_PTHREAD_COUNT", "POCL_CPU_MAX_CU_COUNT"].contains { environment[$0] != nil }
  }

  /// True if no driver is installed at all. One that may be, where nobody can look, counts as installed.
  public static func isWithoutDriver() throws(DeviceError) -> Bool {
    let found = try discovered.get()
    return found.devices.isEmpty && found.problems.isEmpty
  }

  /// The device that a selection means.
  public static func find(_ selection: DeviceSelection) throws(DeviceError) -> DeviceDescription {
    try choose(selection, from: try all(), besides: try problems())
  }

  /// - Parameter problems: The platforms that show no device, with reasons.
  static func choose(
    _ selection: DeviceSelection, from devices: [DeviceDescription],
    besides problems: [String] = []
  ) throws(DeviceError) -> DeviceDescription {
    guard !devices.isEmpty else {
      throw problems.isEmpty ? .noPlatform : .noUsableDevice(reasons: problems)
    }
    switch selection {
    case .automatic: return try choose(.turn(0), from: devices, besides: problems)
    case .turn(let turn):
      let usable = devices.filter { $0.problem == nil }
      let gpus = usable.filter { $0.kind == .gpu && !$0.sharesHostMemory }
      if !gpus.isEmpty { return gpus[turn % gpus.count] }
      for kind in [DeviceDescription.Kind.gpu, .accelerator, .cpu] {
        let some = usable.filter { $0.kind == kind }
        if !some.isEmpty { return some[kind == .cpu ? 0 : turn % some.count] }
      }
      throw .noUsableDevice(
        reasons: devices.map { "\($0.summary): \($0.problem ?? "")" } + problems)
    case .index(let index, let turn):
      if devices.indices.contains(index) { return devices[index] }
      // A number that is no index may be part of a name.
      guard let turn else { return try choose(.name("\(index)"), from: devices) }
      return try choose(.turnOfName("\(index)", turn), from: devices)
    case .name(let part):
      let matches = try named(part, among: devices)
      if let exact = matches.first(where: { $0.name == part }) { return exact }
      guard matches.count == 1 else {
        throw .ambiguousDevice(asked: part, matches: matches.map(\.summary))
      }
      return matches[0]
    case .turnOfName(let part, let turn):
      let matches = try named(part, among: devices)
      let exact = matches.filter { $0.name == part }
      let some = exact.isEmpty ? matches : exact
      guard Set(some.map(\.name)).count == 1 else {
        throw .ambiguousDevice(asked: part, matches: some.map(\.summary))
      }
      let first = some.first { $0.problem == nil } ?? some[0]
      // Another driver may show the same device once more.
      let alike = some.filter { $0.problem == first.problem && $0.identity == first.identity }
      return first.kind == .cpu ? first : alike[turn % alike.count]
    }
  }

  /// The devices that part of a name means, of which there is one at least.
  private static func named(
    _ part: String, among devices: [DeviceDescription]
  ) throws(DeviceError) -> [DeviceDescription] {
    let matches = devices.filter { $0.name.lowercased().contains(part.lowercased()) }
    if matches.isEmpty { throw .noSuchDevice(asked: part, available: devices.map(\.summary)) }
    return matches
  }

  private static func platforms() throws(DeviceError) -> [cl_platform_id] {
    var count: cl_uint = 0
    let status = clGetPlatformIDs(0, nil, &count)
    // The loader reports an empty list of drivers as this error.
    if status == -1001 || count == 0 { return [] }
    try call("clGetPlatformIDs") { status }
    var platforms = [cl_platform_id?](repeating: nil, count: Int(count))
    try call("clGetPlatformIDs") { clGetPlatformIDs(count, &platforms, nil) }
    return platforms.compactMap(\.self)
  }

  private static func devices(of platform: cl_platform_id) throws(DeviceError) -> [cl_device_id] {
    let every = cl_device_type(0xFFFF_FFFF)
    var count: cl_uint = 0
    let status = clGetDeviceIDs(platform, every, 0, nil, &count)
    if status == CL_DEVICE_NOT_FOUND || count == 0 { return [] }
    try call("clGetDeviceIDs") { status }
    var devices = [cl_device_id?](repeating: nil, count: Int(count))
    try call("clGetDeviceIDs") { clGetDeviceIDs(platform, every, count, &devices, nil) }
    return devices.compactMap(\.self)
  }

  private static func name(of platform: cl_platform_id) -> String {
    infoString { clGetPlatformInfo(platform, cl_platform_info(CL_PLATFORM_NAME), $0, $1, $2) }
  }
}
