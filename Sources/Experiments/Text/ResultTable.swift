import Foundation
import Report

/// A table of results, for people to read, to paste and to compute with.
///
///     var table = ResultTable([
///       .text("run", key: "run"), .uncertain("NLL", key: "nll", decimals: 2, unit: "nats"),
///     ])
///     table.append([.text("iwae"), .uncertain(86.32, error: 0.12)])
///     print(table.latex)
public struct ResultTable: Sendable {
  public struct Column: Sendable {
    /// The title, as people read it.
    public var title: String
    /// The name for programs: the key of the same number in JSON where it has one.
    public var key: String
    public var unit: String?
    /// The title as LaTeX sets it; nil for the title, escaped.
    var latex: String?
    var kind: Kind
    var audience = Audience.all

    /// The same column, for fewer readers.
    func only(_ audience: Audience) -> Self {
      var result = self
      result.audience = audience
      return result
    }
  }

  /// The readers of a column: people, or programs by its key.
  enum Audience: Sendable { case all, people, programs }

  /// The values of a column.
  enum Kind: Sendable {
    case text
    case number(decimals: Int, isSigned: Bool)
    /// Numbers with errors. The error's key is for programs, and its title for text, where errors have a
    /// column of their own; nil for errors behind ±.
    case uncertain(decimals: Int, isSigned: Bool, error: String, title: String?)
  }

  public enum Cell: Sendable {
    case text(String)
    /// The same as above, which people need not read again.
    case repeated(String)
    case number(Double)
    /// A number with its error, where that is known.
    case uncertain(Double, error: Double?)
    /// A number that people read in words.
    case worded(String, Double)
    /// No value, and what people read instead.
    case missing(String)

    public static let none = missing("-")

    /// A number, or none.
    public init(_ value: Double?, error: Double? = nil) {
      self = value.map { .uncertain($0, error: error) } ?? .none
    }
  }

  private let everyColumn: [Column]
  private var everyRow: [[Cell]] = []
  /// Sentences that a reader needs, as the meaning of the errors.
  public var remark: String

  public init(_ columns: [Column], remark: String = "") {
    (everyColumn, self.remark) = (columns, remark)
    let keys = columns.filter { $0.audience != .people }.flatMap(\.keys)
    precondition(
      Set(keys).count == keys.count && !keys.contains(""), "each column has a key of its own")
  }

  /// The columns for people.
  public var columns: [Column] { everyColumn.filter { $0.audience != .programs } }

  /// The cells below them.
  public var rows: [[Cell]] { everyRow.map { cells($0, without: .programs) } }

  private func cells(_ row: [Cell], without audience: Audience) -> [Cell] {
    zip(everyColumn, row).compactMap { $0.audience == audience ? nil : $1 }
  }

  /// Adds a row: a cell for each column.
  public mutating func append(_ row: [Cell]) {
    precondition(row.count == everyColumn.count, "a row has a cell for each column")
    everyRow.append(row)
  }
}

// MARK: Columns

extension ResultTable.Column {
  public static func text(_ title: String, key: String) -> Self {
    Self(title: title, key: key, kind: .text)
  }

  /// Whole numbers.
  public static func count(_ title: String, key: String, latex: String? = nil) -> Self {
    Self(title: title, key: key, latex: latex, kind: .number(decimals: 0, isSigned: false))
  }

  /// Numbers.
  ///
  /// - Parameters:
  ///   - title: The title.
  ///   - key: The name for programs.
  ///   - decimals: Those that people read.
  ///   - unit: The unit.
  ///   - latex: The title as LaTeX sets it; nil for the title, escaped.
  ///   - isSigned: True if a plus is shown.
  public static func number(
    _ title: String, key: String, decimals: Int, unit: String? = nil, latex: String? = nil,
    isSigned: Bool = false
  ) -> Self {
    Self(
      title: title, key: key, unit: unit, latex: latex,
      kind: .number(decimals: decimals, isSigned: isSigned))
  }

