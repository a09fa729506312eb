import Artifacts
import Foundation
import Report

/// Images in rows, as commands write them.
struct Picture {
  var images: [[Float]]
  var columns: Int
  /// Whether values may lie anywhere: they are shown between their least and their largest.
  var isScaled = false

  /// What `--json` prints.
  private struct Report: Encodable {
    var out: String
    var images: Int
    var width: Int
    var height: Int
  }

  /// The width of an image of so many values: of so many rows where they are known and fit, else of
  /// a square or of one row.
  static func width(of values: Int, height: Int? = nil) -> Int {
    if let height, height > 0, values % height == 0 { return values / height }
    let side = Int(Double(values).squareRoot().rounded())
    return side * side == values ? side : values
  }

  /// Writes the picture and says so.
  func write(
    to path: String, width: Int, _ arguments: ParsedArguments, _ terminal: Terminal
  ) throws -> ExitCode {
    let grid = grid(width: width)
    try Inputs.write(
      try Inputs.wrap { () throws(FileAccessError) in try grid.png() }, to: path)
    if arguments.has("--json") {
      try terminal.json(
        Report(out: path, images: images.count, width: grid.width, height: grid.height))
    } else if !arguments.has("--quiet") {
      try terminal.output("\(images.count) images in \(path)")
    }
    return .done
  }

  /// The images side by side.
  func grid(width: Int) -> ImageGrid {
    var shown = images
    let (low, high) = images.joined().reduce((Float.infinity, -Float.infinity)) {
      (min($0.0, $1), max($0.1, $1))
    }
    if isScaled || low < 0 || high > 1 {
      shown = images.map { $0.map { ($0 - low) / max(high - low, 1e-6) } }
    }
    return ImageGrid(shown, imageWidth: width, columns: columns)
  }
}
