import Compute

/// Where the elements of a tensor lie in an arena. Vectors are contiguous in both layouts; every
/// tensor takes a multiple of 16 floats.
enum TensorLayout: Hashable {
  /// `[column / 16][row][16]`; parameters as the panels of their transpose.
  case panels
  /// Row by row, each row padded to a multiple of 16.
  case rows

  init(_ schedule: Schedule) {
    self = schedule == .panels ? .panels : .rows
  }

  /// The floats that a tensor takes.
  func size(of tensor: Tensor) -> Int {
    switch tensor.shape {
    case .vector(let count): padded(count)
    case .matrix: isTurned(tensor) ? turned(tensor).size : plain(tensor).size
    }
  }

  /// The floats that an operation may touch. The padding of a parameter's vector is read and
  /// updated with it; that of any other vector belongs to nobody.
  func occupied(by tensor: Tensor) -> Int {
    guard case .vector(let count) = tensor.shape else { return size(of: tensor) }
    switch tensor.role {
    case .parameter, .gradient, .firstMoment, .secondMoment, .accumulator:
      return size(of: tensor)
    case .resident, .state, .input, .output, .temporary: return count
    }
  }

  /// The floats between a strip (panels) or row (rows) and the next.
  func stride(of tensor: Tensor) -> Int {
    switch tensor.shape {
    case .vector: 0
    case .matrix: isTurned(tensor) ? turned(tensor).stride : plain(tensor).stride
    }
  }

  /// The floats of the second copy of a weight, which panels keep for walking a layer backwards.
  func transposedSize(of weight: Tensor) -> Int {
    self == .panels && !weight.shape.isVector ? plain(weight).size : 0
  }

  func transposedStride(of weight: Tensor) -> Int { plain(weight).stride }

  /// Lays out host values; padding is zero.
  func arrange(_ values: [Float], as tensor: Tensor) -> [Float] {
    var result = [Float](repeating: 0, count: occupied(by: tensor))
    forEachElement(of: tensor) { host, device in result[device] = values[host] }
    return result
  }

  /// Collects host values.
  func collect(_ values: [Float], of tensor: Tensor) -> [Float] {
    var result = [Float](repeating: 0, count: tensor.shape.count)
    forEachElement(of: tensor) { host, device in result[host] = values[device] }
    return result
  }

  /// The first float that should be padding and is not zero.
  func dirtyPadding(_ values: [Float], of tensor: Tensor) -> Int? {
    var isElement = [Bool](repeating: false, count: values.count)
    forEachElement(of: tensor) { _, device in isElement[device] = true }
    return values.indices.first { !isElement[$0] && values[$0].bitPattern << 1 != 0 }
  }

  private func forEachElement(of tensor: Tensor, _ body: (_ host: Int, _ device: Int) -> Void) {
    guard case .matrix(let rows, let columns) = tensor.shape else {
      for index in 0..<tensor.shape.count { body(index, index) }
      return
    }
    let stride = stride(of: tensor)
    let turned = isTurned(tensor)
    for row in 0..<rows {
      for column in 0..<columns {
        let device =
          switch self {
          case .rows: row * stride + column
          case .panels where turned: row / 16 * stride + column * 16 + row % 16
          case .panels: column / 16 * stride + row * 16 + column % 16
          }
        body(row * columns + column, device)
      }
    }
  }

  /// Whether a tensor lies as its transpose.
  private func isTurned(_ tensor: Tensor) -> Bool {
    guard self == .panels else { return false }
    switch tensor.role {
    case .parameter, .gradient, .firstMoment, .secondMoment, .accumulator: return true
    case .resident, .state, .input, .output, .temporary: return false
    }
  }

  private func plain(_ tensor: Tensor) -> (size: Int, stride: Int) {
    let (rows, columns) = (tensor.shape.rows, tensor.shape.columns)
    return (rows * padded(columns), self == .panels ? rows * 16 : padded(columns))
  }

  private func turned(_ tensor: Tensor) -> (size: Int, stride: Int) {
    (padded(tensor.shape.rows) * tensor.shape.columns, tensor.shape.columns * 16)
  }

  private func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
