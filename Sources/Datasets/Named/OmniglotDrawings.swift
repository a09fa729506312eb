import Files
import Foundation
import IWAE

/// OMNIGLOT at 28 by 28 pixels, made from the 105 by 105 drawings as MATLAB's `imresize` does, which
/// is how Burda et al.'s file came about.
enum OmniglotDrawings {
  private static let source = 105
  private static let side = 28
  /// The drawings of each character that train; the other five test.
  private static let trainingDrawings = 15

  /// - Parameters:
  ///   - files: The files of the background and of the evaluation alphabets.
  ///   - limit: The most bytes that one array may take.
  static func collection(_ files: [String], limit: Int) throws -> ImageCollection {
    var training: [UInt8] = []
    var test: [UInt8] = []
    var classes: (training: [Int], test: [Int]) = ([], [])
    var characters = 0
    for path in files {
      let array = try DataFile(path, limit: limit).array("images").rowMajor
      guard array.shape.count == 4, array.shape[1] > trainingDrawings,
        array.shape[2...] == [source, source], case .bytes(let bytes) = array.values
      else {
        throw FormatError(
          file: path,
          problem: "expected drawings of shape (characters, 20, 105, 105), found \(array.shape).")
      }
      let (count, drawings) = (array.shape[0], array.shape[1])
      let small = shrink(bytes, count: count * drawings)
      for index in 0..<count * drawings {
        let pixels = small[index * side * side..<(index + 1) * side * side]
        let character = characters + index / drawings
        if index % drawings < trainingDrawings {
          training += pixels
          classes.training.append(character)
        } else {
          test += pixels
          classes.test.append(character)
        }
      }
      characters += count
    }
    func set(_ pixels: [UInt8], _ labels: [Int]) -> ImageSet {
      ImageSet(
        name: "omniglot", values: .bytes(pixels), width: side * side, height: side, labels: labels)
    }
    return ImageCollection(
      training: set(training, classes.training), test: set(test, classes.test),
      format: "NumPy archives of 105 by 105 drawings")
  }

  /// Grey images of drawings whose ink is 0: W X W^T for each, with ink 1.
  static func shrink(_ drawings: [UInt8], count: Int) -> [UInt8] {
    let weights = taps()
    var result = [UInt8](repeating: 0, count: count * side * side)
    var rows = [Double](repeating: 0, count: side * source)
    for image in 0..<count {
      let start = image * source * source
      for (row, taps) in weights.enumerated() {
        for column in 0..<source {
          var sum = 0.0
          for (offset, weight) in taps.values.enumerated()
          where drawings[start + (taps.first + offset) * source + column] == 0 {
            sum += weight
          }
          rows[row * source + column] = sum
        }
      }
      for row in 0..<side {
        for (column, taps) in weights.enumerated() {
          var sum = 0.0
          for (offset, weight) in taps.values.enumerated() {
            sum += weight * rows[row * source + taps.first + offset]
          }
          let level = (255 * min(max(sum, 0), 1)).rounded(.toNearestOrEven)
          result[(image * side + row) * side + column] = UInt8(level)
        }
      }
    }
    return result
  }

  /// For each small pixel the first large one that it depends on, and the weights from there on: the
  /// cubic kernel of Keys (a = -1/2), stretched so that it averages.
  private static func taps() -> [(first: Int, values: [Double])] {
    let stretch = Double(source) / Double(side)
    return (0..<side).map { index in
      let center = (Double(index) + 0.5) * stretch - 0.5
      let first = max(0, Int((center - 2 * stretch).rounded(.up)))
      let last = min(source - 1, Int((center + 2 * stretch).rounded(.down)))
      let values = (first...last).map { cubic((Double($0) - center) / stretch) }
      let total = values.reduce(0, +)
      return (first, values.map { $0 / total })
    }
  }

  private static func cubic(_ distance: Double) -> Double {
    let x = abs(distance)
    if x <= 1 { return (1.5 * x - 2.5) * x * x + 1 }
    if x < 2 { return ((-0.5 * x + 2.5) * x - 4) * x + 2 }
    return 0
  }
}
