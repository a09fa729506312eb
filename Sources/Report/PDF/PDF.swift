import Foundation

/// A sheet as a PDF document of one page: lines and areas as such, letters in the fonts that every
/// reader has.
struct PDF {
  // Each as it stands between `obj` and `endobj`; they are numbered from 1.
  private var objects: [Data] = []

  static func file(_ sheet: Sheet) -> Data {
    var page = PDFPage(height: sheet.height)
    // On paper the background is white whatever the screen shows.
    page.draw(
      [
        .area(Path(x: 0, y: 0, width: sheet.width, height: sheet.height), paint: .paper)
      ] + sheet.shapes)
    var document = PDF()
    let images = page.images.map { document.add(image: $0) }
    let content = document.add(stream: Data(page.content.utf8), "")
    let resources = Self.resources(page, images: images)
    let (catalog, pages, leaf) = (content + 1, content + 2, content + 3)
    document.add("<< /Type /Catalog /Pages \(pages) 0 R /Lang (en) >>")
    document.add("<< /Type /Pages /Kids [\(leaf) 0 R] /Count 1 >>")
    document.add(
      "<< /Type /Page /Parent \(pages) 0 R /MediaBox [0 0 \(coordinate(sheet.width)) "
        + "\(coordinate(sheet.height))] /Resources \(resources) /Contents \(content) 0 R >>")
    document.add(
      "<< /Title \(text(sheet.title)) /Subject \(text(sheet.summary)) /Producer (iwae-gpu) >>")
    return document.file(catalog: catalog, information: leaf + 1)
  }

  private static func resources(_ page: PDFPage, images: [Int]) -> String {
    let fonts = PDFFont.allCases.map { font in
      "/\(font.name) << /Type /Font /Subtype /Type1 /BaseFont /\(font.rawValue)"
        + (font == .symbol ? "" : " /Encoding /WinAnsiEncoding") + " >>"
    }
    let pictures = images.enumerated().map { "/I\($0) \($1) 0 R" }
    let states = page.opacities.enumerated().map { index, opacity in
      "/G\(index) << /ca \(coordinate(opacity)) /CA \(coordinate(opacity)) >>"
    }
    return "<< /Font << \(fonts.joined(separator: " ")) >> "
      + "/XObject << \(pictures.joined(separator: " ")) >> "
      + "/ExtGState << \(states.joined(separator: " ")) >> >>"
  }

  /// A text of the document's information, in the encoding that has every letter.
  private static func text(_ text: String) -> String {
    let units = [UInt16](arrayLiteral: 0xfeff) + text.utf16
    return "<" + units.map { String(format: "%04X", $0) }.joined() + ">"
  }

  // MARK: Objects

  @discardableResult
  private mutating func add(_ object: String) -> Int {
    objects.append(Data(object.utf8))
    return objects.count
  }

  private mutating func add(stream: Data, _ entries: String) -> Int {
    let start = "<< \(entries)/Length \(stream.count) >>\nstream\n"
    objects.append(Data(start.utf8) + stream + Data("\nendstream".utf8))
    return objects.count
  }

  private mutating func add(image: PNGImage) -> Int {
    add(
      stream: Data(image.bytes),
      "/Type /XObject /Subtype /Image /Width \(image.width) /Height \(image.height) "
        + "/ColorSpace /\(image.isColored ? "DeviceRGB" : "DeviceGray") /BitsPerComponent 8 ")
  }

  /// Header, objects, the table of where each begins, and the trailer.
  private func file(catalog: Int, information: Int) -> Data {
    // Bytes above 127 tell programs that carry files that this one is not text.
    var file = Data("%PDF-1.4\n%".utf8) + Data([0xe2, 0xe3, 0xcf, 0xd3, 0x0a])
    var offsets: [Int] = []
    for (index, object) in objects.enumerated() {
      offsets.append(file.count)
      file += Data("\(index + 1) 0 obj\n".utf8) + object + Data("\nendobj\n".utf8)
    }
    let start = file.count
    let count = objects.count + 1
    // Every entry takes 20 bytes.
    let entries = offsets.map { String(format: "%010d 00000 n \n", $0) }.joined()
    file += Data(
      """
      xref
      0 \(count)
      0000000000 65535 f \n\(entries)trailer
      << /Size \(count) /Root \(catalog) 0 R /Info \(information) 0 R >>
      startxref
      \(start)
      %%EOF

      """.utf8)
    return file
  }
}
