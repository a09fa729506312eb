import Datasets
import Files
import Foundation
import IWAE

/// A set as it is described: its files, its parts, their pixels, and the likelihoods that fit.
public struct DataReport: Encodable, Sendable {
  public struct File: Encodable, Sendable {
    public var path: String
    public var bytes: Int
    /// True if the digest is the one that is listed; absent where it cannot be told.
    public var isVerified: Bool?
  }

  public struct Part: Encodable, Sendable {
    public var name: String
    public var images: Int
    public var width: Int
    public var height: Int?
    /// The values that are missing, which count nowhere else.
    public var missing: Int
    /// Absent where all are.
    public var mean: Double?
    public var minimum: Double?
    public var maximum: Double?
    public var isBinary: Bool
    public var classes: Int?

    fileprivate var size: String { height.map { "\($0) x \(width / $0)" } ?? "\(width)" }
  }

  public var name: String
  public var format: String
  public var source: String?
  public var files: [File]
  public var parts: [Part]
  /// Those of a table; nil of pictures.
  public var columns: [Column]?
  public var look: DataLook
  public var notes: [String]
  /// Of reading the files; nothing else.
  public var seconds: Double
  public var imagesPerSecond: Double
  private let summary: String?

  private enum CodingKeys: CodingKey {
    case name, format, source, files, parts, columns, look, notes, seconds, imagesPerSecond
  }

  /// - Parameters:
  ///   - name: The set's name, or its file or folder.
  ///   - source: The set.
  ///   - folders: The folders in which its files were looked for.
  ///   - seconds: The time that reading it took.
  public init(
    _ name: String, _ source: DataSource, in folders: DataFolders, seconds: Double
  ) throws {
    let collection = source.collection
    let located = source.namedSet?.located(in: folders)
    files = try zip(located?.source.files ?? [], located?.paths ?? []).map { file, path in
      File(
        path: path, bytes: try FileBytes(path: path).count,
        isVerified: try NamedSet.verify(file, at: path))
    }
    look = DataLook(collection)
    // Bytes that are no levels of grey are the numbers themselves.
    let areNumbers = look.values.map { [.classes, .counts].contains($0) } ?? false
    parts = collection.parts.map { Part($0, areNumbers ? $1.scaled(for: .counts) : $1) }
    columns = Self.columns(
      areNumbers ? collection.training.scaled(for: .counts) : collection.training,
      names: collection.columnNames)
    (self.name, format) = (name, collection.format)
    (self.source, summary) = (located?.source.title, source.namedSet?.summary)
    (notes, self.seconds) = (collection.notes, seconds)
    imagesPerSecond = Double(collection.parts.reduce(0) { $0 + $1.images.count }) / seconds
  }

  /// The report for people.
  public var text: String {
    var lines = [onOneLine(name) + (summary.map { ": \($0)" } ?? "")]
    lines.append([source, format].compactMap(\.self).joined(separator: ": "))
    for file in files {
      let state =
        switch file.isVerified {
        case true: "SHA-256 as listed"
        case false: "SHA-256 is not the listed one"
        case nil: "SHA-256 not known"
        }
      lines.append("  \(onOneLine(file.path))  \(readable(bytes: file.bytes))  \(state)")
    }
    var table = TextTable(
      ["part", "images", "size", "mean pixel", "least", "most", "missing", "classes"],
      rightAligned: [1, 3, 4, 5, 6, 7])
    func number(_ format: String, _ value: Double?) -> String {
      value.map { String(format: format, $0) } ?? "-"
    }
    for part in parts {
      table.append([
        part.name, "\(part.images)", part.size, number("%.6f", part.mean),
        number("%.3g", part.minimum), number("%.3g", part.maximum), "\(part.missing)",
        part.classes.map(String.init) ?? "-",
      ])
    }
    var fits = TextTable(["likelihood", "why it fits"])
    for fit in look.likelihoods { fits.append([fit.likelihood, fit.reason]) }
    lines += ["", table.text, ""] + columnLines + [look.text, "", fits.text, ""]
    lines += notes.map { "Note: \(sentence(onOneLine($0)))" }
    lines.append(
      "Read in \(readable(.seconds(seconds))), "
        + "\(String(format: "%.0f", imagesPerSecond)) images/s.")
    return lines.joined(separator: "\n")
  }
}

extension DataReport.Part {
  fileprivate init(_ name: String, _ images: ImageSet) {
    var (sum, low, high) = (0.0, Float.infinity, -Float.infinity)
    for index in 0..<images.count {
      for pixel in images.pixels(of: index) where !pixel.isNaN {
        sum += Double(pixel)
        low = min(low, pixel)
        high = max(high, pixel)
      }
    }
    let known = images.count * images.width - images.missingCount
    self.init(
      name: name, images: images.count, width: images.width, height: images.height,
      missing: images.missingCount, mean: known > 0 ? sum / Double(known) : nil,
      minimum: known > 0 ? Double(low) : nil, maximum: known > 0 ? Double(high) : nil,
      isBinary: images.isBinary, classes: images.labels.map { Set($0).count })
  }
}
