import Compute
import Foundation

/// The mean and the deviation of each column of real-valued data, which standardizing takes out:
///
///     standardized[:, j] = (x[:, j] - mean[j]) / deviation[j]
///
/// In the data's own units a log density is lower by the sum of log deviation[j].
public struct Standardization: Hashable, Sendable {
  /// `(D)`
  public let mean: [Float]
  /// `(D)`: above 0.
  public let deviation: [Float]

  /// - Returns: Nil where the two have different sizes, where one is infinite or no number, and where a
  ///   deviation is not above 0.
  public init?(mean: [Float], deviation: [Float]) {
    guard mean.count == deviation.count, mean.allSatisfy(\.isFinite),
      deviation.allSatisfy({ $0 > 0 && $0.isFinite })
    else { return nil }
    (self.mean, self.deviation) = (mean, deviation)
  }

  /// The statistics of images, missing values left out. The deviation of a column whose values are all
  /// the same is 1, and so it is where they differ too little for single precision.
  public init(of images: ImageSet) {
    let means = images.mean
    var sums = [Double](repeating: 0, count: images.width)
    var counts = sums
    var least = [Float](repeating: .infinity, count: images.width)
    var most = [Float](repeating: -.infinity, count: images.width)
    for index in 0..<images.count {
      for (column, value) in images.pixels(of: index).enumerated() where !value.isNaN {
        sums[column] += (Double(value) - means[column]) * (Double(value) - means[column])
        counts[column] += 1
        least[column] = min(least[column], value)
        most[column] = max(most[column], value)
      }
    }
    // Of a column without any value nothing is known.
    mean = zip(means, counts).map { $1 > 0 ? Float($0) : 0 }
    deviation = means.indices.map { column in
      let deviation = Float((sums[column] / counts[column]).squareRoot())
      return least[column] < most[column] && deviation.isNormal ? deviation : 1
    }
  }

  /// Values as a model sees them: one row after another.
  public func standardized(_ values: [Float]) -> [Float] {
    values.enumerated().map { index, value in
      let column = index % mean.count
      return Float((Double(value) - Double(mean[column])) / Double(deviation[column]))
    }
  }

  /// Values in the data's own units again: one row after another.
  public func restored(_ values: [Float]) -> [Float] {
    values.enumerated().map { index, value in
      let column = index % mean.count
      return Float(Double(value) * Double(deviation[column]) + Double(mean[column]))
    }
  }

  /// The sum of the logarithms of the deviations of some columns.
  ///
  /// - Parameter isCounted: True of a column that counts.
  public func logDeviation(where isCounted: (Int) -> Bool = { _ in true }) -> Double {
    deviation.indices.filter(isCounted).reduce(0) { $0 + log(Double(deviation[$1])) }
  }
}

extension ImageSet {
  /// The same images without the means and deviations of their columns.
  public func standardized(by standardization: Standardization) -> ImageSet {
    precondition(standardization.mean.count == width && self.standardization == nil)
    var result = ImageSet(
      self,
      values: .floats((0..<count).flatMap { standardization.standardized(pixels(of: $0)) }),
      scale: 1, hasLevels: false, labels: labels)
    result.standardization = standardization
    return result
  }

  /// The log density that an image loses in the data's own units, averaged over the images: that of
  /// its observed values. 0 where nothing was standardized.
  public var meanLogDeviation: Double {
    guard let standardization else { return 0 }
    guard hasMissing else { return standardization.logDeviation() }
    return (0..<count).reduce(0) { sum, index in
      let pixels = pixels(of: index)
      return sum + standardization.logDeviation { !pixels[$0].isNaN }
    } / Double(count)
  }
}

extension [[Float]] {
  /// Rows of values in the data's own units again; the same where nothing was standardized.
  public func restored(by standardization: Standardization?) -> [[Float]] {
    standardization.map { map($0.restored) } ?? self
  }
}
