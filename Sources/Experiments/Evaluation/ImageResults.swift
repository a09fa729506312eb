import Datasets
import Files
import Foundation
import IWAE

/// What an evaluation says of each image, as a file holds it.
public enum ImageResults {
  private struct Row: Encodable {
    var image: Int
    var estimate: Double
    var error: Double?
    var method: String
    var samples: Int
    var temperatures: Int?
    var shape: Double?
  }

  public static let endings = [".npy", ".json"]

  /// True of the name of a file that this writes.
  public static func canWrite(_ file: String) -> Bool {
    endings.contains { file.lowercased().hasSuffix($0) }
  }

  /// Writes log p(x) of each image, `(N)` as doubles, or as JSON all that is known of it, by the file's
  /// ending.
  ///
  /// - Parameters:
  ///   - images: The images.
  ///   - file: The file.
  ///   - mode: The permissions of a file that was not there; nil for those of any new file.
  public static func write(
    _ images: [CertifiedImage], to file: String, mode: mode_t? = nil
  ) throws {
    if file.lowercased().hasSuffix(".npy") {
      let array = NumberArray(
        shape: [images.count], values: .doubles(images.map(\.estimate)))
      try Files.write(array.numPy, to: file, mode: mode)
      return
    }
    let rows = images.enumerated().map { index, image in
      Row(
        image: index, estimate: image.estimate, error: image.error, method: image.method.rawValue,
        samples: image.samples, temperatures: image.temperatures, shape: image.shape)
    }
    try Files.write(try JSONText.data(["images": rows]), to: file, mode: mode)
  }

  /// Reads log p(x) of so many images, as an evaluation kept it; nil where a file holds something else.
  static func logLikelihoods(_ file: String, count: Int) -> [Double]? {
    guard let most = try? OpenFile(file, mustBePlain: true).mostOfOwn(),
      let array = try? DataFile(file, limit: min(8 * count, most)).array(), array.shape == [count],
      case .doubles(let values) = array.values, values.allSatisfy(\.isFinite)
    else { return nil }
    return values
  }
}
