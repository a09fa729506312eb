import Foundation
import Testing

@testable import Report

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Text that would break a document that does not escape it.
let hostile = "<b>&\"' \u{1}]]></svg>"

/// A figure of every kind.
enum Figures {
  static let lines = Figure(
    name: "lines", title: "Lines \(hostile)", summary: "Rises \(hostile)",
    content: .lines(
      LinePlot(
        xLabel: "k", yLabel: "nats \(hostile)",
        curves: (0..<13).map { curve in
          .init(
            "curve \(curve) \(hostile)",
            [1, 10, 100].map { .init(x: $0, y: -90 + Double(curve) + $0 / 100, error: 0.5) },
            dashed: curve == 3)
        }, levels: [.init(name: "level", y: -85, error: 0.1)])))

  static let bars = Figure(
    name: "bars", title: "Bars", summary: "Two are active",
    content: .bars(
      BarPlot(
        xLabel: "unit", yLabel: "variance",
        groups: [
          .init(name: "first", values: [0.5, 0.001, .nan, 0.2]),
          .init(name: "second", values: [0.3, -0.1]),
        ], threshold: 0.01)))

  static let scatter = Figure(
    name: "scatter", title: "Scatter", summary: "Ten clouds",
    content: .scatter(
      ScatterPlot(
        xLabel: "first", yLabel: "second",
        series: (0..<10).map { label in
          .init(
            name: "\(label)",
            points: (0..<30).map { .init(x: Double(label) + cos(Double($0)), y: sin(Double($0))) })
        })))

  static let heat = Figure(
    name: "heat", title: "Heat", summary: "Best at the right",
    content: .heat(
      HeatMap(
        xLabel: "K", yLabel: "M", valueLabel: "NLL", columns: ["1", "8", "64"],
        rows: ["1", "8, \"eight\""], values: [[90, 88.5, 87], [nil, 88]], lowIsGood: true)))

  static let picture = Figure(
    name: "picture", title: "Picture", summary: "Digits",
    content: .picture(
      PictureFigure(
        png: Data([0x89, 0x50, 0x4e, 0x47]), width: 20, height: 10,
        table: FigureTable(
          columns: ["image", "mean \(hostile)"],
          rows: [
            [.number(1), .number(-0.25)], [.text("two"), .missing], [.number(3), .number(.nan)],
          ]
        ))))

  static let panels = Figure(
    name: "panels", title: "Panels", summary: "A posterior",
    content: .panels(
      PanelGrid(
        xLabel: "unit 1", yLabel: "unit 2", columns: ["image", "posterior", hostile],
        rows: (0..<2).map { row in
          let window = PanelGrid.Reach(low: -1, high: Double(row + 1))
          let png = ImageGrid([[0, 0.5, 1, 0]], imageWidth: 2, columns: 1).file
          return [.init(png: png)]
            + (0..<2).map { _ in .init(png: png, x: window, y: window) }
        })))

  static let all = [lines, bars, scatter, heat, picture, panels]
}

extension ImageGrid {
  /// The file's content; empty where it cannot be encoded.
  var file: Data { (try? png()) ?? Data() }
}

extension Figure: CustomTestStringConvertible {
  public var testDescription: String { name }
}

/// The elements of an XML document, and its texts.
final class Document: NSObject, XMLParserDelegate {
  private(set) var elements: [(name: String, attributes: [String: String])] = []
  private(set) var texts: [String] = []
  private(set) var problem: String?
  // The elements that are open.
  private var open: [Int] = []

  init(_ text: String) {
    super.init()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = self
    if !parser.parse() {
      problem = "line \(parser.lineNumber): \(String(describing: parser.parserError))"
    }
  }

  func parser(
    _: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    open.append(elements.count)
    elements.append((name, attributes))
    texts.append("")
  }

  func parser(_: XMLParser, foundCharacters text: String) {
    if let element = open.last { texts[element] += text }
  }

  func parser(
    _: XMLParser, didEndElement _: String, namespaceURI: String?, qualifiedName: String?
  ) {
    open.removeLast()
  }

  func count(_ name: String) -> Int { elements.count { $0.name == name } }

  /// The text of the first element that is called so.
  func text(_ name: String) -> String? {
    zip(elements, texts).first { $0.0.name == name }?.1
  }
}
