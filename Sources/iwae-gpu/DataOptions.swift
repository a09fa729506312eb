import Artifacts
import Datasets
import Foundation
import IWAE

/// The images that a command works on: a built-in set by name, or a file.
enum DataOptions {
  static let option = Command.Option(
    "--data", "name|file",
    help: "strokes, linear-gaussian, or an .npy file of images. (default: strokes)")

  static let binarize = Command.Option(
    "--binarize", "how", choices: ["none", "threshold", "sample"],
    help: "How grey pixels become 0s and 1s for a Bernoulli likelihood: none, threshold or sample. "
      + "(default: sample)")

  /// The built-in sets.
  static let names = ["strokes", "linear-gaussian"]

  /// Images for training, validation and testing.
  struct Split {
    var training: ImageSet
    var validation: ImageSet
    var test: ImageSet
  }

  /// The seed of the built-in sets. No other seed moves them: a name means the same images always.
  private static let seed: UInt64 = 7

  /// A data set, divided. Files are divided by position: the last tenth tests, the tenth before it
  /// validates.
  static func split(_ name: String) throws -> Split {
    switch name {
    case "strokes":
      return divide(Strokes().images(count: 6000, seed: seed).images, validation: 500, test: 500)
    case "linear-gaussian":
      return divide(
        LinearGaussian().images(count: 6000, seed: seed), validation: 500, test: 500)
    default:
      let images = try file(name)
      guard images.count >= 3 else {
        throw Inputs.bad(name, "expected at least 3 images, found \(images.count).")
      }
      let part = max(1, images.count / 10)
      return divide(images, validation: part, test: part)
    }
  }

  private static func divide(_ images: ImageSet, validation: Int, test: Int) -> Split {
    let testStart = images.count - test
    let validationStart = testStart - validation
    return Split(
      training: images.subset(0..<validationStart),
      validation: images.subset(validationStart..<testStart),
      test: images.subset(testStart..<images.count))
  }

  /// The images of an `.npy` file: (N, D) or (N, H, W).
  static func file(_ path: String) throws -> ImageSet {
    guard FileManager.default.fileExists(atPath: path) else {
      let hint = suggestion(for: path, among: names)
      throw CommandError(
        message: "'\(path)' is neither a built-in set nor a file.\(hint) The built-in sets are "
          + names.joined(separator: " and ") + ".", code: .fileAccess)
    }
    let data = try Inputs.read(path)
    let array = try Inputs.wrap { () throws(FormatError) in try NumPyArray(data, file: path) }
    guard array.shape.count == 2 || array.shape.count == 3, array.values.count > 0 else {
      throw Inputs.bad(
        path, "expected images of shape (N, D) or (N, H, W), found \(array.shape).")
    }
    let width = array.shape.dropFirst().reduce(1, *)
    let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    let height = array.shape.count == 3 ? array.shape[1] : nil
    switch array.values {
    case .bytes(let bytes):
      return ImageSet(name: name, values: .bytes(bytes), width: width, height: height)
    case .floats(let floats):
      if let index = floats.firstIndex(where: { !$0.isFinite }) {
        throw Inputs.bad(path, "value \(index) is \(floats[index]); expected finite numbers.")
      }
      return ImageSet(name: name, values: .floats(floats), width: width, height: height)
    }
  }

  /// Checks that a model can be used with images.
  static func check(_ images: ImageSet, _ model: Model, _ name: String) throws {
    guard images.width == model.dataSize else {
      throw Inputs.bad(
        name, "expected images of \(model.dataSize) values, found \(images.width).")
    }
    if case .floats(let floats) = images.values { try Inputs.validate(floats, for: model, name) }
  }
}
