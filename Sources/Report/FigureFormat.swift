import Files
import Foundation

/// The kinds of files that a figure can be written as.
public enum FigureFormat: String, CaseIterable, Sendable {
  case svg, pdf, png

  /// The format that a file's name ends in; nil for any other name.
  public init?(ofName name: String) {
    let last = name.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    guard
      let format = Self.allCases.first(where: { last.lowercased().hasSuffix(".\($0.rawValue)") }),
      last.count > format.rawValue.count + 1
    else { return nil }
    self = format
  }

  /// The endings that there are, in words.
  public static var endings: String {
    let endings = allCases.map { ".\($0.rawValue)" }
    return endings.dropLast().joined(separator: ", ") + " or " + (endings.last ?? "")
  }
}

extension FigureFormat {
  /// The help of an option that says where several figures go.
  public static let placeHelp =
    "The folder of the figures; or a file that ends in \(endings), which is named after each of "
    + "several."

  /// The help of an option that says where one figure goes.
  public static let fileHelp =
    "The figure, there alone, as svg, pdf or png by its ending."
}

extension Figure {
  /// The content of a file of some format.
  ///
  /// A picture made of pixels keeps them in a PNG file, without a title.
  public func file(_ format: FigureFormat) throws(FileAccessError) -> Data {
    switch format {
    case .svg: return Data(svg.utf8)
    case .pdf: return PDF.file(sheet)
    case .png:
      if case .picture(let picture) = content { return picture.png }
      return try Canvas.file(sheet)
    }
  }

  /// The format of its picture in a folder of figures.
  public var ownFormat: FigureFormat {
    if case .picture = content { return .png }
    return .svg
  }

  /// Writes it as the file's name says.
  public func write(to file: String) throws(FileAccessError) {
    guard let format = FigureFormat(ofName: file) else {
      throw FileAccessError(
        "'\(file)' cannot be a figure: its name must end in \(FigureFormat.endings).")
    }
    try Files.write(try self.file(format), to: file)
  }
}
