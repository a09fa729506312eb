import Artifacts
import Files
import Foundation

/// The folder that a training run leaves: its configuration, its metrics, its checkpoints and what
/// evaluating them found.
public struct RunFolder: Sendable {
  public let path: String

  public init(_ path: String) {
    self.path = path
  }

  /// A new folder, of the first free name. Whoever asks for one at the same time gets another.
  public static func new(
    _ name: String, in parent: String = "runs"
  ) throws(FileAccessError) -> RunFolder {
    var result = "\(parent)/\(name)"
    var number = 1
    while try !FileCalls.makeNewFolder(result) {
      number += 1
      result = "\(parent)/\(name)-\(number)"
    }
    return RunFolder(result)
  }

  /// Takes the folder away if nothing is in it: the system refuses any other.
  public func removeIfEmpty() { _ = rmdir(path) }

  public var configuration: String { path + "/config.json" }
  public var metrics: String { path + "/metrics.jsonl" }
  public var checkpoint: String { path + "/checkpoint.safetensors" }
  public var best: String { path + "/best.safetensors" }
  public var figures: String { path + "/figures" }
  public var report: String { path + "/report.html" }
  public var evaluation: String { path + "/evaluation.json" }
  /// The bound with another number of samples.
  public var bound: String { path + "/bound.json" }

  /// True if there is a run in the folder, or what evaluating one found.
  public var exists: Bool {
    [configuration, metrics, checkpoint, best, evaluation, bound].contains {
      FileManager.default.fileExists(atPath: $0)
    }
  }

  /// True if a sweep, or a paper's table, keeps its runs below.
  public var isOfSweep: Bool {
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }
    return has("sweep.json") || has("results.json") && !exists
  }

  /// True if a path leads to a file that a run or sweep keeps, in its folder or among its figures.
  public static func keeps(_ file: String) -> Bool {
    let place = URL(fileURLWithPath: file).resolvingSymlinksInPath().standardizedFileURL
    let folder = place.deletingLastPathComponent()
    let above = RunFolder(folder.deletingLastPathComponent().path)
    return RunFolder(folder.path).keepsFile(place.lastPathComponent)
      || above.figures == folder.path && above.keepsFigure(place.lastPathComponent)
  }

  /// True if a file of that name belongs to what the folder holds.
  private func keepsFile(_ name: String) -> Bool {
    guard exists || isOfSweep else { return false }
    let own = [configuration, metrics, checkpoint, best, evaluation, imageLikelihoods, bound].map {
      URL(fileURLWithPath: $0).lastPathComponent
    }
    return (own + ["sweep.json", "results.json"]).contains(name)
      || name.hasPrefix(FolderLock.name) || name.hasPrefix(Certification.prefix)
      || EventFile.isName(name)
  }

  /// True if a file of that name would be a figure's numbers, or is the picture beside them.
  private func keepsFigure(_ name: String) -> Bool {
    guard exists || isOfSweep else { return false }
    let ending = (name as NSString).pathExtension.lowercased()
    let numbers = "\((name as NSString).deletingPathExtension).json"
    return ending == "json"
      || ["svg", "png"].contains(ending)
        && FileManager.default.fileExists(atPath: "\(figures)/\(numbers)")
  }

  /// True if there is a checkpoint.
  public var hasCheckpoint: Bool {
    [checkpoint, best].contains { FileManager.default.fileExists(atPath: $0) }
  }

  /// The permissions of what a run adds to its folder: those of its configuration, and the owner may always
  /// write; nil where there is none.
  var permissions: mode_t? {
    (try? FileCalls.status(configuration)).map { $0.st_mode & 0o666 | 0o600 }
  }

  /// Makes the folder and checks that files can be put into it.
  public func create() throws(FileAccessError) {
    try FileCalls.makeFolder(path)
    guard FileManager.default.isWritableFile(atPath: path) else {
      throw FileAccessError("The run folder '\(path)' is not writable.")
    }
  }

  /// Takes a former run's files away; what is there without a run is not the program's.
  public func clear() throws(FileAccessError) {
    guard exists else { return }
    clearFindings()
    // The configuration goes last: as long as something of the run is there, it can be resumed.
    let files = EventFile.files(in: path) + [metrics, best, report, checkpoint, configuration]
    for file in files { try FileCalls.remove(file) }
  }

  /// Takes figures away: pairs of `NAME.json`, which says its name, and a picture. Other files stay.
  ///
  /// - Parameter isOurs: Told a figure's name; returns whether it is one of those to take away.
  public func clearFigures(where isOurs: (String) -> Bool = { _ in true }) {
    struct Header: Decodable { var name: String }
    let manager = FileManager.default
    let files = Set((try? manager.contentsOfDirectory(atPath: figures)) ?? [])
    for file in files where file.hasSuffix(".json") {
      let name = String(file.dropLast(".json".count))
      let pictures = ["\(name).svg", "\(name).png"].filter(files.contains)
      guard isOurs(name), !pictures.isEmpty, let data = try? Files.read("\(figures)/\(file)"),
        let header = try? JSONDecoder().decode(Header.self, from: data), header.name == name
      else { continue }
      for file in pictures + [file] { try? manager.removeItem(atPath: "\(figures)/\(file)") }
    }
    // An empty folder only: the system refuses any other.
    _ = rmdir(figures)
  }

  /// Takes away what was found out about parameters that are about to change, figures too.
  public func clearFindings() {
    clearFigures()
    let certificates = ((try? FileCalls.names(in: path)) ?? []).filter {
      $0.hasPrefix(Certification.prefix)
    }
    for file in [evaluation, imageLikelihoods, bound] + certificates.map({ "\(path)/\($0)" }) {
      try? FileManager.default.removeItem(atPath: file)
    }
  }

  /// Adds one object to the metrics.
  public func append(_ line: some Encodable) throws(FileAccessError) {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data: Data
    do {
      data = try encoder.encode(line) + Data("\n".utf8)
    } catch {
      throw FileAccessError("The metrics could not be written as JSON: \(error)")
    }
    try Files.append(data, to: metrics, mode: permissions)
  }

  /// Drops the metrics of steps after a checkpoint, which a run that was killed may have left, and
  /// a last line that is cut off.
  public func truncateMetrics(afterStep step: Int) throws {
    struct Line: Decodable { var step: Int }
    guard FileManager.default.fileExists(atPath: metrics) else { return }
    var kept = Data()
    try Files.lines(of: metrics) { text, _, _ in
      let line = try? JSONDecoder().decode(Line.self, from: text)
      if let line, line.step <= step { kept += text + Data("\n".utf8) }
    }
    try Files.write(kept, to: metrics)
  }
}
