import Artifacts
import Files
import Foundation
import IWAE
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

  /// Whether a model's means may lie outside [0, 1].
  static func isScaled(_ model: Model) -> Bool { model.likelihood.support != .unit }

  /// The width of an image of so many values: of so many rows where they are known and fit, else of
  /// a square or of one row.
  static func width(of values: Int, height: Int? = nil) -> Int {
    if let height, height > 0, values % height == 0 { return values / height }
    let side = Int(Double(values).squareRoot().rounded())
    return side * side == values ? side : values
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

  /// Rows of some images by turns with rows of others.
  static func pairs(_ first: [[Float]], _ second: [[Float]], columns: Int) -> [[Float]] {
    let blank = [Float](repeating: 0.35, count: first.first?.count ?? 0)
    var result: [[Float]] = []
    for start in stride(from: 0, to: first.count, by: columns) {
      for source in [first, second] {
        let row = source[start..<min(start + columns, source.count)]
        result += row + Array(repeating: blank, count: columns - row.count)
      }
    }
    return result
  }

  /// Writes the picture and says so.
  func write(
    to path: String, width: Int, _ arguments: ParsedArguments, _ terminal: Terminal
  ) throws -> ExitCode {
    let grid = grid(width: width)
    try Files.write(
      try grid.png(), to: path)
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
