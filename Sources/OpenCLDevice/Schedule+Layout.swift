import Compute

/// The layout of a tensor's elements in an arena. Vectors are contiguous; every tensor takes a
/// multiple of 16 floats. A matrix lies
///
///     panels    [column / 16][row][16]; what lies as parameters do, as the panels of its transpose
///     tiles     row by row, each row padded to a multiple of 16
extension Schedule {
  /// The floats that a tensor takes.
  func size(of tensor: Tensor) -> Int { extent(of: tensor).size }

  /// The floats between a strip (panels) or row (tiles) and the next.
  func stride(of tensor: Tensor) -> Int { extent(of: tensor).stride }

  /// The floats that an operation may touch. The padding of a parameter's vector is read and
  /// updated with it; that of any other vector belongs to nobody.
  func occupied(by tensor: Tensor) -> Int {
    tensor.shape.isVector && !tensor.role.liesAsParameter ? tensor.shape.count : size(of: tensor)
  }

  /// The floats of the second copy of a weight, which panels keep for walking a layer backwards.
  func transposedSize(of weight: Tensor) -> Int {
    self == .panels && !weight.shape.isVector ? plain(weight.shape).size : 0
  }

  func transposedStride(of weight: Tensor) -> Int { plain(weight.shape).stride }

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
    let (rows, columns) = (tensor.shape.rows, tensor.shape.columns)
    guard !tensor.shape.isVector else {
      for index in 0..<tensor.shape.count { body(index, index) }
      return
    }
    let stride = stride(of: tensor)
    let isTurned = isTurned(tensor)
    for row in 0..<rows {
      for column in 0..<columns {
        let device =
          switch self {
          case .tiles: row * stride + column
          case .panels where isTurned: row / 16 * stride + column * 16 + row % 16
          case .panels: column / 16 * stride + row * 16 + column % 16
          }
        body(row * columns + column, device)
      }
    }
  }

  /// True if a matrix lies as its transpose.
  private func isTurned(_ tensor: Tensor) -> Bool {
    self == .panels && tensor.role.liesAsParameter
  }

  private func extent(of tensor: Tensor) -> (size: Int, stride: Int) {
    let (rows, columns) = (tensor.shape.rows, tensor.shape.columns)
    if tensor.shape.isVector { return (padded(rows), 0) }
    return isTurned(tensor) ? (padded(rows) * columns, columns * 16) : plain(tensor.shape)
  }

  private func plain(_ shape: Shape) -> (size: Int, stride: Int) {
    let columns = padded(shape.columns)
    return (shape.rows * columns, self == .panels ? shape.rows * 16 : columns)
  }

  private func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}

extension Role {
  /// True of what lies as parameters do.
  var liesAsParameter: Bool {
    switch self {
    case .parameter, .gradient, .firstMoment, .secondMoment, .average, .accumulator: true
    case .resident, .state, .input, .output, .temporary: false
    }
  }
}
