import Foundation
import Testing

@testable import Report

@Suite struct PDFTests {
  /// A document as bytes that are letters, one for each byte.
  private func text(_ figure: Figure) throws -> String {
    let text = String(data: try figure.file(.pdf), encoding: .isoLatin1)
    return try #require(text)
  }

  /// The operators of the page.
  private func content(_ shapes: [Shape]) -> String {
    var page = PDFPage(height: 100)
    page.draw(shapes)
    return page.content
  }

  @Test(arguments: Figures.all) func theTableSaysWhereObjectsBegin(_ figure: Figure) throws {
    let data = try figure.file(.pdf)
    let text = try text(figure)
    #expect(text.hasPrefix("%PDF-1.4\n") && text.hasSuffix("%%EOF\n"))
    let parts = text.components(separatedBy: "startxref\n")
    #expect(parts.count == 2)
    let start = try #require(Int(parts[1].prefix { $0.isNumber }))
    func bytes(_ place: Int, _ count: Int) -> String {
      String(data: data[place..<min(place + count, data.count)], encoding: .isoLatin1) ?? ""
    }
    let table = bytes(start, data.count).components(separatedBy: "\n")
    #expect(table[0] == "xref")
    let count = try #require(Int(table[1].dropFirst(2)))
    #expect(count > 5 && table[2] == "0000000000 65535 f ")
    for object in 1..<count {
      let entry = table[2 + object]
      #expect(entry.hasSuffix(" 00000 n ") && entry.utf8.count == 19)
      let offset = try #require(Int(entry.prefix(10)))
      #expect(bytes(offset, 12).hasPrefix("\(object) 0 obj\n"))
    }
    #expect(text.contains("/Size \(count) /Root"))
    // Every stream is as long as it says.
    let streams = try streams(data, text)
    for (length, end) in streams { #expect(bytes(end, 11) == "\nendstream\n", "\(length)") }
    #expect(streams.count >= 1)
  }

  /// The length that each stream says it has, and the place after so many bytes.
  private func streams(_ data: Data, _ text: String) throws -> [(length: Int, end: Int)] {
    var result: [(length: Int, end: Int)] = []
    let mark = Data(" >>\nstream\n".utf8)
    var rest = data.startIndex..<data.endIndex
    while let found = data.range(of: mark, in: rest) {
      let head = String(
        data: data[max(0, found.lowerBound - 12)..<found.lowerBound], encoding: .ascii)
      let length = try #require(head?.split(separator: " ").last.flatMap { Int($0) })
      result.append((length, found.upperBound + length))
      rest = found.upperBound + length..<data.endIndex
    }
    return result
  }

  @Test func imagesKeepTheirPixels() throws {
    let grid = ImageGrid([[0, 0.5, 1, 0.2]], imageWidth: 2, columns: 1)
    let figure = Figure(
      name: "p", title: "", summary: "",
      content: .picture(.init(png: try grid.png(), width: grid.width, height: grid.height)))
    let data = try figure.file(.pdf)
    let bytes = grid.pixels.map { UInt8((min(max($0, 0), 1) * 255).rounded()) }
    #expect(data.range(of: Data(bytes)) != nil)
    let text = try text(figure)
    #expect(text.contains("/Width \(grid.width) /Height \(grid.height) /ColorSpace /DeviceGray"))
    #expect(text.contains("/I0 Do"))
    // The panels' picture is in the file once, and drawn six times.
    let panels = try self.text(Figures.panels)
    #expect(panels.components(separatedBy: "/Subtype /Image").count == 2)
    #expect(panels.components(separatedBy: "/I0 Do").count == 7)
  }

  @Test func lettersAreInFontsThatHaveThem() {
    func shown(_ text: String) -> String { content([.text(text, x: 0, y: 0)]) }
    #expect(shown("ab").contains("/F1 13 Tf 0 Ts <6162> Tj"))
    #expect(shown("±…–é").contains("<B18596E9> Tj"))
    #expect(shown("xβ").contains("<78> Tj /F3 13 Tf 0 Ts <62> Tj"))
    #expect(shown("λ≤∞").contains("/F3 13 Tf 0 Ts <6CA3A5> Tj"))
    #expect(shown("日").contains("<3F> Tj"))
    // A subscript is smaller and lower, what follows it is not.
    #expect(
      content([.text("L_k of", x: 0, y: 0, hasSubscripts: true)]).contains(
        "/F1 13 Tf 0 Ts <4C> Tj /F1 9.75 Tf -2.86 Ts <6B> Tj /F1 13 Tf 0 Ts <206F66> Tj"))
  }

  /// An operator that paints without a path before it is none that PDF knows.
  @Test func whatHasNoPathIsNotPainted() throws {
    let empty = content([])
    #expect(content([.area(Path()), .line(Path()), .markers(.circle(radius: 1), at: [])]) == empty)
    let bars = BarPlot(
      xLabel: "x", yLabel: "y",
      groups: [.init(name: "a", values: [1, 2]), .init(name: "b", values: [.nan])])
    let shapes = bars.drawing().shapes
    #expect(
      shapes.contains { if case .group(let group) = $0 { group.shapes.isEmpty } else { false } })
    #expect(!content(shapes).contains("rg f"))
  }

  @Test func textsEndWhereTheyShould() {
    // A digit of Helvetica is 0.556 wide.
    let end = content([.text("00", x: 50, y: 20, anchor: .end, size: 10)])
    #expect(end.contains("1 0 0 -1 38.88 20 Tm"))
    let middle = content([.text("00", x: 50, y: 20, anchor: .middle, size: 10)])
    #expect(middle.contains("1 0 0 -1 44.44 20 Tm"))
    // From below: the text begins further down.
    let upright = Shape.Text(
      text: "00", place: Place(x: 50, y: 20), anchor: .middle, size: 10, isUpright: true)
    #expect(content([.text(upright)]).contains("0 -1 -1 0 50 25.56 Tm"))
  }

  @Test func seriesHaveTheColoursOfThePalette() throws {
    let color = Palette.light.series[3]
    let values = color.shares.map { "\(($0 * 1000).rounded() / 1000)" }.joined(separator: " ")
    let line = Path(from: Place(x: 0, y: 0), to: Place(x: 5, y: 0))
    let group = Shape.Group(shapes: [.line(line, Stroke(width: 2, dash: [3, 1]))], color: 3)
    let drawn = content([.group(group), .line(line)])
    #expect(drawn.contains("\(values) RG 2 w [3 1] 0 d 0 0 m 5 0 l S"))
    #expect(!drawn.contains("\(values) RG 1 w"))
    let faint = try text(Figures.lines)
    #expect(faint.contains("/ca 0.18 /CA 0.18"))
  }
}
