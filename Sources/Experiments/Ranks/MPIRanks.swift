#if MPI
  import CMPI
  import Compute
  import Foundation

  /// The processes that MPI started together.
  final class MPIRanks: Ranks {
    let rank: Int
    let count: Int

    /// Starts MPI, which can be done once.
    init() throws(DeviceError) {
      var (rank, count): (CInt, CInt) = (0, 0)
      try Self.call("MPI_Init", ranks_start(&rank, &count))
      (self.rank, self.count) = (Int(rank), Int(count))
    }

    func exchange(
      _ values: [Float], sent: [Int], received: [Int]
    ) throws(DeviceError) -> [Float] {
      let table = try Self.layout(sent) + Self.layout(received)
      return try receive(received, "MPI_Ialltoallv", values, table) {
        values, table, into, request in
        ranks_exchange(
          values, table, table + count, into, table + 2 * count, table + 3 * count, request)
      }
    }

    func gather(_ values: [Float], counts: [Int]) throws(DeviceError) -> [Float] {
      try receive(counts, "MPI_Iallgatherv", values, Self.layout(counts)) {
        values, table, into, request in
        ranks_gather(values, table[rank], into, table, table + count, request)
      }
    }

    /// Ends all processes.
    func abort(_ status: Int32) { ranks_abort(status) }

    /// Ends MPI, which waits for all others.
    ///
    /// MPICH's end over TCP may wait forever, one rank for an answer that another, which waits for it in
    /// another way, does not send. Nothing is left to do then: the process ends all the same.
    func finish(_ status: Int32) {
      Thread.detachNewThread {
        sleep(3)
        _exit(status)
      }
      MPI_Finalize()
    }

    /// Starts a call and waits for what it receives, leaving the processor to whoever computes.
    ///
    /// - Parameters:
    ///   - counts: The lengths of what it receives.
    ///   - name: The call's name.
    ///   - values: The values to send, which stay in place until all is received.
    ///   - table: What the call is told of lengths and places, which stays there too.
    ///   - start: Starts the call.
    private func receive(
      _ counts: [Int], _ name: String, _ values: [Float], _ table: [CInt],
      _ start: (
        UnsafePointer<Float>?, UnsafePointer<CInt>, UnsafeMutablePointer<Float>?,
        UnsafeMutablePointer<RanksRequest>
      ) -> CInt
    ) throws(DeviceError) -> [Float] {
      var result = [Float](repeating: 0, count: counts.reduce(0, +))
      // No request; the call makes one.
      let request = UnsafeMutablePointer<RanksRequest>.allocate(capacity: 1)
      defer { request.deallocate() }
      let status = values.withUnsafeBufferPointer { values in
        table.withUnsafeBufferPointer { table in
          result.withUnsafeMutableBufferPointer { result -> CInt in
            guard let table = table.baseAddress else { return -1 }
            let status = start(values.baseAddress, table, result.baseAddress, request)
            return status == 0 ? Self.wait(for: request) : status
          }
        }
      }
      try Self.call(name, status)
      return result
    }

    private static func wait(for request: UnsafeMutablePointer<RanksRequest>) -> CInt {
      var isDone: CInt = 0
      var tries = 0
      while true {
        let status = ranks_test(request, &isDone)
        if status != 0 || isDone != 0 { return status }
        tries += 1
        // Whoever has waited for seconds, as for one that evaluates, is not in a hurry.
        if tries < 1000 { sched_yield() } else { usleep(tries < 40_000 ? 50 : 1000) }
      }
    }

    /// The lengths of parts that lie end to end, then their places.
    private static func layout(_ counts: [Int]) throws(DeviceError) -> [CInt] {
      var places: [CInt] = []
      var total = 0
      for count in counts {
        places.append(CInt(truncatingIfNeeded: total))
        total += count
      }
      guard total <= Int(CInt.max) else {
        throw .callFailed(call: "MPI", code: "\(total) values at once, more than it can count")
      }
      return counts.map(CInt.init) + places
    }

    private static func call(_ name: String, _ status: CInt) throws(DeviceError) {
      if status != 0 { throw .callFailed(call: name, code: "error \(status)") }
    }
  }
#endif
