/// A table of texts on a page.
public struct PageTable: Hashable, Sendable {
  public var columns: [String]
  public var rows: [[String]]
  /// The meaning of its numbers.
  public var remark: String

  public init(columns: [String], rows: [[String]], remark: String) {
    (self.columns, self.rows, self.remark) = (columns, rows, remark)
  }

  /// The first cell of a row is its head.
  func html(title: String) -> String {
    let heads = columns.map { "<th scope=\"col\">\(escaped($0))</th>" }
    let lines = rows.map { row in
      "<tr><th scope=\"row\">\(escaped(row.first ?? ""))</th>"
        + row.dropFirst().map { "<td>\(escaped($0))</td>" }.joined() + "</tr>"
    }
    return """

      <h3>\(escaped(title))</h3>
      <div class="scroll" role="region" aria-label="\(escaped(title))" tabindex="0">
      <table class="comparison">
      <thead><tr>\(heads.joined())</tr></thead>
      <tbody>
      \(lines.joined(separator: "\n"))
      </tbody>
      </table>
      </div>
      <p class="summary">\(escaped(remark))</p>
      """
  }
}
