import Conformance
import Foundation
import Testing

@testable import Compute

@Suite struct RanksTests {
  /// Numbers whose sum depends on the order in which they are added.
  private static func values(of leaf: Int, count: Int) -> [Float] {
    (0..<count).map { index in
      Float(sin(Double(1 + leaf * 37 + index * 11)) * pow(10, Double((leaf * 7 + index) % 9) - 4))
    }
  }

  /// The tree as it is described, written once more.
  private static func sum(_ node: Range<Int>, _ index: Int, count: Int) -> Float {
    if node.count == 1 { return values(of: node.lowerBound, count: count)[index] }
    let middle = node.lowerBound + (node.count + 1) / 2
    return sum(node.lowerBound..<middle, index, count: count)
      + sum(middle..<node.upperBound, index, count: count)
  }

  @Test(arguments: 1...9)
  func sumsHaveTheSameBitsForAnyNumberOfRanks(leaves: Int) throws {
    let count = 23
    let expected = (0..<count).map { Self.sum(0..<leaves, $0, count: count) }
    for ranks in 1...leaves {
      for atOnce in [1, 2] {
        let sums = try ThreadRanks.run(ranks) {
          try $0.sum(over: LeafTree(leaves: leaves), atOnce: atOnce) { node, sum in
            LeafTree.add((0..<count).map { Self.sum(node, $0, count: count) }, to: &sum)
          }
        }
        #expect(sums.count == ranks)
        #expect(sums.allSatisfy { $0.map(\.bitPattern) == expected.map(\.bitPattern) })
      }
    }
    // The order matters for these numbers, so that equal bits say something.
    if leaves > 3 {
      let inOrder = (0..<count).map { index in
        (1..<leaves).reduce(Self.values(of: 0, count: count)[index]) {
          $0 + Self.values(of: $1, count: count)[index]
        }
      }
      #expect(inOrder != expected)
    }
  }

  @Test func arraysShorterThanTheRanksAreAdded() throws {
    let sums = try ThreadRanks.run(5) {
      try $0.sum(over: LeafTree(leaves: 6)) { node, sum in
        LeafTree.add([Float(node.lowerBound), 1], to: &sum)
      }
    }
    #expect(sums == Array(repeating: [15, 6], count: 5))
  }

  /// What is asked for at once are the nodes that a sum asks for.
  @Test(arguments: 1...17, [1, 2, 4, 16]) func piecesAreWhatSumsAskFor(leaves: Int, most: Int)
    throws
  {
    let tree = LeafTree(leaves: leaves)
    for count in 1...leaves {
      let asked = try ThreadRanks.run(count) { ranks in
        var asked: [Range<Int>] = []
        _ = try ranks.sum(over: tree, atOnce: most) { node, sum in
          asked.append(node)
          LeafTree.add([1], to: &sum)
        }
        #expect(asked == tree.pieces(for: ranks, atMost: most))
        return asked
      }
      #expect(asked.joined().flatMap(Array.init) == Array(0..<leaves))
      #expect(asked.joined().allSatisfy { $0.count <= most })
    }
  }

  @Test(arguments: 1...17) func valuesAtHandAreAddedAsOverRanks(leaves: Int) {
    let count = 23
    let sum = LeafTree(leaves: leaves).sum(
      of: (0..<leaves).map { Self.values(of: $0, count: count) })
    let expected = (0..<count).map { Self.sum(0..<leaves, $0, count: count) }
    #expect(sum.map(\.bitPattern) == expected.map(\.bitPattern))
  }

  @Test func leavesAreDividedWithoutGaps() throws {
    for leaves in 1...17 {
      for count in 1...leaves {
        let ranges = try ThreadRanks.run(count) { $0.range(of: $0.rank, among: leaves) }
        #expect(ranges.flatMap(Array.init) == Array(0..<leaves))
        #expect(ranges.count { $0.isEmpty } == 0)
        let nodes = ranges.flatMap { LeafTree(leaves: leaves).nodes(of: $0) }
        #expect(nodes.flatMap(Array.init) == Array(0..<leaves))
      }
    }
  }

  @Test(arguments: 1...4) func bytesAreGathered(count: Int) throws {
    let all = try ThreadRanks.run(count) { ranks in
      try ranks.gather((0..<ranks.rank * 3).map { UInt8($0 + ranks.rank) })
    }
    let expected = (0..<count).map { rank in (0..<rank * 3).map { UInt8($0 + rank) } }
    #expect(all == Array(repeating: expected, count: count))
    let texts = try ThreadRanks.run(count) { try $0.broadcast("of \($0.rank): é") }
    #expect(texts == Array(repeating: "of 0: é", count: count))
    let any = try ThreadRanks.run(count) { try $0.isTrueOfAny($0.rank == count - 1) }
    #expect(any == Array(repeating: true, count: count))
    let none = try ThreadRanks.run(count) { try $0.isTrueOfAny(false) }
    #expect(none == Array(repeating: false, count: count))
  }

  @Test(arguments: 1...5) func workIsDividedAndComesBackInOrder(count: Int) throws {
    let found = try ThreadRanks.run(count) { ranks in
      var own: [Int] = []
      var order: [Int] = []
      var values: [Float] = []
      let isDone = try ranks.divide(7) { piece in
        own.append(piece)
        return (0..<piece).map { Float(10 * piece + $0) }
      } take: { piece, result in
        order.append(piece)
        values += result
        return true
      }
      return (isDone, own, order, values)
    }
    #expect(found.map(\.0) == Array(repeating: true, count: count))
    // Each piece is worked on once.
    #expect(found.flatMap(\.1).sorted() == Array(0..<7))
    let expected = (0..<7).flatMap { piece in (0..<piece).map { Float(10 * piece + $0) } }
    #expect(found.allSatisfy { $0.2 == Array(0..<7) && $0.3 == expected })
  }

  /// Whoever stops, within a piece or after it, stops all at the same place.
  @Test(arguments: [true, false]) func oneRankStopsAll(within: Bool) throws {
    let found = try ThreadRanks.run(3) { ranks in
      var taken = 0
      let isDone = try ranks.divide(9) { piece in
        within && piece == 4 ? nil : [Float(piece)]
      } take: { piece, _ in
        taken += 1
        return within || ranks.rank != 1 || piece != 4
      }
      return (isDone, taken)
    }
    #expect(found.allSatisfy { !$0.0 && $0.1 == (within ? 3 : 6) })
  }
}
