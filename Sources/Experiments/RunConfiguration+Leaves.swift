/// The leaves that batches are divided into.
extension RunConfiguration {
  /// A leaf for each of the processes that train together, as it is where nobody says how many.
  ///
  /// - Parameters:
  ///   - count: The processes.
  ///   - images: The images to train on, which may be fewer than a batch has.
  /// - Throws: `ConfigurationError` where a batch cannot be divided so.
  public mutating func setLeaves(
    processes count: Int, images: Int = .max
  ) throws(ConfigurationError) {
    leaves = count
    let size = min(batch, images)
    guard size % count != 0 else { return }
    let divisors = (1...size).filter { size % $0 == 0 }
    let (fewer, more) = (divisors.last { $0 < count }, divisors.first { $0 > count })
    let counts = [fewer, more].compactMap { $0.map { "\($0)" } }.joined(separator: " or ")
    throw ConfigurationError(
      "A batch of \(size) images cannot be divided among \(count) processes, into a leaf for each: "
        + "start \(counts)" + (more.map { ", or give '--leaves \($0)'" } ?? "") + "."
        + (size < batch ? " There are only \(counted(size, "image")) to train on." : ""))
  }

  /// Refuses leaves that all images cannot be divided into, where they are fewer than a batch should have.
  func checkLeaves(images: Int) throws(ConfigurationError) {
    guard images < batch, images % leaves != 0 else { return }
    throw ConfigurationError(
      "'--leaves \(leaves)' cannot divide a batch of \(counted(images, "image")), and the data has no more "
        + "to train on: expected a number that divides \(images).")
  }
}
