import Files
import Foundation
import Testing

@testable import Artifacts

@Suite struct SafetensorsTests {
  private let file = Safetensors(
    entries: [
      "a": .init(
        shape: [2, 3], values: .float32([1, -2.5, .infinity, 0, Float.leastNonzeroMagnitude, 7])),
      "b/c": .init(shape: [], values: .float64([.pi])),
      "d": .init(shape: [0, 4], values: .int64([])),
      "e": .init(shape: [2], values: .int64([.min, .max])),
    ],
    metadata: ["model": "{\"x\":1}", "note": "line\nbreak"])

  @Test func contentSurvivesTheRoundTrip() throws {
    #expect(try Safetensors(file.data, file: "t") == file)
  }

  @Test func cutOffAtEveryLengthIsAnError() {
    let data = file.data
    for length in 0..<data.count {
      #expect(throws: FormatError.self) { try Safetensors(data.prefix(length), file: "t") }
    }
  }

  /// Metadata are read without the arrays, and a file that is cut off has none.
  @Test func metadataAreReadAlone() throws {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "iwae-gpu-metadata-\(UUID()).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let data = file.data
    try Files.write(data, to: path)
    #expect(try Safetensors.metadata(at: path) == file.metadata)
    for length in 0..<data.count {
      try Files.write(data.prefix(length), to: path)
      #expect(throws: FormatError.self) { try Safetensors.metadata(at: path) }
    }
    try FileManager.default.removeItem(atPath: path)
    #expect(throws: FileAccessError.self) { try Safetensors.metadata(at: path) }
  }

  @Test(arguments: [
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#,
    #"{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}"#,
    #"{"a":5}"#, #"[]"#, #"{"#, #"{"__metadata__":{"a":1}}"#,
  ])
  func damagedHeadersAreErrors(header: String) {
    var data = Data([UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0])
    data += Data(header.utf8) + Data([0, 0, 0, 0])
    #expect(throws: FormatError.self) { try Safetensors(data, file: "t") }
  }

  @Test func hugeLengthsAreErrors() {
    let data = Data(repeating: 0xff, count: 64)
    #expect(throws: FormatError.self) { try Safetensors(data, file: "t") }
  }
}
