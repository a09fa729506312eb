import Commands
import Experiments
import Files
import Foundation
import Report

extension Command {
  static let report = Command(
    name: "report",
    abstract: "Show runs, and compare them, in one HTML file.",
    arguments: [.init("run", isRepeated: true, help: "Run folders.")],
    options: [
      Option("--out", "file", help: "The report. (default: report.html in the first run's folder)"),
      Option("--title", "text", help: "The heading. (default: the run's name, or a count of runs)"),
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Print nothing."),
    ],
    examples: [
      Example(
        "iwae-gpu report runs/iwae runs/vae --out compare.html", "Compare two runs in one page")
    ],
    run: { try runReport($0, $1) })
}

/// The object that `--json` prints.
private struct ReportSummary: Encodable {
  var out: String
  var runs: [String]
  var figures: Int
  var bytes: Int
}

private func runReport(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let named = try arguments.arguments("run")
  // Among several, what is no run is left out.
  let paths = named.count == 1 ? named : named.filter(mayBeRun)
  for path in named where !paths.contains(path) {
    terminal.error("Note: '\(path)' is left out, for it is no run folder.")
  }
  if paths.isEmpty { throw FormatError(file: named[0], problem: "none of these is a run folder.") }
  let folders = paths.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
  if let twice = folders.indices.first(where: { folders[..<$0].contains(folders[$0]) }) {
    throw arguments.error("The run '\(paths[twice])' was given twice.")
  }
  let names = folders.map { URL(fileURLWithPath: $0).lastPathComponent }
  let runs = try paths.indices.map { index in
    // Runs that are called alike are told apart by their paths.
    let isUnique = names.count { $0 == names[index] } == 1
    return try ReportRun(
      RunFolder(paths[index]), name: isUnique ? names[index] : paths[index])
  }
  let page = ReportPage(
    title: arguments.string("--title")
      ?? (runs.count == 1
        ? "Run \(runs[0].name)"
        : "\(runs.count) \(runs.allSatisfy { !$0.isFiguresAlone } ? "runs" : "folders") compared"),
    runs: runs)
  let html = Data(page.html.utf8)
  let out = arguments.string("--out") ?? RunFolder(paths[0]).report
  try Files.write(html, to: out)
  let summary = ReportSummary(
    out: out, runs: paths, figures: page.figureCount, bytes: html.count)
  if arguments.has("--json") {
    try terminal.json(summary)
  } else if !arguments.has("--quiet") {
    try terminal.output(
      "\(summary.figures) figures of \(paths.count == 1 ? "a run" : "\(paths.count) runs") in \(out) "
        + "(\(readable(bytes: html.count)))")
  }
  return .done
}

/// False for a folder or a file that is there and is no run.
private func mayBeRun(_ path: String) -> Bool {
  RunFolder(path).hasContent || !FileManager.default.fileExists(atPath: path)
}
