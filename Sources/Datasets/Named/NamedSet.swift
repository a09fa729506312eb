import Compute
import Files
import Foundation
import IWAE

/// A data set that is known by its name.
public struct NamedSet: Sendable {
  /// Files that together make the set, and how.
  public struct Source: Sendable {
    public var title: String
    public var files: [RemoteFile]
    /// Remarks on the claims that results on them allow.
    public var notes: [String] = []
    /// Makes the images of the files' paths, in their order.
    var assemble: @Sendable (_ paths: [String], _ limit: Int) throws -> ImageCollection
  }

  public var name: String
  public var summary: String
  /// In the order in which to look for them; none for a set that is drawn.
  public var sources: [Source] = []
  /// Draws the set, where it is drawn.
  var draw: (@Sendable () -> ImageCollection)?
  /// The likelihood of the pixels unless another is asked for.
  public var likelihood = Likelihood.bernoulli
  /// The values of an image.
  public var width: Int
  /// The rows of pixels of an image, where it has rows.
  public var height: Int?
  /// The part held out for validation where the files hold none.
  public var validation = Split.Validation.share
  /// The part that the released IWAE code holds out; nil where it does not know the set.
  public var released: Split.Validation?

  public static func named(_ name: String) -> NamedSet? { all.first { $0.name == name } }

  /// True if the program draws the set.
  public var isDrawn: Bool { draw != nil }

  /// The first source whose files can be downloaded.
  public var fetchable: Source? {
    sources.first { source in source.files.allSatisfy { !$0.urls.isEmpty } }
  }

  /// The first source whose files are all there, with their paths; nil where there is none.
  public func located(in folders: DataFolders) -> (source: Source, paths: [String])? {
    for source in sources {
      let paths = source.files.compactMap { folders.find(name, $0.name) }
      if paths.count == source.files.count { return (source, paths) }
    }
    return nil
  }

  /// The images, from the files that are there.
  public func collection(
    in folders: DataFolders, limit: Int = DataFile.standardLimit
  ) throws -> ImageCollection {
    if let draw { return draw() }
    guard let (source, paths) = located(in: folders) else {
      throw FileAccessError(missing(in: folders))
    }
    var result = try source.assemble(paths, limit).checked(paths[0]).asPictures()
    guard result.training.width == width else {
      throw FormatError(
        file: paths[0],
        problem: "expected images of \(width) values, found \(result.training.width).")
    }
    let others = try zip(source.files, paths).filter { try Self.verify($0, at: $1) == false }
    result.notes =
      source.notes + result.notes
      + others.map { "'\($1)' is not the listed file: its SHA-256 is another" }
    return result
  }

  /// A message that names the missing files and the remedy.
  private func missing(in folders: DataFolders) -> String {
    let places = folders.folders.map { "'\($0)/\(name)'" }.joined(separator: " or ")
    let files = sources.map { source in
      source.files.map(\.name).joined(separator: ", ")
    }.joined(separator: "; or ")
    let remedy =
      fetchable != nil ? "Run 'iwae-gpu data fetch \(name)', or put them there." : "Put them there."
    return "The files of '\(name)' are not in \(places): \(files). \(remedy)"
  }

  /// True if a file that was found is the one that the table describes; nil where that cannot be
  /// told, because its digest is not known or somebody decompressed it.
  public static func verify(_ file: RemoteFile, at path: String) throws -> Bool? {
    let isSame = path.hasSuffix("/" + file.name)
    guard !file.sha256.isEmpty, isSame || path.hasSuffix(file.name + ".gz") else { return nil }
    let bytes = try FileBytes(path: path)
    if isSame && bytes.count != file.size { return false }
    var hash = SHA256()
    do throws(FormatError) {
      let reader =
        isSame ? bytes.reader() : try bytes.reader().decompressed(.gzip, limit: file.size)
      while true {
        let piece = try reader.some(1 << 18)
        if piece.isEmpty { break }
        hash.update(piece)
      }
    } catch {
      // Damaged, or longer than what is listed.
      return false
    }
    return hash.hexadecimal() == file.sha256
  }
}
