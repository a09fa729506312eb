import Compute
import Files
import Foundation

/// Cells that other ranks ran, and those of shards in other folders.
extension CellRunner {
  /// Takes together what the ranks' cells came to.
  ///
  /// - Returns: True if all were run.
  func collect(_ cells: [Cell], isWhole: Bool) throws -> Bool {
    guard ranks.count > 1 else { return isWhole }
    let own = results.compactMapValues(\.failure)
    let failures = try ranks.gather(Array(try JSONEncoder().encode(own))).map {
      try JSONDecoder().decode([String: String].self, from: Data($0))
    }
    let all = try !ranks.isTrueOfAny(!isWhole)
    for cell in cells where results[cell.name] == nil {
      let failure = failures.compactMap { $0[cell.name] }.first
      if failure == nil, let result = kept(cell) {
        results[cell.name] = result
      } else if failure != nil || all {
        results[cell.name] = CellResult(
          seed: cell.configuration.seed, run: path(cell),
          failure: failure ?? "another rank finished it, and its files are not seen here yet")
      }
    }
    return all
  }

  /// Copies a finished cell from the first of some folders that has it.
  func take(_ cell: Cell, from folders: [String]) throws {
    let manager = FileManager.default
    guard !manager.fileExists(atPath: path(cell)) else { return }
    for folder in folders where kept(cell, in: folder) != nil {
      let (other, part) = ("\(folder)/\(cell.name)", "\(self.folder)/.\(cell.name).part")
      // In one move, so that there is all of it or nothing.
      do {
        try? manager.removeItem(atPath: part)
        try manager.copyItem(atPath: other, toPath: part)
        try manager.moveItem(atPath: part, toPath: path(cell))
      } catch {
        throw FileAccessError("'\(other)' could not be copied to '\(path(cell))'.")
      }
      return
    }
  }
}
