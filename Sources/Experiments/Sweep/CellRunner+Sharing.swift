import Compute
import Files
import Foundation

/// Cells that ranks divide.
extension CellRunner {
  /// Refuses, on all ranks, a folder that one of them does not see as the first does: each machine may have
  /// one of that name. A file that the first puts there meanwhile tells.
  ///
  /// - Parameters:
  ///   - folder: The folder.
  ///   - ranks: All of them, which look at once.
  ///   - time: The time within which it must be seen.
  static func checkIsOne(_ folder: String, of ranks: any Ranks, within time: Duration) throws {
    guard ranks.count > 1 else { return }
    let file = "\(folder)/.ranks"
    let own = UUID().uuidString
    if ranks.isFirst { try Files.write(Data(own.utf8), to: file) }
    let token = Data(try ranks.broadcast(own).utf8)
    let isSeen = sees(within: time) { (try? Files.read(file, atMost: token.count)) == token }
    let all = try ranks.gather([isSeen ? 1 : 0])
    // Where that fails, the next start writes it anew.
    if ranks.isFirst { try? FileCalls.remove(file) }
    let others = all.indices.filter { all[$0] != [1] }
    guard !others.isEmpty else { return }
    let numbers = others.map { "\($0)" }.joined(separator: ", ")
    throw FileAccessError(
      "'\(folder)', as rank 0 has it, is not there for rank\(others.count > 1 ? "s" : "") "
        + "\(numbers): ranks that run cells together need a folder that all of them see.")
  }

  /// True once something is there. What one machine made, some file systems show to others after half a
  /// minute.
  static func sees(within time: Duration, _ isThere: () -> Bool) -> Bool {
    let end = ContinuousClock.now + time
    while !isThere() {
      if ContinuousClock.now > end { return false }
      usleep(50_000)
    }
    return true
  }

  /// The work that is left to do after some passes, in samples walked forwards: enough to tell the time
  /// it takes.
  func work(_ cell: Cell, after done: Int) -> Double {
    let configuration = cell.configuration
    let passes = max(configuration.passes - done, 0)
    // Backwards costs twice as much again; a step costs something without any samples.
    let samples = 3 * (configuration.groups * configuration.samples + 5)
    return Double(passes) * Double(images.split.training.count) * Double(samples)
      + Double(tested(cell).count) * Double(configuration.testSamples)
  }

  /// This process's cells among those that are left.
  func own(_ waiting: [Cell], of cells: [Cell]) throws -> [Cell] {
    // Ranks divide what is left. Shards, which begin when they like, divide all.
    let divided = ranks.count > 1 ? waiting : cells
    var former: [Int: Int] = [:]
    if ranks.count > 1 {
      // As the first sees it.
      let text = try ranks.broadcast(divided.map(lastTry).joined(separator: "\n"))
      for (cell, rank) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      {
        former[cell] = Int(rank)
      }
    }
    let numbers = share.own(of: divided.map { work($0, after: 0) }, triedBy: former)
    let names = Set(numbers.map { divided[$0].name })
    return waiting.filter { names.contains($0.name) }
  }

  /// The file that says which rank was the last to try a cell.
  private func fileOfTry(_ cell: Cell) -> String { "\(path(cell))/.rank" }

  /// The number of that rank; empty where there is none.
  private func lastTry(of cell: Cell) -> String {
    let data = (try? Files.read(fileOfTry(cell), atMost: 16)) ?? Data()
    return Int(String(decoding: data, as: UTF8.self)).map { "\($0)" } ?? ""
  }

  /// Keeps that this rank tries a cell, before it does: if it fails, or dies, another is next.
  func keepTry(of cell: Cell) throws(FileAccessError) {
    guard ranks.count > 1 else { return }
    try FileCalls.makeFolder(path(cell))
    try Files.write(Data("\(ranks.rank)".utf8), to: fileOfTry(cell))
  }

  /// Forgets who tried a cell, which is finished: if it gets more passes later, it is anyone's.
  func forgetTry(of cell: Cell) {
    // Where that fails, another rank than necessary may get it.
    try? FileCalls.remove(fileOfTry(cell))
  }

  /// Tells all ranks what each one's cells came to: file systems may show their files later.
  ///
  /// - Returns: True if all were run.
  func collect(_ own: [Cell], isWhole: Bool) throws -> Bool {
    guard ranks.count > 1 else { return isWhole }
    // What was finished before, the first tells.
    let names = Set(own.map(\.name))
    let told = results.filter { ranks.isFirst || names.contains($0.key) }
    for text in try ranks.gather(Array(try JSONText.data(told))) {
      results.merge(try JSONText.value([String: CellResult].self, Data(text))) { $1 }
    }
    return try !ranks.isTrueOfAny(!isWhole)
  }
}

/// Cells of shards in other folders.
extension CellRunner {
  /// A cell's folder in the first of some folders that has it finished; nil for none.
  func finished(_ cell: Cell, in folders: [String]) -> String? {
    folders.first { kept(cell, in: $0) != nil }.map { "\($0)/\(cell.name)" }
  }

  /// Copies a finished cell's folder, unless a run of the cell is here that has a checkpoint, which stays. What
  /// a run without one left is taken away.
  ///
  /// - Returns: False if one is here.
  func take(_ other: String, as cell: Cell) throws -> Bool {
    let (from, to) = (RunFolder(other), RunFolder(path(cell)))
    try FileCalls.makeFolder(to.path)
    let lock = try FolderLock(to.path)
    defer { withExtendedLifetime(lock) {} }
    if to.hasCheckpoint, try !isCutOff(to, from) { return false }
    try to.clear()
    // By it a copy that was cut off is known for a run's.
    try Files.copy(from.configuration, to: to.configuration)
    let last = [from.best, from.checkpoint].filter(FileManager.default.fileExists)
    try copy(from.path, to: to.path, but: [from.configuration] + last)
    // Without them nothing else counts, and all is copied again.
    for file in last {
      try Files.copy(file, to: "\(to.path)/\(file.dropFirst(from.path.count + 1))")
    }
    return true
  }

  /// True of a copy that ended between the best and the checkpoint.
  private func isCutOff(_ copy: RunFolder, _ run: RunFolder) throws(FileAccessError) -> Bool {
    func isThere(_ file: String) -> Bool { FileManager.default.fileExists(atPath: file) }
    guard isThere(run.checkpoint), !isThere(copy.checkpoint), isThere(run.best) else {
      return false
    }
    return try Files.areSame(copy.best, run.best)
  }

  /// Copies a folder's files but for some, and for those that are hidden: locks, and what was left half
  /// written. Links to folders are not followed: they may lead back.
  private func copy(
    _ folder: String, to target: String, but others: [String]
  ) throws(FileAccessError) {
    try FileCalls.makeFolder(target)
    for name in try FileCalls.names(in: folder) where !name.hasPrefix(".") {
      let (from, to) = ("\(folder)/\(name)", "\(target)/\(name)")
      let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: from)) != nil
      switch try FileCalls.status(from).map({ $0.st_mode & S_IFMT }) {
      case S_IFDIR where !isLink: try copy(from, to: to, but: others)
      case S_IFREG where !others.contains(from): try Files.copy(from, to: to)
      default: break
      }
    }
  }
}
