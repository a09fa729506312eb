import Files
import IWAE
import Testing

@testable import Datasets

/// Digits that single precision has no room for.
@Suite struct DigitsTests {
  private func notes(_ bytes: [UInt8]) throws -> [String] {
    try ImageCollection(DataFile(FileBytes(bytes, name: "t")), name: "t").notes
  }

  /// A column as usual, one far from 0, one that is constant but for the last digit of its sum, and
  /// one with holes.
  private let rows: [[Double]] = (0..<20).map { row in
    let value = Double(row % 3)
    return [
      value, 1e9 + value, row % 2 == 0 ? 0.3 : 0.1 + 0.2, row % 4 == 0 ? .nan : 1.5e9 + 1e6 * value,
    ]
  }
  private let words = "varies by 0.8 around 1e+09, which single precision rounds by 2: subtract"

  @Test func lostDigitsAreNoted() throws {
    let all = rows.flatMap(\.self)
    #expect(try notes(Build.numPy([20, 4], type: "<f8", all.bytes)) == notes(text(rows)))
    let found = try notes(text(rows))
    #expect(found.count == 1 && found[0].hasPrefix("column 2 \(words)"), "\(found)")
    // What is in the file as a float has lost its digits before.
    #expect(try notes(Build.numPy([20, 4], type: "<f4", all.map { Float($0) }.bytes)).isEmpty)
    #expect(try notes(text(rows.map { [$0[0], $0[3]] })).isEmpty)
    let twice = try notes(text(rows.map { [$0[1], $0[1], $0[0], 2 * $0[1]] }))
    #expect(twice[0].hasPrefix("column 1, and the like of 2 more, \(words)"), "\(twice)")
  }

  private func text(_ rows: [[Double]]) -> [UInt8] {
    rows.flatMap { row in Array((row.map { "\($0)" }.joined(separator: ",") + "\n").utf8) }
  }

  @Test func doublesComeBackFromTheirFile() throws {
    let array = NumberArray(shape: [2, 2], values: .doubles([1e9 + 1, 0.1, -3, .pi]))
    #expect(try DataFile(FileBytes(Array(array.numPy), name: "t")).array() == array)
    let turned = NumberArray(shape: [2, 2], values: array.values, isColumnMajor: true).rowMajor
    #expect(turned.values == .doubles([1e9 + 1, -3, 0.1, .pi]))
  }
}
