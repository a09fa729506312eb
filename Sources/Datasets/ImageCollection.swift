import Files
import Foundation
import IWAE

/// Images as they come from their source, divided as far as the source divides them.
public struct ImageCollection: Sendable {
  /// For training, or all there are.
  public var training: ImageSet
  public var validation: ImageSet?
  public var test: ImageSet?
  /// The format that the files were found to have.
  public var format: String
  /// Remarks on the changes made to them, and on the claims that they allow.
  public var notes: [String]
  /// The names of a table's columns; empty where they have none.
  public var columnNames: [String]

  public init(
    training: ImageSet, validation: ImageSet? = nil, test: ImageSet? = nil, format: String = "",
    notes: [String] = [], columnNames: [String] = []
  ) {
    self.training = training
    self.validation = validation
    self.test = test
    self.format = format
    self.notes = notes
    self.columnNames = columnNames
  }

  /// The parts that there are, with their names.
  public var parts: [(name: String, images: ImageSet)] {
    [("training", training), ("validation", validation), ("test", test)].compactMap { name, part in
      part.map { (name, $0) }
    }
  }

  /// The same images, once it is certain that those of all parts have the same form.
  func checked(_ file: String) throws(FormatError) -> ImageCollection {
    if let misfit = misfit(comparingLevels: false) {
      throw FormatError(file: file, problem: misfit)
    }
    return self
  }

  /// The difference of the images of two parts, so that no model has seen the like of both; nil if
  /// there is none.
  ///
  /// - Parameter comparingLevels: True once the images are scaled: until then nobody knows whether
  ///   bytes are levels of grey.
  func misfit(comparingLevels: Bool) -> String? {
    func kind(_ part: ImageSet) -> String {
      let hasLevels = comparingLevels && part.values.element == .uint8
      let levels = hasLevels ? part.scale == 1 ? " of 0 and 1" : " of grey" : ""
      return "\(part.width) values of type \(part.values.element)\(levels)"
    }
    guard let other = parts.first(where: { kind($0.images) != kind(training) }) else { return nil }
    return "the parts do not fit: an image for training has \(kind(training)), one for "
      + "\(other.name) \(kind(other.images))."
  }

  /// Every part with its grey pixels drawn once.
  public func binarized(seed: UInt64) -> ImageCollection {
    mapped { part, number in part.binarized(seed: seed, part: number) }
  }

  /// Every part as a likelihood of that support takes it.
  public func scaled(for support: Support) -> ImageCollection {
    mapped { part, _ in part.scaled(for: support) }
  }

  /// - Parameter change: Given each part and its number.
  private func mapped(_ change: (ImageSet, Int) -> ImageSet) -> ImageCollection {
    var result = self
    result.training = change(training, 0)
    result.validation = validation.map { change($0, 1) }
    result.test = test.map { change($0, 2) }
    return result
  }

  /// The same images, all as floats if some values are missing, which bytes cannot say.
  public var withOneKind: ImageCollection {
    parts.contains(where: \.images.hasMissing) ? mapped { part, _ in part.asFloats } : self
  }

  /// Every part, known to be pictures.
  func asPictures() -> ImageCollection { mapped { part, _ in part.asPictures } }
}

/// The arrangement of images in an array of a file.
struct ImageRecipe: Sendable {
  /// True if each column is an image, not each row.
  var columnsAreImages = false
  /// True if the pixels of an image run down its columns.
  var pixelsRunDown = false
  /// True if paper is bright and ink is dark.
  var isInverted = false
  /// The rows of an image, where the array does not tell and it is not square.
  var height: Int?
  /// Leading sizes that together count the images.
  var leadingAxes = 1

  /// An array of labels, and the file that it is from.
  struct Labels {
    var array: NumberArray
    var file: String

    init(_ array: NumberArray, file: String) {
      (self.array, self.file) = (array, file)
    }
  }

  /// The images of an array.
  func images(
    _ array: NumberArray, labels: Labels? = nil, name: String, file: String
  ) throws(FormatError) -> ImageSet {
    func problem(_ text: String) -> FormatError { FormatError(file: file, problem: text) }
    let array = (columnsAreImages ? array.transposed : array).rowMajor
    var sides = Array(array.shape.dropFirst(leadingAxes))
    // A channel of its own adds nothing where there is one.
    if sides.count == 3 { sides.removeAll { $0 == 1 } }
    guard (1...2).contains(sides.count), array.values.count > 0 else {
      throw problem(
        "expected images of shape (N, D) or (N, H, W), found \(array.shape).")
    }
    let width = sides.reduce(1, *)
    guard width <= 1 << 20 else {
      throw problem("an image of \(width) values is more than the \(1 << 20) that a model takes.")
    }
    var height = sides.count == 2 ? sides[0] : self.height
    if height == nil, pixelsRunDown { height = Int(Double(width).squareRoot()) }
    let count = array.values.count / width
    let classes = try labels.map { labels throws(FormatError) in
      // Labels of columns are columns themselves.
      try Self.classes(
        columnsAreImages ? labels.array.transposed : labels.array, count: count, file: labels.file)
    }
    switch array.values {
    case .bytes(let bytes):
      let highest: UInt8 = bytes.contains { $0 > 1 } ? 255 : 1
      let pixels = rotated(isInverted ? bytes.map { highest - $0 } : bytes, width, height)
      return ImageSet(
        name: name, values: .bytes(pixels), width: width, height: height, labels: classes)
    case .floats, .doubles:
      let floats = array.values.floats
      if let index = floats.firstIndex(where: \.isInfinite) {
        throw problem(
          "image \(index / width + 1), value \(index % width + 1) is \(floats[index]); expected finite "
            + "numbers, or NaN for missing values.")
      }
      let pixels = rotated(isInverted ? floats.map { 1 - $0 } : floats, width, height)
      return ImageSet(
        name: name, values: .floats(pixels), width: width, height: height, labels: classes)
    }
  }

  /// Lets the pixels of each image run along its rows.
  private func rotated<Value>(_ pixels: [Value], _ width: Int, _ height: Int?) -> [Value] {
    guard pixelsRunDown, let height, height > 0, width % height == 0 else { return pixels }
    let columns = width / height
    var result: [Value] = []
    result.reserveCapacity(pixels.count)
    for start in stride(from: 0, to: pixels.count, by: width) {
      for row in 0..<height {
        for column in 0..<columns { result.append(pixels[start + column * height + row]) }
      }
    }
    return result
  }

  /// The class of each image, from a number each or from a 1 in a row of 0s each.
  static func classes(
    _ array: NumberArray, count: Int, file: String
  ) throws(FormatError) -> [Int] {
    let array = array.rowMajor
    let values = array.values.floats
    guard count > 0, values.count % count == 0, !values.isEmpty,
      values.count == count || array.shape.count == 2 && array.shape[0] == count
    else {
      throw FormatError(
        file: file,
        problem: "the labels do not match the images: \(count) images, labels of shape "
          + "\(array.shape).")
    }
    if let index = values.firstIndex(where: { Float(Int32(exactly: $0) ?? -1) != $0 || $0 < 0 }) {
      throw FormatError(
        file: file,
        problem:
          "the label of image \(index * count / values.count + 1) is \(values[index]); expected "
          + "whole numbers that are not negative.")
    }
    if values.count == count { return values.map { Int($0) } }
    let width = values.count / count
    return (0..<count).map { row in
      (0..<width).max { values[row * width + $0] < values[row * width + $1] } ?? 0
    }
  }
}
