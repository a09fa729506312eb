import Commands
import Datasets
import Experiments
import Files
import Foundation

extension Command {
  static let data = Command(
    name: "data",
    abstract: "List, describe, download and show data sets.",
    arguments: [
      .init("action", help: "list, info, fetch or preview."),
      .init(
        "set", isOptional: true,
        help: "A set that 'data list' names, or a file or folder; not for list."),
    ],
    actions: [
      .init("list", help: "List the sets that are known, and whether they are here."),
      .init(
        "info", options: ["--labels"],
        help:
          "Describe a set or a file: shape, range, kinds of values, missing ones, and the likelihoods "
          + "that fit."),
      .init("fetch", help: "Download the files of a set, and check them."),
      .init(
        "preview", options: ["--part", "--count", "--out"],
        help: "Show images of a set or a file in a picture."),
    ],
    options: [
      DataOptions.labels,
      Option("--out", "file", help: "The picture of preview. (default: <set>.png)"),
      Option("--count", "count", help: "How many images preview shows. (default: 100)"),
      Option(
        "--part", "name", choices: DataPart.allCases.map(\.rawValue),
        help: "The part that preview shows. (default: training)"),
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    examples: [
      Example("iwae-gpu data list", "See which sets there are"),
      Example("iwae-gpu data fetch mnist", "Download one"),
      Example("iwae-gpu data info table.csv", "Describe a file of your own"),
      Example("iwae-gpu data preview mnist --out mnist.png", "See images of a set"),
    ],
    run: { try runData($0, $1) })
}

private func runData(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  switch try arguments.argument("action") {
  case "list": try listSets(arguments, terminal)
  case "info": try describeSet(arguments, terminal)
  case "fetch": try DataFetch.run(arguments, terminal)
  default: try preview(arguments, terminal)
  }
}

// MARK: List

private struct SetReport: Encodable {
  var name: String
  var summary: String
  /// True if the images can be read now.
  var isHere: Bool
  /// The title of the files that they would be read from.
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
      + folders.folders.map { "\(onOneLine($0))/<set>" }.joined(separator: " and ") + ".")
  return .done
}

// MARK: Info

private func describeSet(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let name = try arguments.argument("set")
  let start = ContinuousClock.now
  let source = try DataOptions.source(name, labels: arguments.string("--labels") ?? "")
  let seconds = (ContinuousClock.now - start) / .seconds(1)
  let report = try DataReport(name, source, in: DataOptions.folders, seconds: seconds)
  if arguments.has("--json") { try terminal.json(report) } else { try terminal.output(report.text) }
  return .done
}

// MARK: Preview

private func preview(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let name = try arguments.argument("set")
  let out = try Display.figure(arguments)
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
    to: out ?? "\(label).png",
    width: Picture.width(of: images.width, height: images.height), arguments, terminal)
}
