import Foundation

/// A figure as an element of a page: the picture, its legend, its numbers, and files to keep.
struct FigureElement {
  let figure: Figure
  /// The run it is of, where it is of one.
  let run: String?
  /// True if the caption says the title; not where a heading does.
  let showsTitle: Bool
  private let drawing: Drawing
  /// The numbers of the file that is offered.
  private let table: FigureTable
  /// The rows of numbers for each row of the file.
  private let rowStep: Int

  /// A page shows at most so many rows of numbers.
  private static let mostRows = 200
  /// The file within the page has at most so many, so that no page takes long to open.
  private static let mostFileRows = 10_000

  /// - Parameter reach: The values that the axes show besides the figure's own.
  init(
    _ figure: Figure, run: String? = nil, showsTitle: Bool = true, reach: AxisReach = AxisReach()
  ) {
    (self.figure, self.run, self.showsTitle) = (figure, run, showsTitle)
    drawing = figure.drawing(reaching: reach)
    let whole = figure.table
    let step = max(1, (whole.rows.count + Self.mostFileRows - 1) / Self.mostFileRows)
    rowStep = step
    table = FigureTable(
      columns: whole.columns,
      rows: stride(from: 0, to: whole.rows.count, by: step).map { whole.rows[$0] })
  }

  var html: String {
    // A run's name stays as it is, and so do others' in what is said of the figure.
    let caption = [run.map(escaped), showsTitle ? marked(figure.title) : nil].compactMap(\.self)
      .joined(separator: ": ")
    return """
      <figure class="figure">
      <figcaption>\(caption)</figcaption>
      <div class="canvas"\(canvasAttributes)>
      \(picture)
      </div>
      \(legend)
      <p class="summary">\(escaped(figure.summary))\(escaped(note))</p>
      \(numbers)
      <p class="downloads">\(downloads)</p>
      \(marks)
      </figure>
      """
  }

  private var label: String {
    "\(figure.title). \(figure.summary)\(figure.remark.map { " \($0)" } ?? "")"
  }
  private var note: String { drawing.notes.isEmpty ? "" : " \(drawing.note)" }
  private var fullTitle: String { [run, figure.title].compactMap(\.self).joined(separator: ": ") }

  /// A plot may be wider than its box, which scrolls then, by keys as well.
  private var canvasAttributes: String {
    if case .picture = figure.content { return "" }
    return " tabindex=\"0\" role=\"group\" aria-label=\"\(escaped(fullTitle))\""
  }

  private var picture: String {
    guard case .picture(let picture) = figure.content else {
      // Narrower than this its texts could not be read.
      let least = Int((drawing.width * max(0.9, 11 / drawing.smallestText)).rounded(.up))
      let isOrdinary =
        drawing.width <= Frame.width && drawing.smallestText >= Shape.Text.ordinarySize
      let style = isOrdinary ? "" : " style=\"min-width:\(least)px\""
      return "<div class=\"picture\"\(style)>\(drawing.part(label: label))</div>"
    }
    return "<img alt=\"\(escaped(label))\" width=\"\(max(picture.width, 1))\" "
      + "height=\"\(max(picture.height, 1))\" src=\"\(picture.address)\">"
  }

  /// A script makes buttons of the entries.
  private var legend: String {
    guard !drawing.pageLegend.isEmpty else { return "" }
    let entries = drawing.pageLegend.map { entry in
      "<li><svg class=\"plot\" viewBox=\"-1 0 28 12\" width=\"28\" height=\"12\" aria-hidden=\"true\">"
        + "\(SVG.elements([entry.swatch]))</svg><span>\(escaped(entry.name))</span></li>"
    }
    return "<ul class=\"legend\" aria-label=\"Legend\">\n\(entries.joined(separator: "\n"))\n</ul>"
  }

  private var numbers: String {
    guard !table.columns.isEmpty, !table.rows.isEmpty else { return "" }
    let step = (table.rows.count + Self.mostRows - 1) / Self.mostRows
    let head = table.columns.map { "<th scope=\"col\">\(escaped($0))</th>" }.joined()
    let rows = stride(from: 0, to: table.rows.count, by: step).map { index in
      let cells = table.rows[index].map { "<td>\(escaped($0.rounded))</td>" }
      return "<tr>\(cells.joined())</tr>"
    }
    let inFile = rowStep == 1 ? "them all" : "one in \(rowStep), the run's own files have all"
    let note =
      step * rowStep == 1
      ? "" : "<p>One in \(step * rowStep) rows; the CSV file has \(inFile).</p>"
    return """
      <details>
      <summary>Numbers</summary>
      \(note)<div class="scroll" role="region" aria-label="Numbers of \(escaped(fullTitle))" tabindex="0">
      <table>
      <thead><tr>\(head)</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table>
      </div>
      </details>
      """
  }

  private var downloads: String {
    let name = Self.fileName([run, figure.name].compactMap(\.self).joined(separator: "-"))
    func link(_ kind: String, _ type: String, _ data: Data) -> String {
      "<a download=\"\(name).\(kind)\" href=\"data:\(type);base64,\(data.base64EncodedString())\" "
        + "aria-label=\"\(kind.uppercased()) file of \(escaped(fullTitle))\">\(kind.uppercased())</a>"
    }
    let picture =
      if case .picture(let picture) = figure.content {
        link("png", "image/png", picture.png)
      } else {
        link(
          "svg", "image/svg+xml",
          Data(Sheet(drawing, title: figure.title, summary: figure.summary).svg.utf8))
      }
    guard !table.columns.isEmpty else { return picture }
    return link("csv", "text/csv;charset=utf-8", Data(table.csv.utf8)) + " " + picture
  }

  /// Letters, digits, dots, dashes and underscores.
  private static func fileName(_ text: String) -> String {
    String(
      text.map { character in
        character.isASCII && (character.isLetter || character.isNumber || "._-".contains(character))
          ? character : "-"
      })
  }

  /// The points that can be read out, for the script.
  private var marks: String {
    struct Point: Encodable {
      var mark: Drawing.Mark

      func encode(to encoder: any Encoder) throws {
        var values = encoder.unkeyedContainer()
        try values.encode(mark.x)
        try values.encode(mark.y)
        try values.encode(mark.text)
      }
    }
    struct Series: Encodable {
      var name: String
      var points: [Point]
    }
    let names = drawing.legend.map(\.name)
    let series = drawing.marks.enumerated().map { index, marks in
      Series(
        name: names.indices.contains(index) ? names[index] : "",
        points: marks.map { Point(mark: $0) })
    }
    // The same figure gives the same bytes.
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    // A place is always finite, so that there is nothing that JSON could not say.
    guard !series.isEmpty, let data = try? encoder.encode(series) else { return "" }
    // Within a script no character of a text may end it.
    let text = String(decoding: data, as: UTF8.self).replacingOccurrences(of: "<", with: "\\u003c")
    return "<script type=\"application/json\" class=\"marks\">\(text)</script>"
  }
}
