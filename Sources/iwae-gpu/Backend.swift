import Commands
import Compute
import Conformance
import Experiments
import Files
import OpenCLDevice
import ReferenceDevice

/// The flags by which every command chooses its device. This folder is the only one that names
/// concrete devices.
enum Backend {
  static let choice = [
    Command.Option(
      "--backend", "backend", choices: ["auto", "opencl", "cpu"],
      help: "Where to compute: auto, opencl or cpu, the plain reference. (default: auto)"),
    Command.Option(
      "--device", "device",
      help: "An OpenCL device by its index or part of its name, as 'iwae-gpu devices' lists them."),
  ].grouped("Device")

  /// The flags of what takes a device's results for right.
  static let options =
    choice + [
      Command.Option(
        "--trust-driver",
        help: "Leave out the trial that each driver stands before it is first used."
      ).grouped("Device")
    ]

  static let kernels = Command.Option(
    "--kernels", "layout", choices: Schedule.allCases.map(\.rawValue),
    help: "The kernels' layout: panels for CPUs, tiles for GPUs. (default: what suits the device)"
  ).grouped("Device")

  /// The layout that '--kernels' names.
  static func schedule(_ arguments: ParsedArguments) -> Schedule? {
    arguments.string("--kernels").flatMap(Schedule.init)
  }

  /// True if the flags mean the reference device: by name, or because no driver is installed, which the
  /// user is told. A driver or device that is there and cannot be used is an error instead.
  static func isReference(_ arguments: ParsedArguments) throws -> Bool {
    let backend = arguments.string("--backend") ?? "auto"
    let device = arguments.string("--device")
    if backend == "cpu" {
      if device != nil {
        throw arguments.error("'--device' chooses among OpenCL devices; leave out '--backend cpu'.")
      }
      return true
    }
    guard backend == "auto", device == nil, try DeviceList.isWithoutDriver() else { return false }
    // However quiet: results are the same, and come fifteen times later.
    Terminal.standard.error(
      "Found no OpenCL device: computing on the plain reference, which is far slower. Install a "
        + "driver for your device, or PoCL for the CPU (Debian: pocl-opencl-icd).")
    return true
  }

  /// Opens the OpenCL device that the flags mean, whose kernels are tried before they are first used.
  static func openCL(
    _ arguments: ParsedArguments, schedule: Schedule? = nil
  ) throws -> OpenCLDevice {
    let device = try untried(arguments, schedule: schedule)
    guard !arguments.has("--trust-driver") else { return device }
    var isSilent = arguments.has("--quiet")
    device.trial = { kernels throws(DeviceError) in
      if !isSilent {
        Terminal.standard.error(
          "Trying the driver of \(kernels.device.name) with kernels that are new to it, once.")
        isSilent = true
      }
      let findings = try DriverTrial(kernels.device).run(
        kernels.families, maps: kernels.maps, products: kernels.products, serve: kernels.serve)
      return TrialFindings(
        families: findings.families, maps: findings.maps,
        failure: findings.failure.map { "\($0.name): \($0.failures.first ?? "")" })
    }
    return device
  }

  /// Opens the OpenCL device that the flags mean, for what looks at its results itself.
  static func untried(
    _ arguments: ParsedArguments, schedule: Schedule? = nil
  ) throws -> OpenCLDevice {
    // Ranks of one machine take its devices in turn.
    let isAlone = Launch.ranks.count == 1
    let named = arguments.string("--device").map(onOneLine).map {
      isAlone ? DeviceSelection($0) : DeviceSelection($0, turn: Launch.turn)
    }
    let selection = named ?? .turn(Launch.turn)
    let device = try OpenCLDevice.open(selection, schedule: schedule)
    if !arguments.has("--quiet") {
      if let note = device.note { Terminal.standard.error("Note: \(note)") }
      let name = device.name
      device.compilation.whenLongerThan(1) {
        Terminal.standard.error("Compiling kernels for \(name); they are kept for the next time.")
      }
    }
    return device
  }

  /// Opens the device that the flags mean.
  static func open(_ arguments: ParsedArguments) throws -> any Device {
    let device: any Device = try isReference(arguments) ? ReferenceDevice() : openCL(arguments)
    device.ranks = Launch.ranks
    let lines = try Launch.lines(device: device.name)
    if !arguments.has("--quiet") { lines.forEach(Terminal.standard.error) }
    return device
  }
}
