import Compute

/// Sampling importance resampling: latents drawn among an image's samples by their weights, and missing
/// values drawn given those.
extension Imputer {
  /// Fills in some copies of a batch.
  func draw(
    _ range: Range<Int>, of batch: Range<Int>, _ control: Control, _ logWeights: [[Double]],
    _ result: inout ImputedImages
  ) throws {
    guard let executable = redraw[range.count], let some = programs.redraw[range.count] else {
      preconditionFailure("no program draws \(range.count) copies at a time")
    }
    var drawn = [UInt32](repeating: 0, count: batchSize * range.count)
    for (row, image) in batch.enumerated() {
      let start = row * range.count
      drawn.replaceSubrange(
        start..<start + range.count, with: choices(of: image, range, logWeights[row]))
    }
    try memory.upload(.words(drawn), to: some.drawn)
    try executable.run(control)
    var heads: [[Float]] = []
    for head in some.heads { heads.append(try executable.floats(head)) }
    for (row, image) in batch.enumerated() {
      let missing = images.pixels(of: image).enumerated().filter(\.element.isNaN).map(\.offset)
      for (position, draw) in range.enumerated() {
        // Layers have the times from 0.
        let address = NoiseAddress(
          seed: seed, purpose: .generation, time: UInt32(model.encoder.count),
          image: UInt32(image), sample: UInt32(draw))
        let start = (draw * images.count + image) * images.width
        let from = (row * range.count + position) * images.width
        for column in missing {
          result.copies[start + column] = try model.draw(
            column, heads: model.likelihood.headValues(heads, of: from + column),
            parameters: parameters, address)
        }
      }
    }
  }

  /// The numbers of the samples that copies of an image are made of, each drawn for itself.
  private func choices(
    of image: Int, _ draws: Range<Int>, _ logWeights: [Double]
  ) -> [UInt32] {
    let largest = logWeights.reduce(-.infinity, max)
    var passed: [Double] = []
    var sum = 0.0
    for logWeight in logWeights {
      sum += exponential(logWeight - largest)
      passed.append(sum)
    }
    let address = NoiseAddress(
      seed: seed, purpose: .resampling, time: Evaluator.time, image: UInt32(image))
    return draws.map { draw in
      let place = Double(address.openUniform(column: draw)) * sum
      // The first sample up to which more has passed.
      var (low, high) = (0, passed.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if passed[middle] > place { high = middle } else { low = middle + 1 }
      }
      return UInt32(low)
    }
  }
}
