/// The order in which the values of some leaves are added: two halves of a row of leaves each by itself,
/// then one to the other. Sums have the same bits wherever the leaves are.
public struct LeafTree: Hashable, Sendable {
  public let leaves: Int

  public init(leaves: Int) { self.leaves = leaves }

  /// The two nodes below one of several leaves.
  private func halves(of node: Range<Int>) -> (Range<Int>, Range<Int>) {
    let middle = node.lowerBound + (node.count + 1) / 2
    return (node.lowerBound..<middle, middle..<node.upperBound)
  }

  /// The fewest nodes that together have some leaves, from left to right.
  func nodes(of range: Range<Int>) -> [Range<Int>] { nodes(of: range, below: 0..<leaves) }

  private func nodes(of range: Range<Int>, below node: Range<Int>) -> [Range<Int>] {
    if range.isEmpty || !range.overlaps(node) { return [] }
    if range.lowerBound <= node.lowerBound, node.upperBound <= range.upperBound { return [node] }
    let (left, right) = halves(of: node)
    return nodes(of: range, below: left) + nodes(of: range, below: right)
  }

  /// The largest nodes of at most so many leaves that together have those of a node, from left to right.
  private func pieces(of node: Range<Int>, atMost most: Int) -> [Range<Int>] {
    if node.count <= most { return [node] }
    let (left, right) = halves(of: node)
    return pieces(of: left, atMost: most) + pieces(of: right, atMost: most)
  }

  /// The nodes for whose values a rank is asked.
  public func pieces(for ranks: any Ranks, atMost most: Int) -> [Range<Int>] {
    nodes(of: ranks.range(of: ranks.rank, among: leaves)).flatMap { pieces(of: $0, atMost: most) }
  }

  /// The sum of values of all leaves.
  public func sum(of values: [[Float]]) -> [Float] {
    var sum: [Float] = []
    add(0..<leaves, to: &sum) { node, sum in
      guard node.count == 1 else { return false }
      Self.add(values[node.lowerBound], to: &sum)
      return true
    }
    return sum
  }

  /// The sum of a node's leaves.
  ///
  /// - Parameters:
  ///   - node: The node.
  ///   - most: The most leaves whose values are asked for at once.
  ///   - addValues: Adds the values of such a node to a sum; what is empty becomes them.
  func sum(
    of node: Range<Int>, atMost most: Int,
    _ addValues: (_ leaves: Range<Int>, inout [Float]) throws(DeviceError) -> Void
  ) throws(DeviceError) -> [Float] {
    var sum: [Float] = []
    try add(node, to: &sum) { node, sum throws(DeviceError) in
      guard node.count <= most else { return false }
      try addValues(node, &sum)
      return true
    }
    return sum
  }

  /// Adds the sum of a node's leaves to another; what is empty becomes it.
  ///
  /// - Parameter addKnown: Does so for a node whose value is known; false where it is to be added up.
  func add<Failure: Error>(
    _ node: Range<Int>, to sum: inout [Float],
    _ addKnown: (Range<Int>, inout [Float]) throws(Failure) -> Bool
  ) throws(Failure) {
    if try addKnown(node, &sum) { return }
    let (left, right) = halves(of: node)
    var own: [Float] = []
    try add(left, to: &own, addKnown)
    try add(right, to: &own, addKnown)
    Self.add(own, to: &sum)
  }

  /// Adds values to as many others; what is empty becomes them.
  public static func add(_ values: [Float], to sum: inout [Float]) {
    if sum.isEmpty {
      sum = values
    } else {
      values.withUnsafeBufferPointer { add($0, to: &sum) }
    }
  }

  /// Adds values to the first of a sum.
  public static func add(_ values: UnsafeBufferPointer<Float>, to sum: inout [Float]) {
    sum.withUnsafeMutableBufferPointer { add(values, to: $0) }
  }

  /// Adds values to the first of a sum. Numbers too small to be normal are zeros, as they may be on devices.
  private static func add(
    _ values: UnsafeBufferPointer<Float>, to sum: UnsafeMutableBufferPointer<Float>
  ) {
    for index in values.indices {
      sum[index] = flushed(flushed(sum[index]) + flushed(values[index]))
    }
  }

  @inline(__always)
  private static func flushed(_ value: Float) -> Float {
    value.magnitude < .leastNormalMagnitude ? value * 0 : value
  }
}

extension Ranks {
  /// The sum of the values of some leaves, which are divided over the ranks: the same bits for every
  /// number of ranks up to that of the leaves.
  ///
  /// Each rank adds up a part of the values, whose summands the others send it, and sends all the sum.
  ///
  /// - Parameters:
  ///   - tree: The leaves.
  ///   - atOnce: The most leaves whose values are asked for at once.
  ///   - addValues: Adds the values of a leaf, or the sum of some, always as many, to a sum; what is empty
  ///     becomes them. Asked once for each of this rank's leaves.
  public func sum(
    over tree: LeafTree, atOnce: Int = 1,
    _ addValues: (_ leaves: Range<Int>, inout [Float]) throws(DeviceError) -> Void
  ) throws(DeviceError) -> [Float] {
    let nodes = (0..<count).map { tree.nodes(of: range(of: $0, among: tree.leaves)) }
    var sums: [[Float]] = []
    for node in nodes[rank] { sums.append(try tree.sum(of: node, atMost: atOnce, addValues)) }
    if count == 1 { return sums[0] }
    let total = sums[0].count
    let own = range(of: rank, among: total)
    let received = try exchange(
      (0..<count).flatMap { rank in
        let part = range(of: rank, among: total)
        return sums.flatMap { $0[part] }
      },
      sent: (0..<count).map { range(of: $0, among: total).count * sums.count },
      received: nodes.map { own.count * $0.count })
    var known: [Range<Int>: [Float]] = [:]
    for (index, node) in nodes.joined().enumerated() {
      known[node] = Array(received[index * own.count..<(index + 1) * own.count])
    }
    var part: [Float] = []
    tree.add(0..<tree.leaves, to: &part) { node, sum in
      guard let value = known[node] else { return false }
      LeafTree.add(value, to: &sum)
      return true
    }
    return try gather(part, counts: (0..<count).map { range(of: $0, among: total).count })
  }
}
