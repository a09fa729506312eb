import Artifacts
import Commands
import Datasets
import Experiments
import Files
import Foundation

/// Downloading the files of a set.
enum DataFetch {
  private struct Report: Encodable {
    struct File: Encodable {
      var path: String
      var bytes: Int
      /// The address that it came from; absent where it was there already.
      var url: String?
      var seconds: Double?
    }

    var set: String
    var files: [File]
  }

  static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
    let name = try arguments.argument("set")
    let sets = NamedSet.all.map(\.name)
    guard let set = NamedSet.named(name) else {
      throw arguments.error(
        "There is no set '\(name)'.\(suggestion(for: name, among: sets)) The sets are "
          + "\(sets.joined(separator: ", ")).")
    }
    guard let source = set.fetchable else {
      throw CommandError(
        message: set.isDrawn
          ? "'\(name)' is drawn by the program; there is nothing to download."
          : "It is not known where the files of '\(name)' can be had.", code: .usage)
    }
    let line = ProgressLine(
      terminal, isQuiet: arguments.has("--quiet"), isTerse: arguments.has("--json"))
    defer { line.clear() }
    let interrupt = Interrupt()
    var report = Report(set: name, files: [])
    for file in source.files {
      if let path = DataOptions.folders.find(name, file.name),
        try NamedSet.verify(file, at: path) == true
      {
        report.files.append(Report.File(path: path, bytes: try FileBytes(path: path).count))
        continue
      }
      let path = DataOptions.folders.target(name, file.name)
      report.files.append(try fetch(file, of: name, to: path, line, interrupt))
    }
    line.clear()
    if arguments.has("--json") {
      try terminal.json(report)
    } else {
      let lines = report.files.map { file in
        let how =
          file.url.map { "from \(URL(string: $0)?.host ?? $0)" } ?? "there already"
        return "\(onOneLine(file.path))  \(readable(bytes: file.bytes))  \(how)"
      }
      try terminal.output(
        lines.joined(separator: "\n") + "\nNext: iwae-gpu data info \(name)")
    }
    return .done
  }

  private static func fetch(
    _ file: RemoteFile, of set: String, to path: String, _ line: ProgressLine,
    _ interrupt: Interrupt
  ) throws -> Report.File {
    let mirror = ProcessInfo.processInfo.environment["IWAE_GPU_MIRROR"] ?? ""
    let downloader = Downloader(mirrors: mirror.isEmpty ? [] : ["\(mirror)/\(set)"])
    let begin = ContinuousClock.now
    var first: Int?
    var shown: ContinuousClock.Instant?
    let outcome = try downloader.download(file, to: path) { progress in
      let start = first ?? progress.received
      first = start
      let now = ContinuousClock.now
      if let shown, now - shown < .milliseconds(100) { return !interrupt.isRequested }
      shown = now
      let elapsed = (now - begin) / .seconds(1)
      let rate = Double(progress.received - start) / max(elapsed, 1e-3)
      let left = Double(progress.total - progress.received) / max(rate, 1)
      line.show(
        "\(file.name) from \(progress.host)  \(readable(bytes: progress.received)) of "
          + "\(readable(bytes: progress.total))  \(readable(bytes: Int(rate)))/s"
          + (rate > 1 ? "  \(readable(.seconds(left))) left" : ""))
      return !interrupt.isRequested
    }
    switch outcome {
    case .present: return Report.File(path: path, bytes: file.size)
    case .fetched(_, let seconds, let url):
      return Report.File(path: path, bytes: file.size, url: url, seconds: seconds)
    }
  }
}
