import Artifacts
import Foundation
import IWAE
import Testing

@testable import Datasets

/// Random numbers that a seed determines: SplitMix64.
private struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
    return word ^ word >> 31
  }
}

/// Damages bytes in the ways that files are damaged, by accident and on purpose.
private struct Mutator {
  var generator: SeededGenerator

  mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty { change(&bytes) }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    let place = Int.random(in: 0..<bytes.count, using: &generator)
    let length = min(Int.random(in: 1...16, using: &generator), bytes.count - place)
    switch Int.random(in: 0..<8, using: &generator) {
    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 1: bytes[place] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &generator) ?? 0
    case 2: bytes.removeSubrange(place...)
    case 3: bytes.removeSubrange(place..<place + length)
    case 4: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
    case 5:
      let noise = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
      bytes.insert(contentsOf: noise, at: place)
    default:
      // A size or an offset with a value that overflows or nearly fits.
      let values = [
        0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, bytes.count, bytes.count + 1, place,
        0x0010_0000, 8,
      ]
      let value = values.randomElement(using: &generator) ?? 0
      let word =
        Bool.random(using: &generator)
        ? FileBuilder.little(value, 4) : FileBuilder.big(value, 4)
      for (offset, byte) in word.enumerated() where place + offset < bytes.count {
        bytes[place + offset] = byte
      }
    }
  }

  mutating func flip() -> Bool { Bool.random(using: &generator) }
}

/// Damaged files of every format: each is read or refused, soon, and within the memory allowed.
///
/// `IWAE_GPU_MUTATIONS` is how many files a format gets; `scripts/fuzz mutations` sets it high.
@Suite struct MutationTests {
  private static let count =
    ProcessInfo.processInfo.environment["IWAE_GPU_MUTATIONS"].flatMap(Int.init) ?? 1000
  private static let limit = 1 << 20

  /// Makes a damaged file: of the whole file, or of what is inside, packed anew.
  private typealias Damage = @Sendable (inout Mutator) -> [UInt8]

  private static let pixels = (0..<60).map { UInt8($0 * 4) }
  private static let floats = (0..<60).map { Float($0) / 7 }

  private static func whole(_ files: [UInt8]...) -> Damage {
    { mutator in
      mutator.mutate(files.randomElement(using: &mutator.generator) ?? [])
    }
  }

  /// Half of the files are damaged inside and packed as they should be.
  private static func packed(
    _ content: [UInt8], _ pack: @escaping @Sendable ([UInt8]) -> [UInt8]
  ) -> Damage {
    { mutator in
      mutator.flip() ? pack(mutator.mutate(content)) : mutator.mutate(pack(content))
    }
  }

  private static let idx = FileBuilder.idx([3, 4, 5], pixels)
  private static let text = Array("0 1 0\n0.5 -2 1e3\n1 1 1\n".utf8)

  private static let formats: [(name: String, damage: Damage)] = [
    ("idx", whole(idx, FileBuilder.idx([15], floats.bytes, type: 0x0d))),
    ("idx.gz", packed(idx, FileBuilder.gzip)),
    (
      "npy",
      whole(
        FileBuilder.numPy([3, 4, 5], pixels),
        FileBuilder.numPy([6, 10], type: "<f4", isFortran: true, floats.bytes),
        FileBuilder.numPy([15], type: ">i4", pixels, version: 2))
    ),
    (
      "npz",
      packed(FileBuilder.numPy([3, 4, 5], pixels)) { content in
        FileBuilder.zip(
          [("x.npy", content), ("y.npy", FileBuilder.numPy([3], [1, 2, 3]))],
          isDeflated: content.count % 2 == 0)
      }
    ),
    ("amat", whole(text, Array("1 0 0 1\n0 1 1 0\n".utf8))),
    ("amat.gz", packed(text, FileBuilder.gzip)),
    (
      "mat",
      { mutator in
        let variables = [
          FileBuilder.Variable(name: "X", shape: [12, 5], content: pixels),
          FileBuilder.Variable(
            name: "a long name", shape: [60, 1], classCode: 7, typeCode: 7, content: floats.bytes),
        ]
        let isBigEndian = mutator.flip()
        let plain = FileBuilder.matlab(variables, isCompressed: false, isBigEndian: isBigEndian)
        if mutator.flip() { return mutator.mutate(plain) }
        // The first variable, damaged and compressed as it should be.
        let one = FileBuilder.matlab(
          [variables[0]], isCompressed: false, isBigEndian: isBigEndian)
        let damaged = FileBuilder.deflate(mutator.mutate(Array(one[128...])), windowBits: 15)
        let tag = [15, damaged.count].flatMap {
          isBigEndian ? FileBuilder.big($0, 4) : FileBuilder.little($0, 4)
        }
        return Array(plain[..<128]) + tag + damaged
      }
    ),
    (
      "png",
      { mutator in
        let grey = FileBuilder.png((0..<6).map { Array(pixels[10 * $0..<10 * $0 + 10]) }, width: 10)
        let palette = FileBuilder.png(
          [[0x1b, 0x1b], [0xe4, 0xe4]], width: 8, depth: 2, color: 3,
          extra: FileBuilder.chunk("PLTE", (0..<4).flatMap { [$0, $0, $0] }))
        let bytes = mutator.mutate(mutator.flip() ? grey : palette)
        return mutator.flip() ? bytes : FileBuilder.resummed(bytes)
      }
    ),
  ]

  /// Reads everything in a file; says whether there was nothing wrong with it.
  private static func read(_ bytes: [UInt8], format: String) -> Bool {
    do {
      if format == "png" {
        _ = try PNGImage(FileBytes(bytes, name: "t"), limit: limit)
        return true
      }
      let file = try DataFile(FileBytes(bytes, name: "t"), limit: limit)
      for variable in file.variables {
        let array = try file.array(variable.name).rowMajor
        #expect(array.values.count == array.shape.reduce(1, *))
      }
      _ = try ImageCollection(file, name: "t")
      return true
    } catch {
      #expect("\(error)".hasPrefix("t"), "\(error)")
      return false
    }
  }

  /// The most memory that the process has had, where the system tells.
  private static var peakMemory: String {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line?.split(separator: " ").dropFirst().joined(separator: " ") ?? "unknown memory"
  }

  @Test(arguments: formats.indices)
  func damageIsReadOrRefused(index: Int) {
    let (name, damage) = Self.formats[index]
    let seed = UInt64(index + 1)
    var mutator = Mutator(generator: SeededGenerator(state: seed))
    var accepted = 0
    var slowest = Duration.zero
    for number in 0..<Self.count {
      let bytes = damage(&mutator)
      let start = ContinuousClock.now
      if Self.read(bytes, format: name) { accepted += 1 }
      let time = ContinuousClock.now - start
      slowest = max(slowest, time)
      #expect(time < .seconds(2), "\(name), seed \(seed), file \(number)")
    }
    // Both happen, or nothing was tested.
    #expect(accepted > 0 && accepted < Self.count)
    print(
      "\(name), seed \(seed): \(Self.count) files, \(accepted) read, slowest \(slowest), at most "
        + "\(Self.peakMemory) in the process so far")
  }
}
