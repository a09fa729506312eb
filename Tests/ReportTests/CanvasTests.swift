import Files
import Foundation
import Testing

@testable import Report

@Suite struct CanvasTests {
  private let scale = Int(Canvas.scale)
  private let white = Color(hex: 0xffffff)

  private func canvas(_ shapes: [Shape]) -> Canvas {
    var canvas = Canvas(width: 40 * scale, height: 30 * scale)
    canvas.draw(shapes)
    return canvas
  }

  /// The share of ink in a rectangle of a drawing, from 0 for white to 1.
  private func ink(_ canvas: Canvas, _ x: Range<Int>, _ y: Range<Int>) -> Double {
    var sum = 0.0
    for row in y.lowerBound * scale..<y.upperBound * scale {
      for column in x.lowerBound * scale..<x.upperBound * scale {
        sum += 1 - Double(canvas.color(column, row).red) / 255
      }
    }
    let dark = 1 - Double(Palette.light.ink.red) / 255
    return sum / dark / Double(x.count * y.count * scale * scale)
  }

  @Test func linesLieWhereTheyMust() {
    let across = canvas([
      .line(Path(from: Place(x: 5, y: 10), to: Place(x: 35, y: 10)), Stroke(width: 2))
    ])
    #expect(across.color(20 * scale, 10 * scale) == Palette.light.ink)
    #expect(across.color(20 * scale, 12 * scale) == white)
    #expect(across.color(4 * scale, 10 * scale) == white)
    // 30 long and 2 wide.
    #expect(abs(ink(across, 0..<40, 0..<30) * 1200 - 60) < 0.5)
    let diagonal = canvas([
      .line(Path(from: Place(x: 5, y: 5), to: Place(x: 29, y: 12)), Stroke(width: 2))
    ])
    #expect(abs(ink(diagonal, 0..<40, 0..<30) * 1200 - 2 * 25) < 0.5)
    let dashed = canvas([
      .line(
        Path(from: Place(x: 0, y: 10), to: Place(x: 40, y: 10)), Stroke(width: 2, dash: [6, 4]))
    ])
    #expect(dashed.color(3 * scale, 10 * scale) == Palette.light.ink)
    #expect(dashed.color(8 * scale, 10 * scale) == white)
    #expect(dashed.color(13 * scale, 10 * scale) == Palette.light.ink)
    #expect(abs(ink(dashed, 0..<40, 0..<30) * 1200 - 48) < 0.5)
  }

  @Test func areasCoverWhatTheyHold() {
    let half = canvas([
      .area(Path(x: 10.5, y: 5.25, width: 12.2, height: 7.5), opacity: 0.5)
    ])
    #expect(abs(ink(half, 0..<40, 0..<30) * 1200 - 0.5 * 12.2 * 7.5) < 1)
    let circle = canvas([
      .group(.init(shapes: [.area(.circle(radius: 9))], origin: Place(x: 20, y: 15)))
    ])
    #expect(abs(ink(circle, 0..<40, 0..<30) * 1200 - 81 * Double.pi) < 2)
    // Neighbours leave no seam: a pixel is one's or the other's.
    let crisp = canvas([
      .area(Path(x: 1, y: 1, width: 9.1, height: 9), isCrisp: true),
      .area(Path(x: 10.1, y: 1, width: 9, height: 9), isCrisp: true),
    ])
    for x in 2 * scale..<18 * scale { #expect(crisp.color(x, 15) == Palette.light.ink) }
  }

  @Test func groupsColourAndMoveWhatTheyHold() {
    let markers = Shape.Group(
      shapes: [.markers(Palette.Style(1).marker, at: [Place(x: 3, y: 4)])], color: 5,
      origin: Place(x: 10, y: 10))
    let drawn = canvas([.group(markers), .area(Path(x: 0, y: 0, width: 2, height: 2))])
    #expect(drawn.color(13 * scale, 14 * scale) == Palette.light.series[5])
    #expect(drawn.color(scale, scale) == Palette.light.ink)
  }

  @Test func imagesShowTheirPixels() throws {
    let png = try PNGImage(
      width: 2, height: 2, isColored: true,
      bytes: [255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9]
    ).file()
    let drawn = canvas([
      .image(.init(png: png, place: Place(x: 10, y: 10), width: 8, height: 8))
    ])
    let corners = [(11, 11), (17, 11), (11, 17), (17, 17)].map {
      drawn.color($0.0 * scale, $0.1 * scale)
    }
    #expect(corners == [0xff0000, 0x00ff00, 0x0000ff, 0x090909].map(Color.init))
    #expect(drawn.color(9 * scale, 11 * scale) == white)
  }

  @Test func textsStandInTheirPlaces() {
    let start = canvas([.text("HH", x: 10, y: 20)])
    #expect(ink(start, 10..<30, 9..<21) > 0.05 && ink(start, 0..<10, 0..<30) == 0)
    let end = canvas([.text("HH", x: 30, y: 20, anchor: .end)])
    #expect(ink(end, 31..<40, 0..<30) == 0 && ink(end, 10..<30, 10..<20) > 0.05)
    let upright = canvas([
      .text(Shape.Text(text: "HH", place: Place(x: 20, y: 29), isUpright: true))
    ])
    #expect(ink(upright, 21..<40, 0..<30) == 0 && ink(upright, 10..<20, 5..<29) > 0.05)
    // Every letter that is typed has a drawing of its own, and each is another.
    let letters = (33...126).map { Character(Unicode.Scalar($0)) } + Array("±×·…–—βαλσμ≤≥∞√")
    for letter in letters { #expect(StrokeFont.has(letter), "\(letter)") }
    #expect(Set(letters.map { StrokeFont.strokes(String($0)) }).count == letters.count)
    // Letters with accents are drawn without.
    #expect(StrokeFont.strokes("é") == StrokeFont.strokes("e"))
    #expect(StrokeFont.width("0") == StrokeFont.width("1"))
  }

  @Test func tooManyPixelsAreRefused() throws {
    let large = Sheet(Drawing(width: 2000, height: 2000), title: "", summary: "")
    let error = #expect(throws: FileAccessError.self) { try Canvas.file(large) }
    #expect("\(try #require(error))".contains("Choose a name that ends in .svg or .pdf"))
  }

  @Test(arguments: Figures.all) func everyFigureBecomesPixels(_ figure: Figure) throws {
    guard figure.name != "picture" else { return }
    let image = try #require(PNGImage(file: try figure.file(.png)))
    let sheet = figure.sheet
    #expect(image.isColored)
    #expect(image.width == Int((sheet.width * Canvas.scale).rounded()))
    #expect(image.height == Int((sheet.height * Canvas.scale).rounded()))
    #expect(Set(image.bytes).count > 10)
  }
}
