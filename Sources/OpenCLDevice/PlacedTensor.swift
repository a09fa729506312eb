import Compute

/// A tensor where it lies in an arena.
struct PlacedTensor {
  let tensor: Tensor
  let arena: Arena
  let offset: Int
  let layout: Schedule

  /// The floats that an operation may touch.
  private var occupied: Range<Int> { offset..<offset + layout.occupied(by: tensor) }

  func upload(_ values: HostValues) throws(DeviceError) {
    try arena.write(layout.arrange(values.floatBits, as: tensor), at: offset)
  }

  func download() throws(DeviceError) -> HostValues {
    let floats = layout.collect(
      try arena.read(offset..<offset + layout.size(of: tensor)), of: tensor)
    return tensor.element == .uint32 ? .words(floats.map(\.bitPattern)) : .floats(floats)
  }

  func fill(with word: UInt32) throws(DeviceError) { try arena.fill(occupied, with: word) }

  /// A description of padding that is not zero; nil in tiles, where padding is not read.
  func paddingDamage() throws(DeviceError) -> String? {
    guard layout == .panels else { return nil }
    return layout.dirtyPadding(try arena.read(occupied), of: tensor)
      .map { "padding \($0) of \(tensor) is not zero" }
  }
}
