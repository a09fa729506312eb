import Files

/// Something that was asked for and makes no sense. Settings are called by their flags.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) { self.description = description }
}

extension ConfigurationError {
  /// The same of a file, which calls settings by their keys.
  public func inFile(_ file: String) -> FormatError {
    FormatError(
      file: file,
      problem: Setting.all.reduce(description) { text, setting in
        text.replacing("'\(setting.flag)'", with: "'\(setting.key)'")
      })
  }
}
