import Experiments
import Files
import Foundation
import Synchronization
import Testing

/// What may be taken away from a run's folder, and what may not.
@Suite struct RunFolderTests {
  private let folder = RunFolder(
    FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-folder-\(UUID())").path)

  private func write(_ text: String, _ path: String) throws {
    try FileManager.default.createDirectory(
      at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
    try Files.write(Data(text.utf8), to: path)
  }

  private func names(_ path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  /// However many ask at the same time.
  @Test func newFoldersHaveNamesOfTheirOwn() throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let (count, parent) = (16, folder.path)
    let paths = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: count) { _ in
      guard let new = try? RunFolder.new("name", in: parent) else { return }
      paths.withLock { $0.append(new.path) }
    }
    #expect(Set(paths.withLock { $0 }).count == count && names(parent).count == count)
    let first = RunFolder("\(parent)/name")
    first.removeIfEmpty()
    #expect(names(parent).count == count - 1)
    #expect(try RunFolder.new("name", in: parent).path == first.path)
    try write("mine", "\(first.path)/notes")
    first.removeIfEmpty()
    #expect(names(parent).count == count)
  }

  @Test func withoutARunNothingIsTakenAway() throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    for file in ["thesis.svg", "bounds.json", "bounds.svg"] {
      try write(#"{"name": "bounds"}"#, "\(folder.figures)/\(file)")
    }
    try write("mine", folder.report)
    #expect(!folder.exists)
    try folder.clear()
    #expect(names(folder.figures).count == 3 && names(folder.path) == ["figures", "report.html"])
  }

  @Test func ofARunOnlyItsOwnFiguresAreTakenAway() throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    try write("{}", folder.configuration)
    try write("{}", folder.evaluation)
    try write(#"{"name": "bounds"}"#, "\(folder.figures)/bounds.json")
    try write("<svg/>", "\(folder.figures)/bounds.svg")
    try write(#"{"name": "ways"}"#, "\(folder.figures)/ways.json")
    try write("png", "\(folder.figures)/ways.png")
    // A picture alone, numbers alone, and pairs that are no figures.
    try write("<svg/>", "\(folder.figures)/thesis.svg")
    try write(#"{"name": "numbers"}"#, "\(folder.figures)/numbers.json")
    for (name, text) in [("a", "[1]"), ("b", #"{"name": "c"}"#)] {
      try write(text, "\(folder.figures)/\(name).json")
      try write("<svg/>", "\(folder.figures)/\(name).svg")
    }
    try folder.clear()
    #expect(
      names(folder.figures) == [
        "a.json", "a.svg", "b.json", "b.svg", "numbers.json", "thesis.svg",
      ])
    #expect(names(folder.path) == ["figures"])
  }

  @Test func anEmptyFolderOfFiguresGoesToo() throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    try write("{}", folder.configuration)
    try write(#"{"name": "bounds"}"#, "\(folder.figures)/bounds.json")
    try write("<svg/>", "\(folder.figures)/bounds.svg")
    try folder.clear()
    #expect(names(folder.path).isEmpty)
  }

  @Test func whatEvaluatingFoundIsARun() throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    try write("{}", folder.evaluation)
    #expect(folder.exists)
  }

  @Test func otherProgramsEventFilesStay() throws {
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let others = "events.out.tfevents.1700000000.host"
    for file in [others, "events.out.tfevents.1700000000.iwae-gpu.7", "config.json"] {
      try write("{}", "\(folder.path)/\(file)")
    }
    try folder.clear()
    #expect(names(folder.path) == [others])
  }
}
