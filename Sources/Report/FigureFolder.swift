import Files
import Foundation

/// The figures of a run: `NAME.json` is the figure, `NAME.svg` or `NAME.png` the picture.
public struct FigureFolder: Sendable {
  public let path: String

  public init(_ path: String) {
    self.path = path
  }

  /// The figures of a run folder.
  public init(run: String) {
    self.init(run + "/figures")
  }

  /// The file of a figure's picture.
  public func picture(of figure: Figure) -> String {
    "\(path)/\(figure.name).\(figure.ownFormat.rawValue)"
  }

  /// Fails where no figure could be put there.
  public func check() throws(FileAccessError) {
    var place = path
    while !FileManager.default.fileExists(atPath: place), place != "." {
      let parent = FileCalls.folder(of: place)
      place = parent.isEmpty ? "." : parent
    }
    guard FileManager.default.isWritableFile(atPath: place) else {
      throw FileAccessError(
        "Figures go to '\(path)', and '\(place)' cannot be written. Name another place with '--out'."
      )
    }
  }

  /// Puts a figure there, in place of one of the same name, whose picture may have had the other ending.
  public func write(_ figure: Figure) throws(FileAccessError) {
    guard !figure.name.isEmpty, !figure.name.hasPrefix("."), !figure.name.contains("/") else {
      throw FileAccessError(
        "'\(figure.name)' cannot be the name of a figure: its files are called so.")
    }
    try FileCalls.makeFolder(path)
    let json: Data
    do {
      json = try Self.encoder.encode(figure)
    } catch {
      throw FileAccessError("The figure '\(figure.name)' could not be written as JSON: \(error)")
    }
    try Files.write(json, to: "\(path)/\(figure.name).json")
    try Files.write(figure.pictureData, to: picture(of: figure))
    let other: FigureFormat = figure.ownFormat == .svg ? .png : .svg
    try FileCalls.remove("\(path)/\(figure.name).\(other.rawValue)")
  }

  /// All figures there, sorted by name; none where there is no folder.
  public func read() throws -> [Figure] {
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    var figures: [Figure] = []
    for name in try FileCalls.names(in: path).sorted()
    where name.hasSuffix(".json") && !name.hasPrefix(".") {
      figures.append(try Self.figure("\(path)/\(name)"))
    }
    return figures.sorted { $0.name < $1.name }
  }

  /// The largest figure that is read: the numbers of a million points.
  private static let mostBytes = 256 << 20

  private static func figure(_ file: String) throws -> Figure {
    let data = try Files.read(file, atMost: mostBytes)
    do {
      return try decoder.decode(Figure.self, from: data)
    } catch {
      throw FormatError(file: file, problem: "it is no figure: \(FormatError.words(error)).")
    }
  }

  // JSON has no infinity and no NaN; readers of Python know these words.
  private static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }
}

extension Figure {
  /// The content of its picture's file.
  public var pictureData: Data {
    if case .picture(let picture) = content { return picture.png }
    return Data(svg.utf8)
  }
}
