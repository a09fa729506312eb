/// Offsets in one arena for blocks that need not all exist at once.
public struct MemoryPlan: Hashable, Sendable {
  /// A block and the span of time in which it holds values, both ends included.
  public struct Block: Hashable, Sendable {
    public var size: Int
    public var lifetime: ClosedRange<Int>

    public init(size: Int, lifetime: ClosedRange<Int>) {
      self.size = size
      self.lifetime = lifetime
    }
  }

  /// The offset of each block, in the order in which the blocks were given.
  public let offsets: [Int]
  /// The size of the arena.
  public let size: Int

  /// Places large blocks first, each at the lowest offset where nothing alive at the same time
  /// lies.
  public init(_ blocks: [Block]) {
    var offsets = Array(repeating: 0, count: blocks.count)
    var placed: [Int] = []
    var size = 0
    let order = blocks.indices.sorted {
      (-blocks[$0].size, $0) < (-blocks[$1].size, $1)
    }
    for index in order {
      let block = blocks[index]
      let neighbours =
        placed
        .filter { blocks[$0].lifetime.overlaps(block.lifetime) }
        .sorted { offsets[$0] < offsets[$1] }
      var offset = 0
      for neighbour in neighbours {
        if offset + block.size <= offsets[neighbour] { break }
        offset = max(offset, offsets[neighbour] + blocks[neighbour].size)
      }
      offsets[index] = offset
      placed.append(index)
      size = max(size, offset + block.size)
    }
    self.offsets = offsets
    self.size = size
  }
}
