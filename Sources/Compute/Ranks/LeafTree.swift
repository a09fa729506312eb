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

  /// The sum of a node's leaves.
  ///
  /// - Parameter value: The value of a node, where it is known; nil where it is to be added up.
  func sum(
    _ node: Range<Int>, _ value: (Range<Int>) throws(DeviceError) -> [Float]?
  ) throws(DeviceError) -> [Float] {
    if let known = try value(node) { return known }
    let (left, right) = halves(of: node)
    var result = try sum(left, value)
    let other = try sum(right, value)
    result.withUnsafeMutableBufferPointer { result in
      other.withUnsafeBufferPointer { other in
        for index in result.indices { result[index] += other[index] }
      }
    }
    return result
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
  ///   - value: The values of a leaf, always as many. Asked once for each of this rank's leaves.
  public func sum(
    over tree: LeafTree, _ value: (_ leaf: Int) throws(DeviceError) -> [Float]
  ) throws(DeviceError) -> [Float] {
    let nodes = (0..<count).map { tree.nodes(of: range(of: $0, among: tree.leaves)) }
    var sums: [[Float]] = []
    for node in nodes[rank] {
      sums.append(
        try tree.sum(node) { node throws(DeviceError) in
          node.count == 1 ? try value(node.lowerBound) : nil
        })
    }
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
    let part = try tree.sum(0..<tree.leaves) { known[$0] }
    return try gather(part, counts: (0..<count).map { range(of: $0, among: total).count })
  }
}
