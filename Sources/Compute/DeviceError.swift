/// Why a device could not do what was asked.
public enum DeviceError: Error, Hashable, Sendable {
  /// There is no OpenCL platform on this machine.
  case noPlatform
  /// There are devices, and nothing can run on any of them, for a reason each.
  case noUsableDevice(reasons: [String])
  /// No device answers to what was asked; the list holds those there are.
  case noSuchDevice(asked: String, available: [String])
  /// More than one device answers to part of a name.
  case ambiguousDevice(asked: String, matches: [String])
  /// The device cannot do an operation.
  case unsupported(device: String, operation: String, reason: String)
  /// Kernels did not compile.
  case compilationFailed(device: String, defines: [String], log: String)
  /// More memory was asked for than the device has.
  case insufficientMemory(device: String, what: String, askedBytes: Int, availableBytes: Int)
  /// A tensor that this memory or program does not hold.
  case unknownTensor(name: String, role: Role)
  /// Values that do not fit the tensor they are meant for.
  case wrongCount(tensor: String, expected: Int, found: Int)
  /// Values of another kind than the tensor holds.
  case wrongElement(tensor: String, expected: Element, found: Element)
  /// A memory that belongs to another device.
  case foreignMemory(device: String)
  /// A call to the driver failed.
  case callFailed(call: String, code: String)
  /// Kernels gave wrong results when they were tried; the record, if there is one, is the file that
  /// remembers it.
  case wrongResults(device: String, case: String, record: String?)
}

extension DeviceError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noPlatform:
      "Found no OpenCL platform. Install a driver for your device, or PoCL for the CPU "
        + "(Debian: pocl-opencl-icd), or use '--backend cpu'."
    case .noUsableDevice(let reasons):
      "Found no OpenCL device that can be used. " + Self.listing(reasons)
        + "\nOr use PoCL on the CPU (Debian: pocl-opencl-icd), or '--backend cpu'."
    case .noSuchDevice(let asked, let available):
      "Found no device '\(asked)'. " + Self.listing(available)
    case .ambiguousDevice(let asked, let matches):
      "'\(asked)' fits more than one device. Give its index or more of its name. "
        + Self.listing(matches)
    case .unsupported(let device, let operation, let reason):
      "\(device) cannot do '\(operation)': \(reason)"
    case .compilationFailed(let device, let defines, let log):
      "The kernels did not compile for \(device) with \(defines.joined(separator: " ")).\n\(log)"
    case .insufficientMemory(let device, let what, let asked, let available):
      "\(device) has too little memory for \(what): asked for \(Self.megabytes(asked)), "
        + "there are \(Self.megabytes(available)). Use a smaller batch or fewer samples."
    case .unknownTensor(let name, let role):
      "There is no \(role.rawValue) '\(name)' here."
    case .wrongCount(let tensor, let expected, let found):
      "Expected \(expected) values for '\(tensor)', found \(found)."
    case .wrongElement(let tensor, let expected, let found):
      "Expected \(expected.rawValue) for '\(tensor)', found \(found.rawValue)."
    case .foreignMemory(let device):
      "The memory was not allocated by \(device)."
    case .callFailed(let call, let code):
      "\(call) failed with \(code)."
    case .wrongResults(let device, let failure, let record):
      "The driver of \(device) computes wrong results, so nothing is computed with it.\n  \(failure)\n"
        + "Update the driver, choose another device ('iwae-gpu devices' lists them), or use "
        + "'--trust-driver' to go on with this one; 'iwae-gpu check' looks at all that it computes."
        + (record.map { " It is tried again when '\($0)' is deleted." } ?? "")
    }
  }

  private static func listing(_ devices: [String]) -> String {
    devices.isEmpty
      ? "There is none." : "There are:\n" + devices.map { "  \($0)" }.joined(separator: "\n")
  }

  /// Bytes for people.
  ///
  /// - Parameters:
  ///   - bytes: The bytes.
  ///   - isLeast: True where as many MiB as this says must be enough.
  public static func megabytes(_ bytes: Int, isLeast: Bool = false) -> String {
    if bytes < 10 << 20 { return "\(bytes) bytes" }
    return "\((isLeast ? bytes + (1 << 20) - 1 : bytes) >> 20) MiB"
  }
}
