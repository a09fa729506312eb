import Experiments
import Files
import Foundation
import Testing

/// Finished cells that are taken over from another folder.
@Suite struct MergedSweepTests {
  private let folder = NSTemporaryDirectory() + "iwae-gpu-merge-\(UUID().uuidString)"
  private var done: String { "\(folder)/done" }
  private var merged: String { "\(folder)/merged" }
  private let name = "iwae-k2-seed0"

  private func merge(passes: Int = 1) throws -> (finished: Int, isWhole: Bool, notes: [String]) {
    var notes: [String] = []
    let (report, isWhole) = try SmallSweep.sweep(merged, passes: passes).merge([done]) {
      notes.append($0)
    }
    return (report.finished, isWhole, notes)
  }

  /// What is begun there stays, and is not said to be finished nowhere.
  @Test func theBeginningOfARunStays() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try SmallSweep.sweep(done, passes: 2).run(in: SmallSweep.surroundings())
    var surroundings = SmallSweep.surroundings()
    surroundings.monitor = { _ in false }
    let begun = try SmallSweep.sweep(merged, passes: 2).run(in: surroundings)
    let checkpoint = "\(merged)/\(name)/checkpoint.safetensors"
    let before = try Files.read(checkpoint)
    #expect(!begun.isWhole && begun.report.finished == 0)
    let first = try merge(passes: 2)
    #expect(!first.isWhole && first.finished == 5)
    let about = first.notes.filter { $0.contains("\(name)' holds the beginning of a run") }
    #expect(about.count == 1, "\(first.notes)")
    #expect(!first.notes.contains { $0.contains("none of the folders") }, "\(first.notes)")
    #expect(try Files.read(checkpoint) == before)
    try FileManager.default.removeItem(atPath: "\(merged)/\(name)")
    let second = try merge(passes: 2)
    #expect(second.isWhole && second.finished == 6)
  }

  /// Where nobody can write, no lock is needed.
  @Test(.enabled(if: geteuid() != 0, "The superuser may write everywhere."))
  func aFolderThatMayOnlyBeReadIsMerged() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try SmallSweep.sweep(done).run(in: SmallSweep.surroundings())
    try FileCalls.remove("\(done)/.lock")
    chmod(done, 0o555)
    defer { chmod(done, 0o755) }
    let (finished, isWhole, notes) = try merge()
    #expect(isWhole && finished == 6, "\(notes)")
    // Who runs cells there is refused.
    #expect(throws: FileAccessError.self) { try SmallSweep.sweep(done) }
  }

  /// What is trained and not tested as asked stays too, and is said to be that.
  @Test func aRunThatIsNotTestedStays() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try SmallSweep.sweep(done).run(in: SmallSweep.surroundings())
    #expect(try merge().isWhole)
    try FileManager.default.removeItem(atPath: "\(merged)/\(name)/evaluation.json")
    let (finished, isWhole, notes) = try merge()
    #expect(!isWhole && finished == 5)
    let about = notes.filter {
      $0.contains("\(name)' holds a run that was not tested as the sweep asks")
    }
    #expect(about.count == 1, "\(notes)")
    #expect(!notes.contains { $0.contains("beginning") }, "\(notes)")
  }

  /// Files keep their permissions, links to folders stay where they are, and of a run that has come to no
  /// checkpoint nothing mixes with them.
  @Test func aCopyIsOfThatRunAlone() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let manager = FileManager.default
    _ = try SmallSweep.sweep(done).run(in: SmallSweep.surroundings())
    let (from, to) = ("\(done)/\(name)", "\(merged)/\(name)")
    let modes: [(file: String, mode: mode_t)] = [
      ("checkpoint.safetensors", 0o600), ("config.json", 0o640), ("metrics.jsonl", 0o664),
    ]
    for (file, mode) in modes { try #require(chmod("\(from)/\(file)", mode) == 0) }
    try manager.createSymbolicLink(atPath: "\(from)/back", withDestinationPath: from)
    try manager.createSymbolicLink(atPath: "\(from)/lost", withDestinationPath: "nowhere")
    let events = "\(to)/events.out.tfevents.1.iwae-gpu.1"
    let figures = ["\(to)/figures/old.svg", "\(to)/figures/old.json"]
    try FileCalls.makeFolder("\(to)/figures")
    try manager.copyItem(atPath: "\(from)/config.json", toPath: "\(to)/config.json")
    for file in [events, figures[0], "\(to)/remarks.txt"] { try Files.write(Data(), to: file) }
    try Files.write(Data(#"{"name":"old"}"#.utf8), to: figures[1])

    let (finished, isWhole, notes) = try merge()
    #expect(isWhole && finished == 6, "\(notes)")
    for (file, mode) in modes {
      let found = try #require(try FileCalls.status("\(to)/\(file)")).st_mode & 0o777
      #expect(found == mode, "\(file): \(String(found, radix: 8))")
    }
    for file in [events, "\(to)/back", "\(to)/lost"] + figures {
      #expect(!manager.fileExists(atPath: file), "\(file)")
    }
    // It is nobody's of the program's.
    #expect(manager.fileExists(atPath: "\(to)/remarks.txt"))
    let names = try FileCalls.names(in: to)
    #expect(names.contains { $0.hasPrefix("events.out.tfevents.") }, "\(names)")
  }

  /// The best parameters are a run without the newest.
  @Test func theBestAloneStay() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try SmallSweep.sweep(done).run(in: SmallSweep.surroundings())
    let best = "\(merged)/\(name)/best.safetensors"
    try FileCalls.makeFolder("\(merged)/\(name)")
    try Files.write(Data("best".utf8), to: best)
    let (finished, isWhole, notes) = try merge()
    #expect(!isWhole && finished == 5 && notes.contains { $0.contains(name) }, "\(notes)")
    #expect(try Files.read(best) == Data("best".utf8))
    // Unless they are those of the run that is merged: a copy was cut off before its checkpoint.
    let run = "\(done)/\(name)"
    for copy in ["\(run)/best.safetensors", best] {
      try Files.copy("\(run)/checkpoint.safetensors", to: copy)
    }
    let second = try merge()
    #expect(second.isWhole && second.finished == 6, "\(second.notes)")
    #expect(try Files.areSame("\(merged)/\(name)/checkpoint.safetensors", best))
  }

  /// A copy that was cut off is made whole; nothing of another process's comes along, or is left over.
  @Test func whatWasCutOffIsCopiedAnew() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let manager = FileManager.default
    _ = try SmallSweep.sweep(done).run(in: SmallSweep.surroundings())
    let (from, to) = ("\(done)/\(name)", "\(merged)/\(name)")
    try FileCalls.makeFolder(merged)
    #expect(manager.createFile(atPath: to, contents: Data()))
    let error = #expect(throws: FileAccessError.self) { try merge() }
    let text = try #require(error).description
    #expect(text.contains(to) && text.contains("Not a directory"), "\(text)")

    try manager.removeItem(atPath: to)
    try FileCalls.makeFolder(to)
    try manager.copyItem(atPath: "\(from)/config.json", toPath: "\(to)/config.json")
    #expect(manager.createFile(atPath: "\(to)/.iwae-gpu.1.2.tmp", contents: Data()))
    let (finished, isWhole, notes) = try merge()
    #expect(isWhole && finished == 6, "\(notes)")
    let names = try FileCalls.names(in: from)
    #expect(names.contains(".lock"))
    // But for the lock that the copying took.
    let copied = names.filter { !$0.hasPrefix(".") } + [".lock"]
    #expect(Set(try FileCalls.names(in: to)) == Set(copied))
    for file in ["checkpoint.safetensors", "evaluation.json", "evaluation.npy"] {
      #expect(try Files.read("\(to)/\(file)") == Files.read("\(from)/\(file)"), "\(file)")
    }
  }
}
