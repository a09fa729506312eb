import Foundation

/// The runs that are in folders of cells, by their data.
extension CellRunner {
  /// The configuration in a cell's folder, which must be of the same data; nil where there is none. A run
  /// may be tested in other ways than before.
  func stored(_ cell: Cell, in run: RunFolder? = nil) throws -> RunConfiguration? {
    let file = (run ?? RunFolder(path(cell))).configuration
    guard FileManager.default.fileExists(atPath: file) else { return nil }
    var stored = try RunConfiguration(file: file)
    if let identity = stored.identity, let difference = difference(from: identity) {
      throw RunError(
        description: "'\(path(cell))' is of other data: \(difference) when it was trained. Take it "
          + "away, or choose another folder.")
    }
    // The same images may have moved.
    if stored.identity != nil {
      for setting in Setting.all where setting.isOfData {
        setting.copy(cell.configuration, &stored)
      }
    }
    stored.testSamples = cell.configuration.testSamples
    stored.limit = cell.configuration.limit
    return stored
  }

  /// The difference of the images from those of a run, in words; nil for none. Runs of a sweep have the same,
  /// into which one look is enough.
  private func difference(from identity: DataIdentity) -> String? {
    let identity = identity.withoutChoice
    if let known = differences[identity] { return known }
    let found = identity.difference(of: images)
    differences.updateValue(found, forKey: identity)
    return found
  }
}
