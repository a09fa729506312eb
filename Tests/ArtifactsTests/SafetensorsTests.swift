import Files
import Foundation
import IWAE
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

  /// A file is read as its bytes are.
  @Test func filesAreReadAsTheirBytesAre() throws {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "iwae-gpu-read-\(UUID()).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let data = file.data
    try Files.write(data, to: path)
    #expect(try Safetensors(at: path) == file)
    for length in 0..<data.count {
      try Files.write(data.prefix(length), to: path)
      #expect(throws: FormatError.self) { try Safetensors(at: path) }
    }
    let misfit = Data(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#.utf8)
    try Files.write(littleEndian([UInt64(misfit.count)]) + misfit + Data(count: 4), to: path)
    #expect(throws: FormatError.self) { try Safetensors(at: path) }
    try FileManager.default.removeItem(atPath: path)
    #expect(throws: FileAccessError.self) { try Safetensors(at: path) }
  }

  /// What the disk has is read whatever the limit, as checkpoints have to be; what it has next to nothing of is
  /// not.
  @Test func theLimitIsOfWhatTheDiskHasNot() throws {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "iwae-gpu-sparse-\(UUID()).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let count = 1 << 18
    let values = (0..<count).map { Float($0 % 251) }
    let full = Safetensors(entries: ["w": .init(shape: [count], values: .float32(values))])
    let data = full.data
    try Files.write(data, to: path)
    #expect(try Safetensors(at: path, limit: 1) == full)

    try Files.write(data.prefix(data.count - 4 * count), to: path)
    try #require(truncate(path, off_t(data.count)) == 0)
    let error = #expect(throws: FormatError.self) {
      try Safetensors(at: path, limit: data.count - 1)
    }
    #expect(error?.problem.hasPrefix("expected at most \(data.count - 1) bytes") == true)
    let zeros = [Float](repeating: 0, count: count)
    #expect(
      try Safetensors(at: path, limit: data.count).entries["w"]?.values == .float32(zeros))
  }

  @Test(arguments: [
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[0],"data_offsets":[2,2]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#,
    #"{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}"#,
    #"{"a":5}"#, #"[]"#, #"{"#, #"{"__metadata__":{"a":1}}"#,
  ])
  func damagedHeadersAreErrors(header: String) {
    var data = Data([UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0])
    data += Data(header.utf8) + Data([0, 0, 0, 0])
    #expect(throws: FormatError.self) { try Safetensors(data, file: "t") }
  }

  /// A header that the file has room for is refused all the same where no model has one as long.
  @Test func aLongHeaderIsNotDecoded() {
    let most = 8 << 20
    for (length, words) in [
      (most, "is not the JSON"), (most + 1, "at most \(most) bytes, found one of \(most + 1)"),
      (most + 2, "claims \(most + 2) bytes, but \(most + 1) follow"),
    ] {
      let error = #expect(throws: FormatError.self) {
        try Safetensors(littleEndian([UInt64(length)]) + Data(count: most + 1), file: "t")
      }
      #expect(error?.problem.contains(words) == true, "\(error?.problem ?? "")")
    }
  }

  /// Bits of numbers whose values are known, the least and the largest of each type among them.
  @Test func halvesAreReadAsTheyAre() throws {
    let halves: [(UInt16, Float)] = [
      (0x3c00, 1), (0xc100, -2.5), (0x3555, 0x1.554p-2), (0x7bff, 65504), (0x0400, 0x1p-14),
      (0x03ff, 0x1.ff8p-15), (0x0001, 0x1p-24), (0x8000, -0.0), (0xfc00, -.infinity),
    ]
    let brains: [(UInt16, Float)] = [
      (0x3f80, 1), (0xc020, -2.5), (0x3eab, 0x1.56p-2), (0x7f7f, 0x1.fep127), (0x0080, 0x1p-126),
      (0x0001, 0x1p-133), (0x8000, -0.0), (0x7f80, .infinity), (0x4049, 3.140625),
    ]
    for (type, cases) in [("F16", halves), ("BF16", brains)] {
      let header = Data(
        #"{"a":{"dtype":"\#(type)","shape":[3,3],"data_offsets":[0,18]}}"#.utf8)
      var data = Data([UInt8(header.count), 0, 0, 0, 0, 0, 0, 0]) + header
      for (bits, _) in cases { data += [UInt8(bits & 255), UInt8(bits >> 8)] }
      let entry = try #require(try Safetensors(data, file: "t").entries["a"])
      guard case .float32(let values) = entry.values else {
        Issue.record("\(type) is not read as float32")
        continue
      }
      #expect(entry.shape == [3, 3] && values.map(\.bitPattern) == cases.map(\.1.bitPattern))
      data[data.count - 1] = 0x7f
      data[data.count - 2] = 0xff
      guard case .float32(let last) = try Safetensors(data, file: "t").entries["a"]?.values else {
        continue
      }
      #expect(last.last?.isNaN == true)
      #expect(throws: FormatError.self) { try Safetensors(data.dropLast(2), file: "t") }
    }
  }

  /// Tensors that share a place would take more memory than their file.
  @Test func placesThatOverlapAreRefusedUnread() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let good = Safetensors(entries: [
      "a": .init(shape: [1], values: .float32([2])), "b": .init(shape: [1], values: .float32([3])),
    ]).data
    let text = String(decoding: good, as: UTF8.self)
    for (place, other) in [("[4,8]", "[0,4]"), ("[4,8]", "[3,8]"), ("[0,4]", "[0,3]")] {
      let damaged = Data(text.replacing(place, with: other).utf8)
      #expect(damaged.count == good.count && damaged != good)
      try Files.write(damaged, to: path)
      #expect(throws: FormatError.self) { try Safetensors(damaged, file: "t") }
      #expect(throws: FormatError.self) { try Safetensors.metadata(at: path) }
    }
    try Files.write(good + Data([0]), to: path)
    let error = #expect(throws: FormatError.self) { try Safetensors.metadata(at: path) }
    #expect(error?.problem == "expected 8 bytes of tensors, found 9.")
  }

  @Test func aLongDescriptionIsNotDecoded() throws {
    let model = String(repeating: "[", count: 2 << 20)
    let data = Safetensors(metadata: ["model": model]).data
    let error = #expect(throws: FormatError.self) { try Checkpoint(data, file: "t") }
    #expect(error?.problem.contains("at most 1048576 bytes, found 2097152") == true)
  }

  /// A checkpoint knows its tensors: one bit that rots on the disk is enough.
  @Test func tensorsThatRottedAreRefused() throws {
    let model = Model(
      dataSize: 5, encoder: [.init(hidden: [3], latent: 2)], decoder: [.init(hidden: [3])])
    let good = Checkpoint(model: model, parameters: model.initialParameters(seed: 1))
    let data = try good.data
    #expect(try Checkpoint(data, file: "t").parameters == good.parameters)
    let size = 4 * good.parameters.values.reduce(0) { $0 + $1.count }
    for position in [data.count - size, data.count - size / 2, data.count - 1] {
      var damaged = data
      damaged[position] ^= 1
      let error = #expect(throws: FormatError.self) { try Checkpoint(damaged, file: "t") }
      #expect(error?.problem.contains("not those that were written") == true, "\(error!)")
    }
    // Others write checkpoints without it.
    var plain = try Safetensors(data, file: "t")
    #expect(plain.metadata.removeValue(forKey: "digest")?.count == 64)
    #expect(try Checkpoint(plain.data, file: "t").parameters == good.parameters)
    // Early ones have the digest of the bytes alone, in the order of the arrays' names.
    var early = plain
    let bytes = plain.entries.sorted { $0.key < $1.key }.flatMap { Array($0.value.values.data) }
    early.metadata["digest"] = SHA256.hexadecimal(bytes)
    #expect(try Checkpoint(early.data, file: "t").parameters == good.parameters)
    // Names and shapes are part of what is written now.
    #expect(try Safetensors(data, file: "t").metadata["digest"] != early.metadata["digest"])
  }

  @Test func hugeLengthsAreErrors() {
    let data = Data(repeating: 0xff, count: 64)
    #expect(throws: FormatError.self) { try Safetensors(data, file: "t") }
  }
}
