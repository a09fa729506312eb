import Commands
import Experiments
import Files
import Foundation
import OpenCLDevice

extension Command {
  static let cache = Command(
    name: "cache",
    abstract: "List or clear what is kept between runs of the program.",
    arguments: [
      .init("action", help: "list or clear."),
      .init(
        "kind", isOptional: true, isRepeated: true, choices: CacheKind.allCases.map(\.rawValue),
        help: "Of clear: \(CacheKind.allCases.map(\.rawValue).joined(separator: ", "))."),
    ],
    actions: [
      .init("list", help: "Show what is kept, how much of it, and where."),
      .init("clear", help: "Remove all of some kinds."),
    ],
    options: [Option("--json", help: "Print one JSON object.")],
    examples: [
      Example("iwae-gpu cache list", "See what is kept"),
      Example("iwae-gpu cache clear kernels tunings", "Compile and tune afresh"),
    ],
    run: { try runCache($0, $1) })
}

/// Something that is kept.
private enum CacheKind: String, CaseIterable {
  case kernels, tunings, data

  var folder: String? {
    switch self {
    case .kernels: TuningStore.folders?.kernels
    case .tunings: TuningStore.folders?.tunings
    case .data: DataOptions.folders.folders.last
    }
  }

  var meaning: String {
    switch self {
    case .kernels: "compiled kernels, and drivers' trials"
    case .tunings: "what 'tune' found"
    case .data: "downloaded data sets"
    }
  }

  /// Said where it has no folder.
  var absence: String {
    "Nothing of the kind '\(rawValue)' is kept: there is no folder for it that is yours alone. Set "
      + "XDG_CACHE_HOME to a folder of yours, and XDG_STATE_HOME to another."
  }
}

private struct CacheReport: Encodable {
  struct Row: Encodable {
    var kind: String
    var files: Int
    var bytes: Int
    var folder: String
  }

  var kept: [Row]
}

private func runCache(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  if try arguments.argument("action") == "clear" {
    try clear(arguments)
  } else if let extra = arguments.optionalArgument("kind") {
    throw arguments.error("Unexpected argument '\(extra)': list shows all kinds.")
  }
  for kind in CacheKind.allCases where kind.folder == nil {
    terminal.error("Note: \(kind.absence)")
  }
  let report = CacheReport(kept: CacheKind.allCases.compactMap(row))
  if arguments.has("--json") {
    try terminal.json(report)
  } else {
    var table = TextTable(["kind", "files", "size", "what", "folder"], rightAligned: [1, 2])
    for (kind, row) in zip(CacheKind.allCases.filter { $0.folder != nil }, report.kept) {
      table.append([row.kind, "\(row.files)", readable(bytes: row.bytes), kind.meaning, row.folder])
    }
    try terminal.output(table.text)
  }
  return .done
}

private func clear(_ arguments: ParsedArguments) throws {
  let names = try arguments.arguments("kind")
  let kinds = try names.map { name in
    guard let kind = CacheKind(rawValue: name) else {
      let known = CacheKind.allCases.map(\.rawValue)
      throw arguments.error(
        "Nothing of the kind '\(name)' is kept.\(suggestion(for: name, among: known)) Please provide some "
          + "of \(known.map { "'\($0)'" }.joined(separator: ", ")).")
    }
    return kind
  }
  let folders = try kinds.map { kind throws(CommandError) in
    guard let folder = kind.folder else {
      throw CommandError(message: kind.absence, code: .fileAccess)
    }
    return folder
  }
  for folder in folders {
    // One that cannot be looked at is no empty one.
    guard try FileCalls.status(folder) != nil, RunFolder.isFolder(folder) else { continue }
    do {
      try FileManager.default.removeItem(atPath: folder)
    } catch {
      throw CommandError(
        message: "'\(folder)' could not be removed. Look at who may write there.", code: .fileAccess
      )
    }
  }
}

private func row(_ kind: CacheKind) -> CacheReport.Row? {
  guard let folder = kind.folder else { return nil }
  var row = CacheReport.Row(kind: kind.rawValue, files: 0, bytes: 0, folder: folder)
  let keys: [URLResourceKey] = [.isRegularFileKey, .fileSizeKey]
  let files = FileManager.default.enumerator(
    at: URL(fileURLWithPath: folder), includingPropertiesForKeys: keys)
  for case let file as URL in files ?? .init() {
    guard let values = try? file.resourceValues(forKeys: Set(keys)), values.isRegularFile == true
    else { continue }
    row.files += 1
    row.bytes += values.fileSize ?? 0
  }
  return row
}
