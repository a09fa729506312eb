import Artifacts
import Files
import Foundation
import IWAE
import Testing

@testable import Datasets

/// What a process may be made to spend on a file.
@Suite struct HostileFileTests {
  private let pixels = (0..<24).map { UInt8($0 * 10) }

  /// The memory that a work takes at its peak, in bytes; nil where the system does not tell.
  private func peakGrowth(_ work: () -> Void) -> Int? {
    func field(_ name: String) -> Int? {
      let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
      let line = status?.split(separator: "\n").first { $0.hasPrefix(name) }
      return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
    }
    // Sets the peak to what is in use now.
    try? Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
    guard let before = field("VmRSS:") else { return nil }
    work()
    return field("VmHWM:").map { $0 - before }
  }

  @Test func bombsStayBounded() {
    let zeros = [UInt8](repeating: 0, count: 20_000_000)
    // 20 million zeros in 20 kB, which claim to be 1 MB, or what they are, or are spread by signs.
    let files: [(bytes: [UInt8], name: String, reason: String)] = [
      (Build.gzip(Build.idx([1_000_000], []) + zeros), "", "expected the end after"),
      (
        Build.gzip(Build.idx([20, 1_000_000], []) + zeros), "",
        "more than the 1048576 that are allowed"
      ),
      (
        Build.gzip(Build.idx([1_000_000], zeros.dropLast(19_000_000), type: 9)), "",
        "takes 4000000 bytes, more than the 1048576 that are allowed"
      ),
      (Build.gzip([UInt8](repeating: 10, count: 20_000_000)), "", "none of the known"),
      (
        Build.gzip(Array("1\n".utf8) + [UInt8](repeating: 10, count: 20_000_000)), "",
        "more than the 2097152 bytes that are allowed"
      ),
      (
        Build.gzip(Array(String(repeating: "1 ", count: 300_000).utf8) + Array("2\n".utf8)), "",
        "more numbers than the 1048576 bytes"
      ),
      (
        Build.zip([("a.npy", Build.numPy([20_000_000], zeros))], isDeflated: true), "a", "more than"
      ),
      (
        Build.matlab(
          [.init(name: "a", shape: [1000, 20_000], content: zeros)], isCompressed: true), "a",
        "more than the 1048576 that are allowed"
      ),
    ]
    let growth = peakGrowth {
      for file in files {
        let text = complaint(file.bytes, file.name)
        #expect(text?.contains(file.reason) == true, "\(text ?? "read"), not \(file.reason)")
      }
    }
    // The limit of one array is 1 MiB, and pieces of a quarter of that pass through.
    #if os(Linux)
      #expect(growth.map { $0 < 16 << 20 } == true, "\(growth ?? -1) bytes")
    #endif
  }

  /// Many small parts must not cost more than they are.
  @Test func filesOfManyPartsAreSoonRefused() {
    let start = ContinuousClock.now
    let empty = Build.matlab([], isCompressed: false) + [UInt8](repeating: 0, count: 4_000_000)
    #expect(complaint(empty)?.contains("more than 1000 variables") == true)
    #expect(complaint(Build.matlab([], isCompressed: false), "a")?.contains("are none") == true)

    // A thousand entries that claim the same bytes, and a thousand that have their own.
    let zeros = Build.numPy([400_000], [UInt8](repeating: 0, count: 400_000))
    var overlapping = Build.zip([("a.npy", zeros), ("b.npy", zeros)], isDeflated: true)
    let second = overlapping.count - 22 - 51 + 42
    overlapping.replaceSubrange(second..<second + 4, with: [0, 0, 0, 0])
    #expect(complaint(overlapping, "a")?.contains("lies over another entry") == true)
    let many = Build.zip((0..<1000).map { ("\($0).npy", zeros) }, isDeflated: true)
    let text = #expect(throws: FormatError.self) {
      try ImageCollection(DataFile(FileBytes(many, name: "t")), name: "t")
    }
    #expect(text?.description.contains("and 992 more. Name one") == true)
    #expect(
      complaint(Build.zip((0..<1001).map { ("\($0)", []) }, isDeflated: false))?
        .contains("1001 entries") == true)
    // Two seconds here; without the limits it was minutes.
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  /// Nobody waits for a pipe in which there may never be anything.
  @Test func aPipeIsNoFileOfData() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).npy").path
    defer { unlink(path) }
    #expect(mkfifo(path, 0o600) == 0)
    let error = #expect(throws: FileAccessError.self) { try DataFile(path) }
    #expect(error?.description == "'\(path)' could not be read: it is not a regular file.")
  }

  @Test func hostileMATLABFilesAreNamed() throws {
    let good = Build.matlab(
      [.init(name: "a", shape: [4, 6], content: pixels)], isCompressed: false)
    for length in 1..<good.count {
      #expect(complaint(Array(good.prefix(length)), "a") != nil, "\(length)")
    }
    var beyond = good
    beyond.replaceSubrange(132..<136, with: [0xf0, 0xff, 0xff, 0x7f])
    #expect(complaint(beyond, "a")?.contains("reaches beyond the end") == true)
    func made(_ variable: Build.Variable) -> [UInt8] {
      Build.matlab([variable], isCompressed: true)
    }
    #expect(
      complaint(made(.init(name: "a", shape: [5, 6], content: pixels)), "a")?
        .contains("needs 30 bytes, but 24 are announced") == true)
    #expect(
      complaint(made(.init(name: "a", shape: [4, 6], flags: 8, content: pixels)), "a")?
        .contains("complex uint8") == true)
    #expect(
      complaint(made(.init(name: "a", shape: [4, 6], classCode: 1, content: pixels)), "a")?
        .contains("of class cell") == true)
    #expect(
      complaint(made(.init(name: "a", shape: [4, 6], typeCode: 99, content: pixels)), "a")?
        .contains("unknown type 99") == true)
    // Objects of later versions, and what they leave without a name, hide nothing.
    let later = try open(
      Build.matlab(
        [
          .init(name: "s", shape: [6], classCode: 17, content: []),
          .init(name: "t", shape: [6], classCode: 17, content: []),
          .init(name: "X", shape: [4, 6], content: pixels),
          .init(name: "", shape: [1, 24], content: pixels),
        ], isCompressed: true))
    #expect(try later.array("X").shape == [4, 6])
    #expect(try ImageCollection(later, name: "t").training.count == 4)
    // Doubles that are written as bytes are numbers, not grey levels.
    let doubles = try open(made(.init(name: "a", shape: [4, 6], classCode: 6, content: pixels)))
    #expect(try doubles.array("a").values == .floats(pixels.map(Float.init)))
  }
}
