import Artifacts
import Datasets
import Experiments
import Foundation
import IWAE

extension Command {
  static let data = Command(
    name: "data",
    abstract: "List, describe, download and show data sets.",
    arguments: [
      .init("action", help: "list, info, fetch or preview."),
      .init("set", help: "A set that 'data list' names, or a file or folder; not for list."),
    ],
    options: [
      Option("--out", "file", help: "The picture of preview. (default: <set>.png)"),
      Option("--count", "count", help: "How many images preview shows. (default: 100)"),
      Option(
        "--part", "name", choices: ["training", "validation", "test"],
        help: "The part that preview shows. (default: training)"),
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    run: { try runData($0, $1) })
}

private func runData(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let actions: [String: (ParsedArguments, Terminal) throws -> ExitCode] = [
    "list": listSets, "info": describe, "fetch": DataFetch.run, "preview": preview,
  ]
  let name = try arguments.argument("action")
  guard let action = actions[name] else {
    throw arguments.error(
      "Unexpected action '\(name)'.\(suggestion(for: name, among: Array(actions.keys))) Please "
        + "provide one of \(actions.keys.sorted().map { "'\($0)'" }.joined(separator: ", ")).")
  }
  return try action(arguments, terminal)
}

// MARK: List

private struct SetReport: Encodable {
  var name: String
  var summary: String
  /// True if the images can be read now.
  var isHere: Bool
  /// What they would be read from.
  var source: String?
  /// True if `fetch` knows where to get them.
  var canFetch: Bool
}

private func listSets(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  if let extra = try? arguments.argument("set") {
    throw arguments.error("Unexpected argument '\(extra)': list takes no set.")
  }
  let folders = DataOptions.folders
  let reports = NamedSet.all.map { set in
    let located = set.located(in: folders)
    return SetReport(
      name: set.name, summary: set.summary, isHere: set.isDrawn || located != nil,
      source: located?.source.title, canFetch: set.fetchable != nil)
  }
  if arguments.has("--json") {
    try terminal.json(["sets": reports])
    return .done
  }
  var table = TextTable(["set", "here", "what"])
  for (set, report) in zip(NamedSet.all, reports) {
    let here = set.isDrawn ? "drawn" : report.isHere ? "yes" : "no"
    table.append([set.name, here, set.summary])
  }
  try terminal.output(
    table.text + "\n\nFiles are looked for in "
      + folders.folders.map { "\($0)/<set>" }.joined(separator: " and ") + ".")
  return .done
}

// MARK: Info

private struct DataReport: Encodable {
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
    var mean: Double
    var minimum: Double
    var maximum: Double
    var isBinary: Bool
    var classes: Int?

    var size: String { height.map { "\($0) x \(width / $0)" } ?? "\(width)" }
  }

  var name: String
  var format: String
  var source: String?
  var files: [File]
  var parts: [Part]
  var notes: [String]
  /// Of reading the files; nothing else.
  var seconds: Double
  var imagesPerSecond: Double
}

private func describe(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let name = try arguments.argument("set")
  let start = ContinuousClock.now
  let source = try DataOptions.source(name)
  let seconds = (ContinuousClock.now - start) / .seconds(1)
  let collection = source.collection
  let located = source.namedSet?.located(in: DataOptions.folders)
  let files = try zip(located?.source.files ?? [], located?.paths ?? []).map { file, path in
    DataReport.File(
      path: path, bytes: try FileBytes(path: path).count,
      isVerified: try NamedSet.verify(file, at: path))
  }
  let images = collection.parts.reduce(0) { $0 + $1.images.count }
  let report = DataReport(
    name: name, format: collection.format, source: located?.source.title, files: files,
    parts: collection.parts.map(part), notes: collection.notes, seconds: seconds,
    imagesPerSecond: Double(images) / seconds)
  if arguments.has("--json") {
    try terminal.json(report)
  } else {
    try terminal.output(text(report, summary: source.namedSet?.summary))
  }
  return .done
}

private func part(_ name: String, _ images: ImageSet) -> DataReport.Part {
  var (sum, low, high) = (0.0, Float.infinity, -Float.infinity)
  for index in 0..<images.count {
    for pixel in images.pixels(of: index) {
      sum += Double(pixel)
      low = min(low, pixel)
      high = max(high, pixel)
    }
  }
  return DataReport.Part(
    name: name, images: images.count, width: images.width, height: images.height,
    mean: sum / Double(images.count * images.width), minimum: Double(low), maximum: Double(high),
    isBinary: images.isBinary, classes: images.labels.map { Set($0).count })
}

private func text(_ report: DataReport, summary: String?) -> String {
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
    ["part", "images", "size", "mean pixel", "least", "most", "classes"],
    rightAligned: [1, 3, 4, 5, 6])
  for part in report.parts {
    table.append([
      part.name, "\(part.images)", part.size, String(format: "%.6f", part.mean),
      String(format: "%.3g", part.minimum), String(format: "%.3g", part.maximum),
      part.classes.map(String.init) ?? "-",
    ])
  }
  lines += ["", table.text, ""] + report.notes.map { "Note: \(sentence($0))" }
  lines.append(
    "Read in \(readable(.seconds(report.seconds))), "
      + "\(String(format: "%.0f", report.imagesPerSecond)) images/s.")
  return lines.joined(separator: "\n")
}

// MARK: Preview

private func preview(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let name = try arguments.argument("set")
  let wanted = arguments.string("--part") ?? "training"
  let source = try DataOptions.source(name)
  guard let images = source.collection.parts.first(where: { $0.name == wanted })?.images else {
    let parts = source.collection.parts.map(\.name).joined(separator: " and ")
    throw CommandError(message: "'\(name)' has no part '\(wanted)'; it has \(parts).", code: .usage)
  }
  let count = min(try arguments.integer("--count", default: 100, maximum: 10_000), images.count)
  guard count * images.width <= 1 << 28 else {
    throw arguments.error(
      "\(count) images of \(images.width) values make too large a picture; ask for fewer with "
        + "'--count'.")
  }
  // Spread over the whole set, whose neighbours may be alike.
  let shown = (0..<count).map { images.pixels(of: $0 * images.count / count) }
  let label =
    source.namedSet?.name ?? URL(fileURLWithPath: name).deletingPathExtension().lastPathComponent
  return try Picture(images: shown, columns: Int(Double(count).squareRoot().rounded(.up))).write(
    to: arguments.string("--out") ?? "\(label).png",
    width: Picture.width(of: images.width, height: images.height), arguments, terminal)
}
