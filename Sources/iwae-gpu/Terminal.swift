import Foundation

/// Where results and diagnostics go.
struct Terminal: Sendable {
  /// Results: a text and a newline on standard output.
  var output: @Sendable (String) throws -> Void
  /// Progress and diagnostics: a text and a newline on standard error.
  var error: @Sendable (String) -> Void

  static let standard = Terminal(
    output: { text in
      do {
        try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
      } catch {
        throw CommandError(
          message: "The result could not be written to standard output.", code: .fileAccess)
      }
    },
    // Where diagnostics cannot be shown, there is nobody to tell.
    error: { try? FileHandle.standardError.write(contentsOf: Data(($0 + "\n").utf8)) })

  /// One JSON object.
  func json(_ object: some Encodable) throws { try output(try JSONText.text(object)) }
}

/// JSON as `--json` prints it and as files of results hold it: its keys in a fixed order.
enum JSONText {
  static func text(_ object: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    // JSON has no infinity and no NaN; readers of Python know these words.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(object), as: UTF8.self)
  }

  /// A file's content.
  static func data(_ object: some Encodable) throws -> Data {
    Data((try text(object) + "\n").utf8)
  }

  static func value<Value: Decodable>(_ type: Value.Type, _ data: Data) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(type, from: data)
  }
}

/// A table of left-aligned texts and right-aligned numbers.
struct TextTable {
  private var rows: [[String]]
  private let rightAligned: Set<Int>

  init(_ header: [String], rightAligned: Set<Int> = []) {
    rows = [header]
    self.rightAligned = rightAligned
  }

  /// Adds a row; what it lacks at its end is empty.
  mutating func append(_ row: [String]) {
    rows.append(row + Array(repeating: "", count: max(0, rows[0].count - row.count)))
  }

  var text: String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return rightAligned.contains(column) ? space + cell : cell + space
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}

/// A number of bytes for people.
func readable(bytes: Int) -> String {
  let units = ["B", "KiB", "MiB", "GiB", "TiB"]
  var value = Double(bytes)
  var unit = 0
  while value >= 1024 && unit < units.count - 1 {
    value /= 1024
    unit += 1
  }
  return unit == 0 ? "\(bytes) B" : String(format: "%.1f %@", value, units[unit])
}

/// A number of bytes that a person wrote, as 128M; nil where it is none.
func byteCount(_ text: String) -> Int? {
  let units: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]
  let unit = text.uppercased().last.flatMap { units[$0] }
  let number = Int(unit == nil ? text : String(text.dropLast()))
  guard let number, number > 0, number <= Int.max >> (unit ?? 0) else { return nil }
  return number << (unit ?? 0)
}

/// A text with a full stop at its end.
func sentence(_ text: String) -> String { text.hasSuffix(".") ? text : text + "." }

/// A time for people.
func readable(_ duration: Duration) -> String {
  let seconds = duration / .seconds(1)
  return switch seconds {
  case ..<1: String(format: "%.0f ms", seconds * 1e3)
  case ..<120: String(format: "%.1f s", seconds)
  case ..<7200: "\(Int(seconds) / 60) min \(Int(seconds) % 60) s"
  case ..<1e9: "\(Int(seconds) / 3600) h \(Int(seconds) / 60 % 60) min"
  default: "years"
  }
}

/// `1 image`, `2 images`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
