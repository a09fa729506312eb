import Files
import Foundation
import IWAE

/// A well-known file, which the names and shapes of its arrays give away, and the parts that they
/// hold.
struct KnownLayout: Sendable {
  /// The array of a part's images, and that of its labels.
  struct Part: Sendable {
    var images: String
    var labels: String?

    init(_ images: String, labels: String? = nil) {
      self.images = images
      self.labels = labels
    }
  }

  var title: String
  /// Arrays that must be there, each with a condition on its shape.
  var needs: [String: @Sendable ([Int]) -> Bool]
  var recipe = ImageRecipe()
  var training: Part
  var validation: Part?
  var test: Part?
  var notes: [String] = []

  static let all: [KnownLayout] = [
    KnownLayout(
      title: "Caltech 101 silhouettes",
      needs: [
        "train_data": { $0.last == 784 || $0.last == 256 }, "val_data": { _ in true },
        "test_data": { _ in true }, "classnames": { _ in true },
      ],
      recipe: ImageRecipe(pixelsRunDown: true, isInverted: true),
      training: Part("train_data", labels: "train_labels"),
      validation: Part("val_data", labels: "val_labels"),
      test: Part("test_data", labels: "test_labels"),
      notes: ["images transposed to run along rows, and inverted: the silhouette is 1"]),
    KnownLayout(
      title: "Burda et al.'s OMNIGLOT",
      needs: [
        "data": { $0.first == 784 }, "testdata": { $0.first == 784 }, "target": { _ in true },
        "testtarget": { _ in true },
      ],
      recipe: ImageRecipe(columnsAreImages: true, pixelsRunDown: true),
      training: Part("data", labels: "target"), test: Part("testdata", labels: "testtarget"),
      notes: ["each column is an image, transposed to run along rows"]),
    KnownLayout(
      title: "Frey faces", needs: ["ff": { $0.first == 560 }],
      recipe: ImageRecipe(columnsAreImages: true, height: 28), training: Part("ff"),
      notes: ["each column is an image of 28 rows"]),
    KnownLayout(
      title: "OMNIGLOT as drawn",
      needs: [
        "images": { $0.count == 4 && $0.suffix(2) == [105, 105] }, "labels": { $0.count == 2 },
      ],
      recipe: ImageRecipe(isInverted: true, leadingAxes: 2),
      training: Part("images", labels: "labels"), notes: ["inverted: ink is 1"]),
    KnownLayout(
      title: "training and test arrays",
      needs: ["x_train": { $0.count >= 2 }, "x_test": { $0.count >= 2 }],
      training: Part("x_train", labels: "y_train"), test: Part("x_test", labels: "y_test")),
  ]

  /// Names that arrays of images have, and those of their labels, the likeliest first.
  static let customary: [Part] = [
    Part("images", labels: "labels"), Part("data", labels: "labels"), Part("X", labels: "y"),
    Part("x", labels: "y"), Part("x_train", labels: "y_train"),
    Part("train_data", labels: "train_labels"),
  ]

  func matches(_ file: DataFile) -> Bool {
    let shapes = Dictionary(
      file.variables.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    return needs.allSatisfy { name, condition in shapes[name].map(condition) ?? false }
  }

  func collection(_ file: DataFile, name: String) throws(FormatError) -> ImageCollection {
    var notes = notes
    func images(_ part: Part) throws(FormatError) -> ImageSet {
      let (images, others) = try self.images(part, file, name: name)
      notes += others
      return images
    }
    return try ImageCollection(
      training: try images(training),
      validation: try validation.map { part throws(FormatError) in try images(part) },
      test: try test.map { part throws(FormatError) in try images(part) },
      format: "\(file.format): \(title)", notes: notes
    ).checked(file.path)
  }

  /// One of the parts alone, and remarks on its numbers.
  func images(
    _ part: Part, _ file: DataFile, name: String
  ) throws(FormatError) -> (images: ImageSet, notes: [String]) {
    let hasLabels = file.variables.contains { $0.name == part.labels && $0.problem == nil }
    let labels =
      try hasLabels
      ? part.labels.map { label throws(FormatError) in
        ImageRecipe.Labels(try file.array(label), file: "\(file.path), \(label)")
      } : nil
    let array = try file.array(part.images)
    let images = try recipe.images(
      array, labels: labels, name: name, file: "\(file.path), \(part.images)")
    return (images, recipe.digitsLost(in: array))
  }
}

extension ImageCollection {
  /// The images of a file or folder.
  ///
  /// - Parameters:
  ///   - path: The file or folder; after a '#', the name of an array in it.
  ///   - limit: The most bytes that one array may take.
  public init(path: String, limit: Int = DataFile.standardLimit) throws {
    let (file, variable) = try Self.open(path, limit: limit)
    // A file's images go by its path, which is never the name of a set.
    try self.init(file, variable: variable, name: path)
  }

