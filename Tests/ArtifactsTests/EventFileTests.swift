import Files
import Foundation
import Testing

@testable import Artifacts

@Suite struct EventFileTests {
  /// Runs a test in a folder of its own.
  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "event-file-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  /// The events of a file, every checksum compared.
  private func events(_ data: Data) throws -> [ProtocolBufferReader] {
    var rest = data
    func take(_ count: Int) throws -> Data {
      try #require(rest.count >= count)
      defer { rest = Data(rest.dropFirst(count)) }
      return Data(rest.prefix(count))
    }
    func integer(_ data: Data) -> UInt64 { data.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    var result: [ProtocolBufferReader] = []
    while !rest.isEmpty {
      let length = try take(8)
      #expect(integer(try take(4)) == UInt64(CRC32C.maskedChecksum(length)))
      let event = try take(Int(integer(length)))
      #expect(integer(try take(4)) == UInt64(CRC32C.maskedChecksum(event)))
      result.append(try ProtocolBufferReader(event))
    }
    return result
  }

  private func events(of file: EventFile) throws -> [ProtocolBufferReader] {
    try events(try Files.read(file.path))
  }

  @Test func theFirstRecordNamesTheVersion() throws {
    try inFolder { folder in
      let file = try EventFile(folder: folder, time: { 1.5 })
      // Wall time 1.5 and step 0, then the text.
      let event: [UInt8] =
        [0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0x10, 0, 0x1a, 13] + Array("brain.Event:2".utf8)
      // The checksums are those of an independent implementation.
      let bytes: [UInt8] =
        [26, 0, 0, 0, 0, 0, 0, 0] + [0x12, 0x9b, 0xd8, 0x2d] + event + [0xd3, 0xdc, 0x53, 0x1e]
      #expect([UInt8](try Files.read(file.path).prefix(bytes.count)) == bytes)
    }
  }

  @Test func scalarsAreReadBack() throws {
    try inFolder { folder in
      let file = try EventFile(folder: folder, time: { 1234.5 })
      try file.scalars([("bound", -91.25), ("learning_rate", 0.001)], step: 500)
      try file.scalars([("bound", .nan)], step: 1 << 40)
      try file.close()
      // What is closed already can be closed.
      try file.close()
      let events = try events(of: file)
      try #require(events.count == 4)
      #expect(events[0].texts(3) == ["brain.Event:2"])
      #expect(events.map { $0.double(1) } == [1234.5, 1234.5, 1234.5, 1234.5])
      #expect(events.map { $0.integers(2) } == [[0], [0], [500], [1 << 40]])
      let values = try events[2].message(5).messages(1)
      #expect(values.map { $0.texts(1) } == [["bound"], ["learning_rate"]])
      #expect(values.map { $0.float(2) } == [-91.25, 0.001])
      #expect(try events[3].message(5).message(1).float(2)?.isNaN == true)
    }
  }

  @Test func imagesAreReadBack() throws {
    try inFolder { folder in
      let file = try EventFile(folder: folder)
      let png = Data((0..<3000).map { UInt8($0 % 251) })
      try file.image("samples", png: png, width: 280, height: 140, step: 7)
      let events = try events(of: file)
      try #require(events.count == 3)
      #expect(events[2].integers(2) == [7])
      let value = try events[2].message(5).message(1)
      #expect(value.texts(1) == ["samples"])
      let image = try value.message(4)
      #expect((1...3).map { image.integers($0) } == [[140], [280], [1]])
      #expect(image.data(4) == [png])
    }
  }

  @Test func textsAreReadBack() throws {
    try inFolder { folder in
      let file = try EventFile(folder: folder)
      try file.text("settings", "| a |\n| - |", step: 7)
      let events = try events(of: file)
      try #require(events.count == 3)
      #expect(events[2].integers(2) == [7])
      let value = try events[2].message(5).message(1)
      #expect(value.texts(1) == ["settings"])
      let tensor = try value.message(8)
      // An element type of strings, no dimension, one element.
      #expect(tensor.integers(1) == [7] && tensor.texts(8) == ["| a |\n| - |"])
      #expect(tensor.data(2) == [Data()])
      let metadata = try value.message(9)
      #expect(try metadata.message(1).texts(1) == ["text"] && metadata.integers(4) == [2])
    }
  }

  @Test(arguments: [(nil, 0), (0, 1), (300, 301)] as [(Int?, Int)])
  func aSessionStartsAtTheNextStep(done: Int?, next: Int) throws {
    try inFolder { folder in
      let events = try events(of: try EventFile(folder: folder, resumedAfterStep: done))
      try #require(events.count == 2)
      #expect(events[1].integers(2) == [next])
      #expect(try events[1].message(7).integers(1) == [1])
    }
  }

  @Test func aPartIsDoneAgain() throws {
    try inFolder { folder in
      let file = try EventFile(folder: folder)
      try file.scalars([("bound_by_step", -1)], step: 64)
      try file.restart(at: 64)
      let events = try events(of: file)
      try #require(events.count == 4)
      #expect(events[3].integers(2) == [64])
      #expect(try events[3].message(7).integers(1) == [1])
    }
  }

  @Test func filesAreNeverOverwrittenAndComeAfterAllOthers() throws {
    try inFolder { folder in
      // Of a machine whose clock is ahead, of other programs, and of no use for an order.
      for name in ["2000000005.elsewhere.1.0", "99999999999999999999.odd", "v2.x"] {
        try Files.write(Data("kept".utf8), to: "\(folder)/events.out.tfevents.\(name)")
      }
      var contents: [String: Data] = [:]
      for step in 0..<5 {
        let file = try EventFile(folder: folder, time: { 2_000_000_000 })
        try file.scalars([("bound", Double(step))], step: step)
        #expect(contents[file.path] == nil)
        contents[file.path] = try Files.read(file.path)
      }
      #expect(EventFile.files(in: folder) == contents.keys.sorted())
      #expect(
        contents.keys.sorted().map { $0.split(separator: ".tfevents.")[1].prefix(10) }
          == (6...10).map { "\(2_000_000_000 + $0)" })
      for (path, content) in contents { #expect(try Files.read(path) == content) }
    }
  }

  @Test func smallTimesArePadded() throws {
    try inFolder { folder in
      let file = try EventFile(folder: folder, time: { 17 })
      #expect(file.path == "\(folder)/events.out.tfevents.0000000017.iwae-gpu.\(getpid())")
    }
  }

  @Test func missingFoldersAreErrors() {
    #expect {
      try EventFile(folder: "/there/is/no/such/folder", time: { 17 })
    } throws: { error in
      "\(error)".contains("/there/is/no/such/folder/events.out.tfevents.0000000017")
        && "\(error)".contains("No such file or directory")
    }
  }
}
