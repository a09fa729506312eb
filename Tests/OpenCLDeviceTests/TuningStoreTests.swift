import Files
import Foundation
import Testing

@testable import OpenCLDevice

@Suite struct TuningStoreTests {
  @Test func tuningsAreKeptAndDamageIsIgnored() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = TuningStore(folder: folder, secret: [1])
    let device = try DeviceList.find(.automatic)
    #expect(store.load(for: device, .tiles) == nil)
    let tuning = Tuning(schedule: .tiles, groupSize: 32, tile: 32, tileDepth: 8, item: 4)
    try store.store(tuning, for: device)
    #expect(store.load(for: device, .tiles) == .tuning(tuning))
    // A schedule that was asked for says nothing about the one that suits the device.
    #expect(store.load(for: device, .panels) == nil)
    #expect(store.forget(device, .tiles) && !store.forget(device, .tiles))
  }

  /// A file that somebody has written by hand, or that is of other kernels, is ignored and said to be.
  @Test func whatIsNoUseSaysWhy() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = TuningStore(folder: folder, secret: [1])
    let device = try DeviceList.find(.automatic)
    try store.store(Tuning(schedule: .panels, blockRows: 50), for: device)
    let file = URL(fileURLWithPath: store.path(for: device, .panels))
    let good = try String(contentsOf: file, encoding: .utf8)
    let kernels = try #require(good.split(separator: "\"").first { $0.count == 64 })
    let damages: [(String, String)] = [
      ("{", "is no tuning"), (good.replacing(kernels, with: "0.1"), "other kernels"),
      (good.replacing(": 50", with: ": 5000"), "does not fit"),
      (good.replacing(": 50", with: ": 60"), "is not as"),
      (good.replacing("\"tag\"", with: "\"mark\""), "is not as"),
      (good.replacing("panels", with: "tiles"), "does not fit"),
      (good.replacing("panels", with: "spirals"), "is no tuning"),
      // Of another version, which knew other schedules.
      (good.replacing(kernels, with: "0.1").replacing("panels", with: "spirals"), "other kernels"),
      (good + String(repeating: " ", count: 1 << 20), "is no tuning"),
      (good, "not yours alone"),
    ]
    // To somebody else it is as good as edited.
    let others = TuningStore(folder: folder, secret: [2]).load(for: device, .panels)
    #expect(others != store.load(for: device, .panels) && others != nil)
    for (text, reason) in damages {
      try Data(text.utf8).write(to: file)
      if text == good { #expect(chmod(folder.path, 0o777) == 0) }
      let (tunings, note) = Tuning.choices(for: device, schedule: .panels, store: store)
      // What is standard there is left, one or more.
      let standard = Tuning.choices(for: device, schedule: .panels, store: nil).tunings
      #expect(tunings == standard && !standard.contains { $0.blockRows == 50 })
      #expect(try #require(note).contains(reason) && note?.contains(file.path) == true, "\(text)")
    }
  }

  /// A folder that is a link is nobody's to close: it is not used, and the word of it says what helps.
  @Test func aFolderThatIsALinkIsToBeTakenAway() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let others = TuningStore(folder: folder.appending(path: "others"), secret: [1])
    let store = TuningStore(folder: folder.appending(path: "tunings"), secret: [1])
    let device = try DeviceList.find(.automatic)
    let tuning = Tuning(schedule: .panels, blockRows: 50)
    try others.store(tuning, for: device)
    try FileManager.default.createSymbolicLink(
      at: store.folder, withDestinationURL: others.folder)
    let useless = try #require(store.load(for: device, .panels))
    guard case .useless(let reason) = useless else {
      Issue.record("what a link leads to is used: \(useless)")
      return
    }
    #expect(reason.contains("Take the folder away") && !reason.contains("closes"), "\(reason)")
    #expect(throws: FileAccessError.self) { try store.store(tuning, for: device) }
    try FileManager.default.removeItem(at: store.folder)
    try store.store(tuning, for: device)
    #expect(store.load(for: device, .panels) == .tuning(tuning))
  }

  /// A file may say anything; what the kernels were not compiled for is not run.
  @Test func impossibleTuningsAreNotUsed() throws {
    let device = try DeviceList.find(.automatic)
    for rows in [0, -1, 257, Int.max] {
      #expect(!Tuning(schedule: .panels, blockRows: rows).fits(device))
    }
    #expect(!Tuning(schedule: .tiles, tile: 0, item: 0).fits(device))
    #expect(!Tuning(schedule: .tiles, tile: 64, item: 5).fits(device))
    #expect(!Tuning(schedule: .tiles, groupSize: 1 << 20).fits(device))
    #expect(!Tuning(schedule: .tiles, tile: 1 << 40, item: 1).fits(device))
  }

  @Test(arguments: Schedule.allCases) func candidatesFit(schedule: Schedule) throws {
    let device = try DeviceList.find(.automatic)
    let candidates = Tuning.candidates(for: device, schedule: schedule)
    #expect(candidates.count >= 3 && candidates.allSatisfy { $0.fits(device) })
  }
}
