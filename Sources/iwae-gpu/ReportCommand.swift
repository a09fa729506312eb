import Commands
import Experiments
import Files
import Foundation
import Report

extension Command {
  static let report = Command(
    name: "report",
    abstract: "Show runs, and compare them, in one HTML file and a table.",
    arguments: [.init("run", isRepeated: true, help: "Run folders.")],
    options: [
      Option("--out", "file", help: "The report. (default: report.html in the first run's folder)"),
      Option("--title", "text", help: "The heading. (default: the run's name, or a count of runs)"),
      Option(
        "--watch",
        help: "Write the report again whenever a run has changed, until Ctrl-C; it reloads itself."),
    ] + OutputFormat.options + [
      Option("--quiet", help: "Print nothing but what '--format' asks for.")
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
  /// The runs of each setting together.
  var groups: [RunComparison.Summary]
}

/// The runs of a report, and its file.
private struct ReportRequest {
  /// Run folders, with their names.
  let paths: [String]
  let names: [String]
  let title: String?
  let out: String

  init(_ arguments: ParsedArguments, _ terminal: Terminal) throws {
    let named = try arguments.arguments("run")
    // Among several, what is no run is left out.
    let paths = named.count == 1 ? named : named.filter(mayBeRun)
    for path in named where !paths.contains(path) {
      terminal.error("Note: '\(onOneLine(path))' is left out, for it is no run folder.")
    }
    if paths.isEmpty {
      throw FormatError(file: named[0], problem: "none of these is a run folder.")
    }
    if let twice = firstGivenTwice(paths) {
      throw arguments.error("The run '\(twice)' was given twice.")
    }
    let last = paths.map { URL(fileURLWithPath: $0).standardizedFileURL.lastPathComponent }
    // Runs that are called alike are told apart by their paths.
    names = paths.indices.map { index in
      last.count { $0 == last[index] } == 1 ? last[index] : paths[index]
    }
    self.paths = paths
    title = arguments.string("--title")
    out = try Display.file(arguments) ?? RunFolder(paths[0]).report
  }

  /// The newest that is known of the runs.
  func page() throws -> (page: ReportPage, comparison: RunComparison) {
    let runs = try zip(paths, names).map { try ReportRun(RunFolder($0), name: $1) }
    let comparison = RunComparison(runs)
    let usual =
      runs.count == 1
      ? "Run \(runs[0].name)"
      : "\(runs.count) \(runs.allSatisfy { !$0.isFiguresAlone } ? "runs" : "folders") compared"
    return (ReportPage(title: title ?? usual, runs: runs, seeds: comparison.seeds), comparison)
  }

  /// Writes the page, whole or not at all.
  func write(refreshSeconds: Int? = nil) throws -> (summary: ReportSummary, RunComparison) {
    var (page, comparison) = try page()
    page.refreshSeconds = refreshSeconds
    let html = Data(page.html.utf8)
    try Files.write(html, to: out)
    let summary = ReportSummary(
      out: out, runs: paths, figures: page.figureCount, bytes: html.count,
      groups: comparison.summaries)
    return (summary, comparison)
  }

  var stamps: [RunFolder.Stamp] { paths.map { RunFolder($0).stamp(without: out) } }
}

private func runReport(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let format = try OutputFormat(arguments)
  let request = try ReportRequest(arguments, terminal)
  let isWatching = arguments.has("--watch")
  if isWatching { try watch(request, try Display(ofTable: arguments, terminal)) }
  let (summary, comparison) = try request.write()
  let table = comparison.table
  let line =
    "\(summary.figures) figures of "
    + "\(request.paths.count == 1 ? "a run" : "\(request.paths.count) runs") in \(onOneLine(summary.out)) "
    + "(\(readable(bytes: summary.bytes)))"
  let isQuiet = arguments.has("--quiet")
  if format == .json {
    try terminal.json(summary)
  } else if let printed = table.printed(as: format) {
    if !isQuiet { terminal.error(line) }
    try terminal.output(printed)
  } else if !isQuiet {
    let differences = comparison.differencesText.map { onOneLine($0) + "\n" }.joined()
    try terminal.output(
      (table.rows.isEmpty
        ? "" : table.text + "\n\n" + (differences.isEmpty ? "" : differences + "\n"))
        + line)
  }
  return isWatching ? .interrupted : .done
}

/// Writes the page again whenever a file of a run was, until somebody asks to stop.
private func watch(_ request: ReportRequest, _ display: Display) throws {
  let (seconds, refreshSeconds) = (2, 5)
  var shown: [RunFolder.Stamp]?
  var warning: String?
  while display.show("Watching \(counted(request.paths.count, "run")): \(request.out)") {
    let stamps = request.stamps
    if stamps != shown {
      do {
        _ = try request.write(refreshSeconds: refreshSeconds)
        (shown, warning) = (stamps, nil)
      } catch {
        // A run may not have begun, or begin again: the page that is there stays until it has.
        let found = "Warning: the report is not written yet. \(error)"
        if found != warning { display.line.keep(found) }
        warning = found
      }
    }
    for _ in 0..<(seconds * 10) where !display.interrupt.isRequested { usleep(100_000) }
  }
  display.line.clear()
}

/// False for a folder or a file that is there and is no run.
private func mayBeRun(_ path: String) -> Bool {
  RunFolder(path).hasContent || !FileManager.default.fileExists(atPath: path)
}
