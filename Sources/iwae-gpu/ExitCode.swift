import Commands
import Compute
import Datasets
import Experiments
import Files
import IWAE

extension ExitCode {
  /// The status for an error, which its type says.
  init(of error: any Error) {
    self =
      switch error {
      case let error as CommandError: error.code
      case let error as RunError: error.cause.map(ExitCode.init) ?? .failed
      case is FormatError, is DescriptionError: .badInput
      case is FileAccessError: .fileAccess
      case let error as DownloadError: error.kind.exitCode
      case ProgramError.invalid, is LaunchError: .usage
      case DeviceError.noPlatform, DeviceError.noUsableDevice, DeviceError.noSuchDevice,
        DeviceError.ambiguousDevice, DeviceError.wrongResults, DeviceError.callFailed:
        .noDevice
      default: .failed
      }
  }
}

extension DownloadError.Kind {
  fileprivate var exitCode: ExitCode {
    switch self {
    case .unavailable, .busy: .failed
    case .fileAccess: .fileAccess
    case .interrupted: .interrupted
    }
  }
}

/// What is said of an error: on one line, whatever names are in it, unless it has lines of its own.
func wording(of error: any Error) -> String {
  func hasLines(_ error: any Error) -> Bool {
    error is DeviceError || error is DownloadError
      || (error as? RunError)?.cause.map(hasLines) == true
  }
  return hasLines(error) ? "\(error)" : onOneLine("\(error)")
}
