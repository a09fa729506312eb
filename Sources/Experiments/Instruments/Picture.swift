import Foundation
import IWAE
import Report

/// Images in rows.
public struct Picture: Sendable {
  public var images: [[Float]]
  public var columns: Int
  /// True if values may lie anywhere: they are shown between their least and their largest.
  public var isScaled: Bool

  public init(images: [[Float]], columns: Int, isScaled: Bool = false) {
    (self.images, self.columns, self.isScaled) = (images, columns, isScaled)
  }

  /// Data as a model sees them, or means: they are shown in the data's own units, classes as levels
  /// from the first to the last, and what may lie outside [0, 1] scaled.
  ///
  /// - Parameters:
  ///   - images: Values of the data, an image after another.
  ///   - columns: The images beside each other.
  ///   - model: The model whose data they are.
  ///   - standardization: What was taken out of the model's data; nil for nothing.
  public init(
    images: [[Float]], columns: Int, of model: Model, _ standardization: Standardization?
  ) {
    let classes = model.likelihood.classes.map { Float($0 - 1) }
    let isUnit = classes != nil || [.unit, .levels].contains(model.likelihood.support)
    let shown = images.restored(by: standardization)
    self.init(
      images: classes.map { last in shown.map { $0.map { $0 / last } } } ?? shown,
      columns: columns, isScaled: !isUnit)
  }

  /// The width of an image of so many values: of so many rows where they are known and fit, else of
  /// a square or of one row.
  public static func width(of values: Int, height: Int? = nil) -> Int {
    if let height, height > 0, values % height == 0 { return values / height }
    let side = Int(Double(values).squareRoot().rounded())
    return side * side == values ? side : values
  }

  /// The classes of a conditional model that have images of their own in a picture: the first ones;
  /// nil for a model without labels.
  public static func classes(_ model: Model) -> Int? { model.condition.map { min($0, 100) } }

  /// The labels of images that are drawn from a conditional model, a row for each class; nil for a
  /// model without labels.
  public static func labels(_ model: Model, columns: Int) -> [Int]? {
    classes(model).map { classes in
      (0..<classes * columns).map { $0 / columns }
    }
  }

  /// The labels that have images of their own, in words.
  public static func labelsText(_ model: Model) -> String? {
    classes(model).map { classes in
      classes == model.condition
        ? "each label, from 0 on" : "each of the first \(classes) of \(model.condition ?? 0) labels"
    }
  }

  /// Rows of some images by turns with rows of others.
  public static func pairs(_ first: [[Float]], _ second: [[Float]], columns: Int) -> [[Float]] {
    let blank = [Float](repeating: 0.35, count: first.first?.count ?? 0)
    var result: [[Float]] = []
    for start in stride(from: 0, to: first.count, by: columns) {
      for source in [first, second] {
        let row = source[start..<min(start + columns, source.count)]
        result += row + Array(repeating: blank, count: columns - row.count)
      }
    }
    return result
  }

  /// The images as a file of pixels, or within a document.
  public func file(_ format: FigureFormat, width: Int) throws -> Data {
    let grid = grid(width: width)
    let picture = PictureFigure(png: try grid.png(), width: grid.width, height: grid.height)
    return try Figure(name: "picture", title: "", summary: "", content: .picture(picture))
      .file(format)
  }

  /// The images side by side.
  public func grid(width: Int) -> ImageGrid {
    var shown = images
    let (low, high) = images.joined().reduce((Float.infinity, -Float.infinity)) {
      (min($0.0, $1), max($0.1, $1))
    }
    if isScaled || low < 0 || high > 1 {
      shown = images.map { $0.map { ($0 - low) / max(high - low, 1e-6) } }
    }
    return ImageGrid(shown, imageWidth: width, columns: columns)
  }
}