  /// Numbers with errors.
  ///
  /// - Parameters:
  ///   - title: The title.
  ///   - key: The name for programs.
  ///   - decimals: Those of a text, and elsewhere of what has no error.
  ///   - unit: The unit.
  ///   - latex: The title as LaTeX sets it; nil for the title, escaped.
  ///   - error: The error's name for programs; nil for the key with `_standard_error` behind it.
  ///   - apart: The title of the errors where they have a column of their own in text; nil for none.
  ///   - isSigned: True if a plus is shown.
  public static func uncertain(
    _ title: String, key: String, decimals: Int, unit: String? = nil, latex: String? = nil,
    error: String? = nil, apart: String? = nil, isSigned: Bool = false
  ) -> Self {
    Self(
      title: title, key: key, unit: unit, latex: latex,
      kind: .uncertain(
        decimals: decimals, isSigned: isSigned, error: error ?? "\(key)_standard_error",
        title: apart))
  }

  /// Its key, and that of its errors.
  var keys: [String] {
    if case .uncertain(_, _, let error, _) = kind { return [key, error] }
    return [key]
  }

  var isNumber: Bool { if case .text = kind { false } else { true } }
}

// MARK: Text and CSV

extension ResultTable {
  /// Columns for a terminal.
  public var text: String {
    let titles = columns.flatMap { column -> [String] in
      if case .uncertain(_, _, _, let title?) = column.kind { return [column.title, title] }
      return [column.title]
    }
    let sides = columns.flatMap { column -> [Bool] in
      if case .uncertain(_, _, _, _?) = column.kind { return [true, true] }
      return [column.isNumber]
    }
    var table = TextTable(titles, rightAligned: Set(sides.indices.filter { sides[$0] }))
    for row in rows { table.append(zip(columns, row).flatMap(Self.texts)) }
    return table.text
  }

  /// One text, or two where errors have a column of their own.
  private static func texts(_ column: Column, _ cell: Cell) -> [String] {
    func fixed(_ value: Double, _ decimals: Int, _ isSigned: Bool) -> String {
      String(format: isSigned ? "%+.*f" : "%.*f", decimals, value)
    }
    switch (column.kind, cell) {
    case (.uncertain(let decimals, let isSigned, _, let title), .uncertain(let value, let error)):
      let value = fixed(value, decimals, isSigned)
      let error = error.map { fixed($0, decimals, false) }
      if title != nil { return [value, error ?? "-"] }
      return [error.map { "\(value) ± \($0)" } ?? value]
    case (.number(let decimals, let isSigned), .number(let value)),
      (.number(let decimals, let isSigned), .uncertain(let value, _)),
      (.uncertain(let decimals, let isSigned, _, nil), .number(let value)):
      return [fixed(value, decimals, isSigned)]
    case (.uncertain(let decimals, let isSigned, _, _), .number(let value)):
      return [fixed(value, decimals, isSigned), "-"]
    case (.uncertain(_, _, _, _?), .missing(let text)): return [text, text.isEmpty ? "" : "-"]
    default: return [cell.words]
    }
  }

  /// Comma-separated values, as RFC 4180 has them: a line of keys, every digit, and the error of a number
  /// behind it. What is missing is empty.
  public var csv: String {
    let columns = everyColumn.filter { $0.audience != .people }
    return FigureTable(
      columns: columns.flatMap(\.keys),
      rows: everyRow.map { zip(columns, cells($0, without: .people)).flatMap(Self.values) }
    ).csv
  }

  private static func values(_ column: Column, _ cell: Cell) -> [FigureTable.Cell] {
    var error = FigureTable.Cell.missing
    let value: FigureTable.Cell
    switch cell {
    case .text(let text), .repeated(let text): value = .text(text)
    case .number(let number), .worded(_, let number): value = .number(number)
    case .uncertain(let number, let its):
      value = .number(number)
      if let its { error = .number(its) }
    case .missing: value = .missing
    }
    if case .uncertain = column.kind { return [value, error] }
    return [value]
  }
}

extension ResultTable.Cell {
  /// The text of what is not shown as a number.
  var words: String {
    switch self {
    case .text(let text), .missing(let text), .worded(let text, _): text
    case .repeated: ""
    case .number(let value), .uncertain(let value, _): "\(value)"
    }
  }
}
