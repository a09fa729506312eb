import Compute
import Foundation

/// Ranks that are threads of one process: what several processes do, without a launcher.
public final class ThreadRanks: Ranks {
  public let rank: Int
  public var count: Int { meeting.count }
  private let meeting: Meeting

  /// The place where all wait for each other.
  private final class Meeting: @unchecked Sendable {
    let count: Int
    private let condition = NSCondition()
    private var brought: [[Float]]
    private var taken: [[Float]] = []
    private var arrived = 0
    private var turn = 0
    private var isBroken = false

    init(_ count: Int) {
      self.count = count
      brought = Array(repeating: [], count: count)
    }

    /// Waits for all; returns what each brought.
    func meet(_ rank: Int, _ values: [Float]) throws(DeviceError) -> [[Float]] {
      condition.lock()
      defer { condition.unlock() }
      brought[rank] = values
      arrived += 1
      let own = turn
      if arrived == count {
        (taken, arrived, turn) = (brought, 0, turn + 1)
        condition.broadcast()
      }
      while turn == own {
        if isBroken { throw .callFailed(call: "meet", code: "another rank failed") }
        condition.wait()
      }
      return taken
    }

    /// Nobody waits for a rank that failed.
    func breakUp() {
      condition.lock()
      isBroken = true
      condition.broadcast()
      condition.unlock()
    }
  }

  private init(_ rank: Int, _ meeting: Meeting) { (self.rank, self.meeting) = (rank, meeting) }

  public func gather(_ values: [Float], counts: [Int]) throws(DeviceError) -> [Float] {
    let all = try meeting.meet(rank, values)
    precondition(all.map(\.count) == counts, "\(all.map(\.count)) values came, not \(counts)")
    return all.flatMap(\.self)
  }

  public func exchange(
    _ values: [Float], sent: [Int], received: [Int]
  ) throws(DeviceError) -> [Float] {
    let lengths = try meeting.meet(rank, sent.map { Float(bitPattern: UInt32($0)) })
    let all = try meeting.meet(rank, values)
    return all.indices.flatMap { other -> [Float] in
      let parts = lengths[other].map { Int($0.bitPattern) }
      precondition(parts[rank] == received[other], "\(parts[rank]) came, not \(received[other])")
      let start = parts[..<rank].reduce(0, +)
      return Array(all[other][start..<start + parts[rank]])
    }
  }

  /// Runs a function on so many ranks at once.
  ///
  /// - Returns: What it returned on each.
  public static func run<Value: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (ThreadRanks) throws -> Value
  ) throws -> [Value] {
    let meeting = Meeting(count)
    let results = Results<Value>(count)
    let group = DispatchGroup()
    for rank in 0..<count {
      group.enter()
      let thread = Thread {
        let result = Result { try body(ThreadRanks(rank, meeting)) }
        if case .failure = result { meeting.breakUp() }
        results.set(result, at: rank)
        group.leave()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    group.wait()
    return try results.all.map { try $0.get() }
  }

  private final class Results<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var values: [Result<Value, any Error>?]

    init(_ count: Int) { values = Array(repeating: nil, count: count) }

    func set(_ value: Result<Value, any Error>, at index: Int) {
      lock.withLock { values[index] = value }
    }

    var all: [Result<Value, any Error>] { lock.withLock { values.compactMap(\.self) } }
  }
}
