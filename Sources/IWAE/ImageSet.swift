import Compute

/// Images on the host: one row of pixels each.
public struct ImageSet: Hashable, Sendable {
  public let name: String
  /// `(count, width)`, bytes or floats.
  public let values: HostValues
  public let count: Int
  public let width: Int
  /// What the values are multiplied by: 1/255 for grey bytes.
  public let scale: Float
  /// The sides of an image, where it has two.
  public let height: Int?

  /// - Parameters:
  ///   - values: Bytes or floats. Bytes whose largest is above 1 count as grey levels up to 255.
  ///   - width: The values of an image.
  ///   - height: The rows of pixels of an image, where it has rows.
  public init(name: String, values: HostValues, width: Int, height: Int? = nil) {
    precondition(width > 0 && values.count % width == 0 && values.element != .uint32)
    self.name = name
    self.values = values
    self.width = width
    self.height = height
    count = values.count / width
    if case .bytes(let bytes) = values {
      scale = bytes.contains { $0 > 1 } ? 1 / 255 : 1
    } else {
      scale = 1
    }
  }

  private init(_ set: ImageSet, values: HostValues) {
    name = set.name
    self.values = values
    width = set.width
    height = set.height
    scale = set.scale
    count = values.count / set.width
  }

  /// Some of the images, in a given order.
  public func subset(_ indices: some Sequence<Int>) -> ImageSet {
    switch values {
    case .bytes(let bytes):
      ImageSet(self, values: .bytes(indices.flatMap { bytes[$0 * width..<($0 + 1) * width] }))
    case .floats(let floats):
      ImageSet(self, values: .floats(indices.flatMap { floats[$0 * width..<($0 + 1) * width] }))
    case .words: preconditionFailure("images are bytes or floats")
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

  /// Whether every pixel is 0 or 1.
  public var isBinary: Bool {
    switch values {
    case .bytes: scale == 1
    case .floats(let floats): floats.allSatisfy { $0 == 0 || $0 == 1 }
    case .words: false
    }
  }

  /// The mean of each pixel over all images.
  public var mean: [Double] {
    var sums = [Double](repeating: 0, count: width)
    for index in 0..<count {
      for (column, pixel) in pixels(of: index).enumerated() { sums[column] += Double(pixel) }
    }
    return sums.map { $0 / Double(max(count, 1)) }
  }
}

/// An image set on a device, with an order in which its rows are taken.
struct ResidentSet {
  let images: ImageSet
  let source: Tensor
  let order: Tensor

  init(_ images: ImageSet, name: String) {
    self.images = images
    source = Tensor(
      "\(name).images", .matrix(rows: images.count, columns: images.width), .resident,
      element: images.values.element)
    order = Tensor("\(name).order", .vector(images.count), .resident, element: .uint32)
  }

  var tensors: [Tensor] { [source, order] }

  func batchSource(_ binarization: Binarization) -> BatchSource {
    .resident(
      source: source, order: order, scale: images.scale,
      binarization: images.isBinary ? .none : binarization)
  }

  /// Puts the images on the device, in their own order.
  func upload(to memory: any Memory) throws(DeviceError) {
    try memory.upload(images.values, to: source)
    try memory.upload(.words((0..<images.count).map { UInt32($0) }), to: order)
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
