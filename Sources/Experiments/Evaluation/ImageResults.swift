import Datasets
import Files
import Foundation
import IWAE

/// What an evaluation says of each image, as a file holds it.
public enum ImageResults {
  fileprivate struct Row: Encodable {
    var image: Int
    var estimate: Double
    var error: Double?
    var errorIsLowerLimit: Bool?
    var method: String
    var samples: Int
    var temperatures: Int?
    var shape: Double?
    var ratio: Double?

    init(_ index: Int, _ image: CertifiedImage, ratio: Double?) {
      (self.image, estimate, error) = (index, image.estimate, image.error)
      errorIsLowerLimit = image.error == nil ? nil : !image.hasError
      (method, samples) = (image.method.rawValue, image.samples)
      (temperatures, shape, self.ratio) = (image.temperatures, image.shape, ratio)
    }
  }

  private struct Content: Encodable {
    var images: [Row]
    var others: [Row]?
  }

  /// A set of images, in its order, and log p(x) of each less that of a second model; nil where there is none.
  public struct Part: Sendable {
    public var images: [CertifiedImage]
    public var ratios: [Double]?

    public init(_ images: [CertifiedImage], ratios: [Double]? = nil) {
      (self.images, self.ratios) = (images, ratios)
    }

    fileprivate var rows: [Row] {
      images.enumerated().map { Row($0, $1, ratio: ratios?[$0]) }
    }
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
    if isArray(file) {
      let array = NumberArray(
        shape: [images.count], values: .doubles(images.map(\.estimate)))
      try Files.write(array.numPy, to: file, mode: mode)
      return
    }
    let content = Content(images: Part(images).rows)
    try Files.write(try JSONText.data(content), to: file, mode: mode)
  }

  /// Writes the same of two sets of images: JSON has both, arrays stand in a file each.
  ///
  /// - Parameters:
  ///   - tested: The images that were tested.
  ///   - others: Those that they are told from.
  ///   - file: The file.
  public static func write(_ tested: Part, others: Part, to file: String) throws {
    if isArray(file) {
      try write(tested.images, to: file)
      try write(others.images, to: othersFile(beside: file))
      return
    }
    let content = Content(images: tested.rows, others: others.rows)
    try Files.write(try JSONText.data(content), to: file)
  }

  /// The array of the other images beside that of the tested: `images-others.npy` beside `images.npy`. The
  /// file itself where it has room for both.
  public static func othersFile(beside file: String) -> String {
    guard isArray(file) else { return file }
    let ending = file.suffix(".npy".count)
    return "\(file.dropLast(ending.count))-others\(ending)"
  }

  private static func isArray(_ file: String) -> Bool { file.lowercased().hasSuffix(".npy") }

  /// Reads log p(x) of so many images, as an evaluation kept it; nil where a file holds something else.
  static func logLikelihoods(_ file: String, count: Int) -> [Double]? {
    guard let most = try? OpenFile(file, mustBePlain: true).mostOfOwn(),
      let array = try? DataFile(file, limit: min(8 * count, most)).array(), array.shape == [count],
      case .doubles(let values) = array.values, values.allSatisfy(\.isFinite)
    else { return nil }
    return values
  }
}
