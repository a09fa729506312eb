import Files
import Foundation
import Report

/// A place that figures are put in.
public enum FigurePlace: Sendable {
  /// A folder, with the numbers of each.
  case folder(FigureFolder)
  /// A file of its own format; of several figures, each has its name before the file's ending, which
  /// begins with the file's.
  case file(String)
  /// None: they are not drawn.
  case nowhere

  // Endings of pictures that nobody means a folder by.
  private static let otherEndings = [
    "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "eps", "ps",
  ]

  /// The place that a path means: a file if it ends as one of a figure's formats, else a folder.
  public init(_ path: String) throws(ConfigurationError) {
    if FigureFormat(ofName: path) != nil {
      self = .file(path)
      return
    }
    let name = (path as NSString).lastPathComponent
    guard FigureFormat(ofName: "figure\(name)") == nil else {
      throw ConfigurationError(
        "a figure's file needs a name before '\(name)', as in 'figure\(name)'.")
    }
    let ending = (path as NSString).pathExtension.lowercased()
    guard !Self.otherEndings.contains(ending) else {
      throw ConfigurationError(
        "figures are written as \(FigureFormat.endings), not as '.\(ending)'; any other name is a "
          + "folder's.")
    }
    self = .folder(FigureFolder(path))
  }

  /// Puts a figure there.
  ///
  /// - Parameters:
  ///   - figure: The figure.
  ///   - isAlone: True if no other is put there.
  /// - Returns: The file of the picture; nil for nowhere.
  public func put(_ figure: Figure, isAlone: Bool) throws(FileAccessError) -> String? {
    let file = file(of: figure, isAlone: isAlone)
    switch self {
    case .folder(let folder): try folder.write(figure)
    case .file: if let file { try figure.write(to: file) }
    case .nowhere: break
    }
    return file
  }

  /// The file of a figure's picture there; nil for nowhere.
  func file(of figure: Figure, isAlone: Bool) -> String? {
    switch self {
    case .folder(let folder): return folder.picture(of: figure)
    case .file(let path):
      return isAlone ? path : Self.file(of: figure, named: path as NSString)
    case .nowhere: return nil
    }
  }

  /// The file of one of several figures.
  private static func file(of figure: Figure, named path: NSString) -> String {
    let start = path.deletingPathExtension
    let beginning = (start as NSString).lastPathComponent + "-"
    // What the file's name says already is not said again.
    let isSaid = figure.name.hasPrefix(beginning) && figure.name != beginning
    let name = isSaid ? String(figure.name.dropFirst(beginning.count)) : figure.name
    return "\(start)-\(name).\(path.pathExtension)"
  }
}
