/// The exit status of the process.
public enum ExitCode: Int32, Sendable, CaseIterable {
  case done = 0
  case failed = 1
  case usage = 64
  case badInput = 65
  case noDevice = 69
  case fileAccess = 74
  case interrupted = 130

  /// The cases in which the process ends with it.
  public var meaning: String {
    switch self {
    case .done: "All is done."
    case .failed: "Something else went wrong, or a check failed."
    case .usage: "The command line or a setting makes no sense."
    case .badInput: "A file holds something else than expected, or is damaged."
    case .noDevice: "There is no such device, or its driver failed or gives wrong results."
    case .fileAccess: "A file or folder could not be read or written."
    case .interrupted: "It was asked to stop, and saved what there was."
    }
  }
}
