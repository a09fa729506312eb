extension Ranks {
  /// Divides pieces of work over the ranks, in rounds of one for each, and hands every rank all of
  /// their results in order.
  ///
  /// - Parameters:
  ///   - pieces: The number of pieces.
  ///   - work: The result of a piece; nil if somebody asked to stop.
  ///   - take: Given a piece's result; returns whether to go on.
  /// - Returns: False if a rank was asked to stop, which ends the work of all.
  public func divide(
    _ pieces: Int, _ work: (Int) throws -> [Float]?, take: (Int, [Float]) -> Bool
  ) throws -> Bool {
    for first in stride(from: 0, to: pieces, by: count) {
      let round = min(count, pieces - first)
      let own = rank < round ? try work(first + rank) : []
      if try isTrueOfAny(own == nil) { return false }
      var goesOn = true
      // One at a time: each may be large.
      for index in 0..<round {
        let result = try broadcast(own ?? [], from: index)
        if !take(first + index, result) { goesOn = false }
      }
      if try isTrueOfAny(!goesOn) { return false }
    }
    return true
  }

  /// Gives all ranks the values of one.
  private func broadcast(_ values: [Float], from source: Int) throws(DeviceError) -> [Float] {
    if count == 1 { return values }
    func counts(_ length: Int) -> [Int] { (0..<count).map { $0 == source ? length : 0 } }
    let isSource = rank == source
    let length = try gather(
      isSource ? [Float(bitPattern: UInt32(values.count))] : [], counts: counts(1))[0].bitPattern
    return try gather(isSource ? values : [], counts: counts(Int(length)))
  }
}
