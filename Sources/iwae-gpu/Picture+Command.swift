import Commands
import Compute
import Experiments
import Files
import IWAE
import Report

extension Picture {
  /// The object that `--json` prints.
  private struct Report: Encodable {
    var out: String
    var images: Int
    var width: Int
    var height: Int
    /// Absent where nothing was computed.
    var backend: String?
    var device: String?
  }

  /// The width of a model's images: as asked for, else as `width(of:height:)` says.
  static func width(
    _ arguments: ParsedArguments, _ model: Model, height: Int?
  ) throws(UsageError) -> Int {
    let width = try arguments.integer(
      "--width", default: width(of: model.dataSize, height: height), maximum: model.dataSize)
    guard model.dataSize % width == 0 else {
      throw arguments.error(
        "The value '\(width)' is invalid for '--width': \(model.dataSize) values do not make whole "
          + "rows of it.")
    }
    return width
  }

  /// Writes the picture and says so.
  func write(
    to path: String, width: Int, by device: (any Device)? = nil, _ arguments: ParsedArguments,
    _ terminal: Terminal
  ) throws -> ExitCode {
    let grid = grid(width: width)
    guard let format = FigureFormat(ofName: path) else {
      throw arguments.error(
        "'\(path)' cannot be a picture: its name must end in \(FigureFormat.endings).")
    }
    try Files.write(try file(format, width: width), to: path)
    if arguments.has("--json") {
      try terminal.json(
        Report(
          out: path, images: images.count, width: grid.width, height: grid.height,
          backend: device?.backend, device: device?.name))
    } else if !arguments.has("--quiet") {
      try terminal.output("\(images.count) images in \(onOneLine(path))")
    }
    return .done
  }
}
