import Compute

/// Missing values, which are NaN.
extension ImageSet {
  static func missingCount(_ values: HostValues) -> Int {
    if case .floats(let floats) = values { floats.count(where: \.isNaN) } else { 0 }
  }

  /// True if some values are missing.
  public var hasMissing: Bool { missingCount > 0 }

  /// The first image of which nothing is known; nil if there is none.
  public var firstWithoutValues: Int? {
    guard hasMissing else { return nil }
    return (0..<count).first { pixels(of: $0).allSatisfy(\.isNaN) }
  }

  /// The images without what another set says is missing: where it has 0, not 1. Its form is theirs.
  public func masked(by observed: ImageSet) -> ImageSet {
    precondition(observed.count == count && observed.width == width)
    let values = (0..<count).flatMap { index in
      zip(pixels(of: index), observed.pixels(of: index)).map { $1 == 0 ? .nan : $0 }
    }
    return ImageSet(self, values: .floats(values), scale: 1, hasLevels: false, labels: labels)
  }

  /// The same images as floats, scaled.
  public var asFloats: ImageSet {
    let values = (0..<count).flatMap { pixels(of: $0) }
    return ImageSet(self, values: .floats(values), scale: 1, hasLevels: false, labels: labels)
  }

  /// The mean of each pixel over the images that have it. A pixel that none has gets the mean of all.
  public var mean: [Double] {
    var sums = [Double](repeating: 0, count: width)
    var counts = [Double](repeating: 0, count: width)
    for index in 0..<count {
      for (column, pixel) in pixels(of: index).enumerated() where !pixel.isNaN {
        sums[column] += Double(pixel)
        counts[column] += 1
      }
    }
    let whole = sums.reduce(0, +) / max(counts.reduce(0, +), 1)
    return zip(sums, counts).map { $1 > 0 ? $0 / $1 : whole }
  }

  /// `(D, C)`: how often a variable is of each of so many classes where it is known.
  public func frequencies(ofClasses classes: Int) -> [Double] {
    var counts = [Double](repeating: 0, count: width * classes)
    for index in 0..<count {
      for (column, pixel) in pixels(of: index).enumerated()
      where pixel >= 0 && pixel < Float(classes) {
        counts[column * classes + Int(pixel)] += 1
      }
    }
    return (0..<width).flatMap { column in
      let own = counts[column * classes..<(column + 1) * classes]
      let known = max(own.reduce(0, +), 1)
      return own.map { $0 / known }
    }
  }
}
