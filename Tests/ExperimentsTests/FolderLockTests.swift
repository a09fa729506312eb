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
      let since = text.components(separatedBy: "' since ").last?.prefix { $0 != "." } ?? ""
      let time = ISO8601DateFormatter().date(from: String(since))
      #expect(time.map { abs($0.timeIntervalSinceNow) < 600 } == true, "\(text)")
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

  private func certification(width: Double) throws -> Certification {
    let stored = try StoredModel(scene.folder.path)
    let subject = Subject(
      stored.model, parameters: stored.parameters,
      images: try scene.configuration().1.split.test.subset(0..<2), binarization: .none, seed: 0)
    return Certification(subject, width: width, budget: 1e-6, folder: scene.folder.path)
  }

  /// Who certifies does not write beside a training, which is known before; what is found is told all the
  /// same. Others need not wait for it.
  @Test func certificatesDoNotMix() throws {
    defer { scene.end() }
    _ = try scene.run(passes: 1).train(on: ReferenceDevice())
    let certification = try certification(width: 1)
    let file = try #require(certification.file)
    func isKept() -> Bool { FileManager.default.fileExists(atPath: file) }
    func certified() -> Certification.Outcome? { try? certification.run(on: ReferenceDevice()) }
    var beside: Certification.Outcome?
    let monitor: ProgressMonitor = { _ in
      if beside == nil {
        #expect(certification.obstacle?.contains("is in use by process \(getpid()) on '") == true)
        beside = certified()
      }
      return true
    }
    _ = try scene.resumed { $0.passes = 2 }.train(on: ReferenceDevice(), monitor: monitor)
    #expect(try #require(beside?.loss).contains("is in use by process \(getpid()) on '"))
    #expect(beside?.images.count == 2 && !isKept() && certification.obstacle == nil)
    var second: Certification.Outcome?
    let first = try certification.run(
      on: ReferenceDevice(),
      monitor: { _ in
        if second == nil {
          second = certified()
          #expect(isKept())
        }
        return true
      })
    #expect(second != nil && second?.loss == nil)
    #expect(first?.loss == nil && isKept())
    #expect(certified()?.loss == nil)
  }

  /// What one that certifies found is not replaced by less of another's.
  @Test func whatIsKnownOfMoreImagesStays() throws {
    defer { scene.end() }
    _ = try scene.run(passes: 1).train(on: ReferenceDevice())
    // Too narrow for the time that there is.
    let certification = try certification(width: 1e-3)
    let file = try #require(certification.file)
    _ = try certification.run(on: ReferenceDevice())
    let short = String(decoding: try Files.read(file), as: UTF8.self)
    try #require(certification.known?.count == 0 && short.contains("true"))
    // As one with more time leaves it.
    let long = Data(short.replacing("true", with: "false").utf8)
    let outcome = try certification.run(
      on: ReferenceDevice(),
      monitor: { _ in
        #expect(throws: Never.self) { try Files.write(long, to: file) }
        return true
      })
    #expect(outcome?.loss == nil && outcome?.images.count == 2)
    #expect(certification.known?.count == 2)
  }

  /// The reason is that of the folder, and not that it has no lock yet.
  @Test(.enabled(if: geteuid() != 0, "The superuser may write everywhere."))
  func aFolderThatMayNotBeWrittenIsSaidToBe() throws {
    defer { scene.end() }
    let folder = scene.folder
    _ = try scene.run(passes: 1).train(on: ReferenceDevice())
    let stored = try StoredModel(folder.path)
    let report = try evaluation(of: stored)
    let file = "\(folder.path)/.lock"
    unlink(file)
    chmod(folder.path, 0o555)
    defer { chmod(folder.path, 0o755) }
    let text = words { _ = try stored.keep(report, []) }
    #expect(text.contains("'\(file)' could not be made: Permission denied"), "\(text)")
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
