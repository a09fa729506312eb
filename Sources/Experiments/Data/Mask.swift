import Datasets
import Files
import IWAE

/// A file that says where values of images were observed.
struct Mask {
  let file: String
  /// 1 where a value was observed, else 0.
  private let observed: ImageSet

  /// - Parameters:
  ///   - file: The file.
  ///   - images: The images that it is of, whose form it has.
  ///   - name: The images in messages.
  ///   - limit: The most bytes that an array of the file may take.
  init(_ file: String, of images: ImageSet, _ name: String, limit: Int) throws {
    self.file = file
    observed = try ImageCollection(path: file, limit: limit).training
    func bad(_ problem: String) -> FormatError { FormatError(file: file, problem: problem) }
    func form(_ set: ImageSet) -> String { "\(counted(set.count, "image")) of \(set.width) values" }
    guard observed.count == images.count, observed.width == images.width else {
      throw bad("expected a mask of the form of \(name), \(form(images)), found \(form(observed)).")
    }
    guard observed.isBinary && !observed.hasMissing else {
      throw bad("expected a mask of 0 and 1, 1 where a value was observed, found other values.")
    }
  }

  /// The images without what was not observed.
  ///
  /// - Throws: If nothing is left of an image that had values.
  func applied(to images: ImageSet) throws(FormatError) -> ImageSet {
    let result = images.masked(by: observed)
    if let index = result.firstWithoutValues, index != images.firstWithoutValues {
      throw FormatError(
        file: file, problem: "image \(index + 1): the mask leaves none of its values. Leave it out."
      )
    }
    return result
  }
}
