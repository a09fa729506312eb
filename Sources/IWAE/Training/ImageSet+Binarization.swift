import Compute

/// Grey pixels as 0s and 1s. What is missing stays so.
extension ImageSet {
  /// The images with each grey pixel drawn once, as 0 or 1: the same in every pass.
  ///
  /// - Parameters:
  ///   - seed: The seed of the draws.
  ///   - part: The number of the part of a data set that this is, so that no two share draws.
  public func binarized(seed: UInt64, part: Int) -> ImageSet {
    if isBinary { return self }
    var drawn: [Float] = []
    drawn.reserveCapacity(count * width)
    for index in 0..<count {
      // Passes of training count upwards from 0; parts count downwards from the end.
      let address = NoiseAddress(
        seed: seed, purpose: .binarization, time: UInt32.max - 1 - UInt32(part),
        image: UInt32(index))
      drawn += address.bits(of: pixels(of: index))
    }
    let values: HostValues = hasMissing ? .floats(drawn) : .bytes(drawn.map { UInt8($0) })
    return ImageSet(self, values: values, scale: 1, hasLevels: false, labels: labels)
  }

  /// The pixels of an image as an evaluation with that seed sees them.
  public func evaluated(
    _ index: Int, _ binarization: Binarization, seed: UInt64
  ) -> [Float] {
    drawn(index, binarization, seed: seed, time: Evaluator.time)
  }

  /// The pixels of an image as a pass, or what has another time, sees them.
  func drawn(
    _ index: Int, _ binarization: Binarization, seed: UInt64, time: UInt32
  ) -> [Float] {
    let pixels = pixels(of: index)
    return switch isBinary ? .none : binarization {
    case .none: pixels
    case .threshold: pixels.map { $0 >= 0.5 ? 1 : $0.isNaN ? $0 : 0 }
    case .sample:
      NoiseAddress(
        seed: seed, purpose: .binarization, time: time, image: UInt32(index)
      ).bits(of: pixels)
    }
  }

  /// True if every value is 0 or 1, or missing.
  static func isBinary(_ values: HostValues, hasLevels: Bool) -> Bool {
    switch values {
    case .bytes: !hasLevels
    case .floats(let floats): floats.allSatisfy { $0 == 0 || $0 == 1 || $0.isNaN }
    case .words: false
    }
  }
}

extension NoiseAddress {
  /// A draw of each pixel, as 0 or 1.
  fileprivate func bits(of pixels: [Float]) -> [Float] {
    pixels.enumerated().map { column, pixel in
      uniform(column: column) < pixel ? 1 : pixel.isNaN ? pixel : 0
    }
  }
}
