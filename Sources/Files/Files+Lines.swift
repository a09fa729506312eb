import Foundation

extension Files {
  /// The longest line that is read.
  private static let longestLine = 1 << 16

  /// Reads a file line by line, a piece of it at a time.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - body: Told each line, its number from 1 on, and whether the file ends within it.
  public static func lines(
    of path: String, _ body: (_ line: Data, _ number: Int, _ isCutOff: Bool) throws -> Void
  ) throws {
    let file = try OpenFile(path, mustBePlain: true)
    var rest = Data()
    var number = 0
    func check(_ length: Int, _ number: Int) throws(FormatError) {
      guard length > longestLine else { return }
      throw FormatError(file: path, problem: "line \(number) is longer than \(longestLine) bytes.")
    }
    var offset = 0
    while true {
      let piece = try file.read(at: offset, 1 << 18)
      offset += piece.count
      rest.append(contentsOf: piece)
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        number += 1
        try check(end - rest.startIndex, number)
        try body(Data(rest[..<end]), number, false)
        rest = rest[(end + 1)...]
      }
      if piece.isEmpty { break }
      try check(rest.count, number + 1)
      rest = Data(rest)
    }
    if !rest.isEmpty { try body(Data(rest), number + 1, true) }
  }
}
