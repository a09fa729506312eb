import Experiments
import Files
import Foundation
import IWAE
import ReferenceDevice
import Report
import Testing

@Suite struct FolderLockTests {
  private let scene = SmallRun()

  private func words(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "nothing"
    } catch {
      return "\(type(of: error)): \(error)"
    }
  }

  /// Who writes where another does is refused by name, and nothing of the other's changes; who reads
  /// passes.
  @Test func twoRunsDoNotMix() throws {
    defer { scene.end() }
    let folder = scene.folder
    _ = try scene.run(passes: 1).train(on: ReferenceDevice())
    let first = try scene.resumed { $0.passes = 2 }
    var configuration = try scene.configuration(passes: 1)
    configuration.0.seed = 5
    let other = try Run(configuration.0, in: folder, images: configuration.1)
    let second = try scene.resumed { $0.passes = 3 }
    var refusals: [String] = []
    let monitor: ProgressMonitor = { _ in
      guard refusals.isEmpty else { return true }
      let before = try? Files.read(folder.configuration)
      for run in [other, second] {
        refusals.append(words { _ = try run.train(on: ReferenceDevice()) })
      }
      #expect((try? Files.read(folder.configuration)) == before)
      refusals.append(
        words {
          let stored = try StoredModel(folder.path)
          _ = try ReportRun(folder, name: "run")
          _ = try stored.keep(evaluation(of: stored), [])
        })
      return true
    }
    _ = try first.train(on: ReferenceDevice(), monitor: monitor)
    #expect(refusals.count == 3)
    for text in refusals {
      #expect(text.hasPrefix("RunError: '\(folder.path)' is in use by process \(getpid()) on '"))
    }
    // It is not the run any more that was to be replaced, or gone on with.
    for run in [other, second] {
      #expect(words { _ = try run.train(on: ReferenceDevice()) }.contains("by another process"))
    }
    let lines = try Files.read(folder.metrics).split(separator: UInt8(ascii: "\n"))
    #expect(lines.count == 2)
    #expect(try RunConfiguration(file: folder.configuration).seed == 0)
    #expect(try scene.resumed { $0.passes = 3 }.train(on: ReferenceDevice())?.passes == 3)
  }

  private func evaluation(of stored: StoredModel) throws -> EvaluationReport {
    let images = try scene.configuration().1
    return try #require(
      try ModelEvaluation(
        stored.model, parameters: stored.parameters, images: images.split.test.subset(0..<2),
        samples: 2, binarization: .none, seed: 0
      ).run(on: ReferenceDevice()))
  }

  /// A lock that leads elsewhere makes no file there.
  @Test func aLockIsNotFollowed() throws {
    defer { scene.end() }
    let folder = scene.folder
    try FileCalls.makeFolder(folder.path)
    let target = "\(folder.path)/elsewhere"
    #expect(symlink(target, "\(folder.path)/.lock") == 0)
    let text = words { _ = try scene.run(passes: 1).train(on: ReferenceDevice()) }
    #expect(text.contains("is a symbolic link"), "\(text)")
    let images = try scene.configuration().1
    #expect(throws: FileAccessError.self) { try CellRunner(folder.path, images: images) }
    #expect(!FileManager.default.fileExists(atPath: target))
    unlink("\(folder.path)/.lock")
    #expect(mkfifo("\(folder.path)/.lock", 0o600) == 0)
    #expect(
      words { _ = try scene.run(passes: 1).train(on: ReferenceDevice()) }.contains("no plain file"))
  }
}
