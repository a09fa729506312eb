/// The variance of a number over the samples of each image, by its sums over parts of the samples.
struct SampleSpread {
  private var sums: [[Double]]
  private var widths: [Double] = []

  init(images: Int) { sums = Array(repeating: [], count: images) }

  /// Adds a part.
  ///
  /// - Parameters:
  ///   - totals: For each image, the sum over all samples so far.
  ///   - width: The samples of the part.
  mutating func add(_ totals: [Float], _ width: Int) {
    widths.append(Double(width))
    for image in sums.indices {
      sums[image].append(Double(totals[image]) - sums[image].reduce(0, +))
    }
  }

  /// Of a single sample; NaN where there is but one part.
  var variances: [Float] {
    sums.map { sums in
      let mean = sums.reduce(0, +) / widths.reduce(0, +)
      let squares = zip(sums, widths).reduce(0) {
        $0 + ($1.0 - $1.1 * mean) * ($1.0 - $1.1 * mean) / $1.1
      }
      return widths.count > 1 ? Float(squares / Double(widths.count - 1)) : .nan
    }
  }
}
