import Files
import IWAE

extension ImageCollection {
  /// The same images with the labels of a file: a whole number each, or a row with a single 1 each.
  ///
  /// - Parameters:
  ///   - path: The file; after a '#', the name of an array in it.
  ///   - limit: The most bytes that one array may take.
  public func labelled(
    by path: String, limit: Int = DataFile.standardLimit
  ) throws -> ImageCollection {
    guard parts.count == 1 else {
      throw FormatError(
        file: path,
        problem: "expected images of one part, whose labels these are, found "
          + "\(parts.map(\.name).joined(separator: ", ")). Put images and labels into one .npz file, "
          + "as x_train, y_train, x_test and y_test.")
    }
    let (file, variable) = try Self.open(path, limit: limit)
    let names = file.variables.map(\.name)
    guard let name = variable ?? (names.count == 1 ? names[0] : nil) else {
      throw FormatError(
        file: path,
        problem:
          "it is not clear which array holds the labels: there are \(file.listing). Name one: "
          + "\(path)#NAME.")
    }
    var result = self
    result.training = training.labelled(
      try ImageRecipe.classes(try file.array(name), count: training.count, file: path))
    return result
  }
}
