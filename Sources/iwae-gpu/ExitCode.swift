import Commands
import Compute
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
      case ProgramError.invalid, is LaunchError: .usage
      case DeviceError.noPlatform, DeviceError.noUsableDevice, DeviceError.noSuchDevice,
        DeviceError.ambiguousDevice, DeviceError.wrongResults, DeviceError.callFailed:
        .noDevice
      default: .failed
      }
  }
}
