import Datasets
import Experiments
import Foundation
import IWAE

/// Describing a set: its files, its parts, their pixels, and the likelihoods that fit.
enum DataInfo {
  private struct Report: Encodable {
    struct File: Encodable {
      var path: String
      var bytes: Int
      /// True if the digest is the one that is listed; absent where it cannot be told.
      var isVerified: Bool?
    }

    struct Part: Encodable {
      var name: String
      var images: Int
      var width: Int
      var height: Int?
      /// The values that are missing, which count nowhere else.
      var missing: Int
      /// Absent where all are.
      var mean: Double?
      var minimum: Double?
      var maximum: Double?
      var isBinary: Bool
      var classes: Int?

      var size: String { height.map { "\($0) x \(width / $0)" } ?? "\(width)" }
    }

    var name: String
    var format: String
    var source: String?
    var files: [File]
    var parts: [Part]
    var look: DataLook
    var notes: [String]
    /// Of reading the files; nothing else.
    var seconds: Double
    var imagesPerSecond: Double
  }

  static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
    let name = try arguments.argument("set")
    let start = ContinuousClock.now
    let source = try DataOptions.source(name, labels: arguments.string("--labels") ?? "")
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let collection = source.collection
    let located = source.namedSet?.located(in: DataOptions.folders)
    let files = try zip(located?.source.files ?? [], located?.paths ?? []).map { file, path in
      Report.File(
        path: path, bytes: try FileBytes(path: path).count,
        isVerified: try NamedSet.verify(file, at: path))
    }
    let images = collection.parts.reduce(0) { $0 + $1.images.count }
    let look = DataLook(collection)
    // Bytes that are no levels of grey are the numbers themselves.
    let areNumbers = look.values.map { [.classes, .counts].contains($0) } ?? false
    let report = Report(
      name: name, format: collection.format, source: located?.source.title, files: files,
      parts: collection.parts.map { part($0, areNumbers ? $1.scaled(for: .counts) : $1) },
      look: look,
      notes: collection.notes,
      seconds: seconds, imagesPerSecond: Double(images) / seconds)
    if arguments.has("--json") {
      try terminal.json(report)
    } else {
      try terminal.output(text(report, summary: source.namedSet?.summary))
    }
    return .done
  }

  private static func part(_ name: String, _ images: ImageSet) -> Report.Part {
    var (sum, low, high) = (0.0, Float.infinity, -Float.infinity)
    for index in 0..<images.count {
      for pixel in images.pixels(of: index) where !pixel.isNaN {
        sum += Double(pixel)
        low = min(low, pixel)
        high = max(high, pixel)
      }
    }
    let known = images.count * images.width - images.missingCount
    return Report.Part(
      name: name, images: images.count, width: images.width, height: images.height,
      missing: images.missingCount, mean: known > 0 ? sum / Double(known) : nil,
      minimum: known > 0 ? Double(low) : nil, maximum: known > 0 ? Double(high) : nil,
      isBinary: images.isBinary, classes: images.labels.map { Set($0).count })
  }

  private static func text(_ report: Report, summary: String?) -> String {
    var lines = [report.name + (summary.map { ": \($0)" } ?? "")]
    lines.append([report.source, report.format].compactMap(\.self).joined(separator: ": "))
    for file in report.files {
      let state =
        switch file.isVerified {
        case true: "SHA-256 as listed"
        case false: "SHA-256 is not the listed one"
        case nil: "SHA-256 not known"
        }
      lines.append("  \(file.path)  \(readable(bytes: file.bytes))  \(state)")
    }
    var table = TextTable(
      ["part", "images", "size", "mean pixel", "least", "most", "missing", "classes"],
      rightAligned: [1, 3, 4, 5, 6, 7])
    func number(_ format: String, _ value: Double?) -> String {
      value.map { String(format: format, $0) } ?? "-"
    }
    for part in report.parts {
      table.append([
        part.name, "\(part.images)", part.size, number("%.6f", part.mean),
        number("%.3g", part.minimum), number("%.3g", part.maximum), "\(part.missing)",
        part.classes.map(String.init) ?? "-",
      ])
    }
    var fits = TextTable(["likelihood", "why it fits"])
    for fit in report.look.likelihoods { fits.append([fit.likelihood, fit.reason]) }
    lines += ["", table.text, "", report.look.text, "", fits.text, ""]
    lines += report.notes.map { "Note: \(sentence($0))" }
    lines.append(
      "Read in \(readable(.seconds(report.seconds))), "
        + "\(String(format: "%.0f", report.imagesPerSecond)) images/s.")
    return lines.joined(separator: "\n")
  }
}