  /// Opens a file or folder; tells the name of an array that stands after a '#'.
  static func open(_ path: String, limit: Int) throws -> (file: DataFile, variable: String?) {
    guard !FileManager.default.fileExists(atPath: path), let mark = path.lastIndex(of: "#") else {
      return (try DataFile(path, limit: limit), nil)
    }
    return (
      try DataFile(String(path[..<mark]), limit: limit), String(path[path.index(after: mark)...])
    )
  }

  /// The images of a file that is open.
  init(_ file: DataFile, variable: String? = nil, name: String) throws {
    if let layout = KnownLayout.all.first(where: { $0.matches(file) }) {
      guard let variable else {
        self = try layout.collection(file, name: name).asPictures()
        return
      }
      let parts = [layout.training, layout.validation, layout.test].compactMap(\.self)
      if let part = parts.first(where: { $0.images == variable }) {
        let (images, notes) = try layout.images(part, file, name: name)
        self.init(
          training: images, format: "\(file.format): \(layout.title), array '\(variable)'",
          notes: layout.notes + notes)
        return
      }
    }
    if variable == nil { try Self.checkParts(file) }
    let part = try Self.part(file, variable)
    let array = try file.array(part.images)
    let source = part.images.isEmpty ? file.path : "\(file.path), \(part.images)"
    var labels = try part.labels.map { label throws(FormatError) in
      ImageRecipe.Labels(try file.array(label), file: "\(file.path), \(label)")
    }
    if let classes = file.labels {
      let numbers = NumberArray(shape: [classes.count], values: .floats(classes.map(Float.init)))
      labels = ImageRecipe.Labels(numbers, file: file.path)
    }
    if labels == nil { labels = try Self.companion(of: file.path, limit: file.limit) }
    let images = try ImageRecipe().images(array, labels: labels, name: name, file: source)
    let found = part.images.isEmpty ? "" : ", array '\(part.images)'"
    self.init(
      training: file.holdsPictures ? images.asPictures : images, format: file.format + found,
      notes: ImageRecipe().digitsLost(in: array) + (file.isTable ? array.countingRemarks : []),
      columnNames: file.columnNames.count == images.width ? file.columnNames : [])
  }

  /// Refuses a file of which one part can be read and another cannot: neither is all there is.
  private static func checkParts(_ file: DataFile) throws(FormatError) {
    func found(_ part: KnownLayout.Part?) -> DataFile.Variable? {
      file.variables.first { $0.name == part?.images }
    }
    for layout in KnownLayout.all where found(layout.training)?.problem == nil {
      guard found(layout.training) != nil else { continue }
      for part in [layout.validation, layout.test] {
        if let variable = found(part), let problem = variable.problem {
          throw FormatError(file: "\(file.path), \(variable.name)", problem: problem)
        }
      }
    }
  }

  /// The array that holds the images.
  private static func part(
    _ file: DataFile, _ variable: String?
  ) throws(FormatError) -> KnownLayout.Part {
    let variables = file.variables
    let usable = variables.filter { $0.problem == nil && $0.shape.count >= 2 }
    func withLabels(_ part: KnownLayout.Part) -> KnownLayout.Part {
      let hasLabels = variables.contains { $0.name == part.labels && $0.problem == nil }
      return KnownLayout.Part(part.images, labels: hasLabels ? part.labels : nil)
    }
    if let variable {
      let known = KnownLayout.customary.first { $0.images == variable }
      return withLabels(known ?? KnownLayout.Part(variable))
    }
    if let known = KnownLayout.customary.first(where: { part in
      usable.contains { $0.name == part.images }
    }) {
      return withLabels(known)
    }
    // An array that cannot be read says so best when it is read.
    if let only = usable.first ?? variables.first, usable.count == 1 || variables.count == 1 {
      return KnownLayout.Part(only.name)
    }
    throw FormatError(
      file: file.path,
      problem: variables.isEmpty
        ? "there is no array in it."
        : "it is not clear which array holds the images: there are \(file.listing). Name one: "
          + "\(file.path)#NAME.")
  }

  /// The labels that lie beside a file of images in the IDX format, under the name that goes with it.
  private static func companion(of path: String, limit: Int) throws -> ImageRecipe.Labels? {
    let file = URL(fileURLWithPath: path).lastPathComponent
    guard file.contains("images-idx3") else { return nil }
    let name = file.replacingOccurrences(of: "images-idx3", with: "labels-idx1")
    let bare = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    for name in [name, bare, bare + ".gz"] {
      let labels = folder.appending(path: name).path
      guard FileManager.default.fileExists(atPath: labels) else { continue }
      return ImageRecipe.Labels(try DataFile(labels, limit: limit).array(), file: labels)
    }
    return nil
  }
}
