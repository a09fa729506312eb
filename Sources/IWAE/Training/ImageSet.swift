import Compute

/// Images on the host: one row of pixels each.
public struct ImageSet: Hashable, Sendable {
  public let name: String
  /// `(count, width)`, bytes or floats. NaN is a missing value.
  public let values: HostValues
  public let count: Int
  public let width: Int
  /// The factor of the values: 1/255 for grey bytes.
  public let scale: Float
  /// True for bytes of which some are above 1: grey levels, unless they are counts.
  let hasLevels: Bool
  /// True for pictures, whose bytes are grey levels whatever models them, unless it counts.
  private var arePictures = false
  /// The missing values of all images.
  public let missingCount: Int
  /// True if every pixel is 0 or 1, or missing.
  public let isBinary: Bool
  /// The rows of pixels of an image, where it has rows.
  public let height: Int?
  /// The class of each image, where there are classes.
  public internal(set) var labels: [Int]?
  /// The means and deviations that were taken out of the values; nil for values as they were given.
  public internal(set) var standardization: Standardization?

  /// - Parameters:
  ///   - name: The set's name in messages.
  ///   - values: Bytes or floats, NaN where they are missing. Bytes whose largest is above 1 count as
  ///     grey levels up to 255.
  ///   - width: The values of an image.
  ///   - height: The rows of pixels of an image, where it has rows.
  ///   - labels: The class of each image, where there are classes.
  public init(
    name: String, values: HostValues, width: Int, height: Int? = nil, labels: [Int]? = nil
  ) {
    precondition(width > 0 && values.count % width == 0 && values.element != .uint32)
    precondition(labels.map { $0.count == values.count / width } ?? true)
    self.labels = labels
    self.name = name
    self.values = values
    self.width = width
    self.height = height
    count = values.count / width
    if case .bytes(let bytes) = values {
      hasLevels = bytes.contains { $0 > 1 }
    } else {
      hasLevels = false
    }
    scale = hasLevels ? 1 / 255 : 1
    missingCount = Self.missingCount(values)
    isBinary = Self.isBinary(values, hasLevels: hasLevels)
  }

  init(
    _ set: ImageSet, values: HostValues, scale: Float? = nil, hasLevels: Bool? = nil,
    labels: [Int]?
  ) {
    name = set.name
    self.values = values
    self.labels = labels
    width = set.width
    height = set.height
    self.scale = scale ?? set.scale
    self.hasLevels = hasLevels ?? set.hasLevels
    arePictures = set.arePictures
    standardization = set.standardization
    count = values.count / set.width
    missingCount = Self.missingCount(values)
    isBinary = Self.isBinary(values, hasLevels: hasLevels ?? set.hasLevels)
  }

  /// The same images, known to be pictures.
  public var asPictures: ImageSet {
    var result = self
    result.arePictures = true
    return result
  }

  /// The images as a likelihood of that support takes them: grey levels become numbers up to 1
  /// where it wants them so, and in pictures unless it counts or classifies; else bytes are taken as
  /// they are.
  public func scaled(for support: Support) -> ImageSet {
    let isUnit =
      switch support {
      case .unit, .levels: true
      case .counts, .classes: false
      case .positive, .reals: arePictures
      }
    let scale: Float = isUnit && hasLevels ? 1 / 255 : 1
    return ImageSet(self, values: values, scale: scale, labels: labels)
  }

  /// The first value that a likelihood of that support does not take, and why; nil if it takes all.
  /// Missing values do not matter.
  public func firstMisfit(
    for support: Support
  ) -> (image: Int, position: Int, problem: String)? {
    if takesAllBytes(support) { return nil }
    for index in 0..<count {
      for (position, value) in pixels(of: index).enumerated() where !value.isNaN {
        if let problem = support.problem(with: value) { return (index, position, problem) }
      }
    }
    return nil
  }

  /// True if the values are bytes, and a likelihood of that support takes any of them.
  private func takesAllBytes(_ support: Support) -> Bool {
    guard case .bytes = values else { return false }
    switch support {
    case .unit, .levels: return !hasLevels || scale < 1
    case .counts: return scale == 1
    case .positive: return false
    case .reals: return true
    case .classes(let count): return scale == 1 && count > UInt8.max
    }
  }

  /// Some of the images, in a given order.
  public func subset(_ indices: some Sequence<Int>) -> ImageSet {
    let indices = Array(indices)
    let labels = labels.map { labels in indices.map { labels[$0] } }
    switch values {
    case .bytes(let bytes):
      return ImageSet(self, values: .bytes(gather(bytes, indices)), labels: labels)
    case .floats(let floats):
      return ImageSet(self, values: .floats(gather(floats, indices)), labels: labels)
    case .words: preconditionFailure("images are bytes or floats")
    }
  }

  private func gather<Value>(_ values: [Value], _ indices: [Int]) -> [Value] {
    var result: [Value] = []
    result.reserveCapacity(indices.count * width)
    for index in indices { result += values[index * width..<(index + 1) * width] }
    return result
  }

  /// This set with another after it, both of one width and kind.
  public func appending(_ other: ImageSet) -> ImageSet {
    precondition(width == other.width)
    let labels = labels.flatMap { mine in other.labels.map { mine + $0 } }
    switch (values, other.values) {
    case (.bytes(let mine), .bytes(let others)):
      // Of two scales, the one of grey levels tells.
      return ImageSet(
        self, values: .bytes(mine + others), scale: min(scale, other.scale),
        hasLevels: hasLevels || other.hasLevels, labels: labels)
    case (.floats(let mine), .floats(let others)):
      return ImageSet(self, values: .floats(mine + others), labels: labels)
    default: preconditionFailure("images of two kinds cannot be joined")
    }
  }

  /// The pixels of an image, scaled.
  public func pixels(of index: Int) -> [Float] {
    switch values {
    case .bytes(let bytes):
      bytes[index * width..<(index + 1) * width].map { Float($0) * scale }
    case .floats(let floats): Array(floats[index * width..<(index + 1) * width])
    case .words: preconditionFailure("images are bytes or floats")
    }
  }
}

extension NoiseAddress {
  /// The numbers 0..<count in an order that the address determines: sorted by random keys, ties by
  /// number.
  func permutation(_ count: Int) -> [UInt32] {
    (0..<count).map { index in
      // Beyond the columns of one row, further samples of the address continue.
      var address = self
      address.sample &+= UInt32(index / Self.maximumColumns)
      return (address.word(column: index % Self.maximumColumns), UInt32(index))
    }
    .sorted { $0 < $1 }
    .map(\.1)
  }
}
