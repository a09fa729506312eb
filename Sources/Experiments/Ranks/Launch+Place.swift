import Compute
import Foundation

#if MPI
  import CMPI
#endif

extension Launch {
  /// Finds the rank's place among those of its machine, and keeps to its share of the processors.
  static func takePlace() throws {
    var own = Place(
      host: ProcessInfo.processInfo.hostName, machine: machine, process: getpid(),
      processors: processors())
    let all = try places(of: own)
    let neighbours = all.indices.filter { all[$0].machine == own.machine }
    own.index = neighbours.firstIndex(of: ranks.rank) ?? 0
    // A launcher may have given some of them processors of their own.
    let sharers = neighbours.filter { all[$0].processors == own.processors }
    if sharers.count > 1 {
      own.processors = share(
        of: own.processors, index: sharers.firstIndex(of: ranks.rank) ?? 0, count: sharers.count)
      keep(to: own.processors)
    }
    let process = ProcessInfo.processInfo
    let variables = environment(
      share: own.processors.count, all: process.processorCount, process.environment)
    for (name, value) in variables { setenv(name, value, 0) }
    places = try places(of: own)
  }

  /// The machine, of which processes with numbers of their own are none of each other's.
  private static var machine: String {
    let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    let space = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
    return "\(boot ?? ProcessInfo.processInfo.hostName) \(space ?? "")"
  }

  private static func places(of own: Place) throws -> [Place] {
    let decoder = JSONDecoder()
    return try ranks.gather(Array(try JSONEncoder().encode(own))).map {
      try decoder.decode(Place.self, from: Data($0))
    }
  }

  /// One rank's part of some processors; ranks beyond their number share them.
  static func share(of processors: [Int], index: Int, count: Int) -> [Int] {
    guard count <= processors.count else { return [processors[index % processors.count]] }
    return Array(
      processors[
        index * processors.count / count..<(index + 1) * processors.count / count])
  }

  /// The variables that tell PoCL of a rank's share of the machine's processors: it has a thread for each, and
  /// none stays in a place that PoCL chooses, which counts from the machine's first.
  ///
  /// - Parameters:
  ///   - share: The processors of the rank.
  ///   - all: Those of the machine: a rank that has them is as a process by itself.
  ///   - environment: The variables that are set. A number of threads that the user chose stays.
  static func environment(
    share: Int, all: Int, _ environment: [String: String]
  ) -> [String: String] {
    guard share < all else { return [:] }
    var result = ["POCL_AFFINITY": "0"]
    // The second is the one that its driver for TBB reads.
    let counts = ["POCL_MAX_PTHREAD_COUNT", "POCL_CPU_MAX_CU_COUNT"]
    if !counts.contains(where: { environment[$0] != nil }) {
      for name in counts { result[name] = "\(share)" }
    }
    return result
  }

  #if MPI && os(Linux)
    /// The processors that the process may use.
    private static func processors() -> [Int] {
      var mask = [UInt8](repeating: 0, count: 1024)
      guard ranks_processors(&mask, mask.count) > 0 else { return [0] }
      return (0..<8 * mask.count).filter { mask[$0 / 8] >> ($0 % 8) & 1 == 1 }
    }

    private static func keep(to processors: [Int]) {
      var mask = [UInt8](repeating: 0, count: 1024)
      for processor in processors { mask[processor / 8] |= 1 << (processor % 8) }
      // Where it is refused, ranks share all processors.
      _ = ranks_keep_to(mask, mask.count)
    }
  #else
    private static func processors() -> [Int] {
      Array(0..<ProcessInfo.processInfo.activeProcessorCount)
    }

    private static func keep(to processors: [Int]) {}
  #endif
}

extension Launch.Place {
  /// The rank's share, in words.
  public var text: String {
    "\(counted(processors.count, "processor")) of '\(host)', process \(process)"
  }
}

// MARK: The end of others

extension Launch {
  /// Ends the process, with a word, soon after another rank of the machine has ended without one. Ranks
  /// of other machines are the launcher's to watch.
  ///
  /// - Parameter remedy: What to do then.
  static func watch(remedy: String) {
    Thread.detachNewThread {
      while !ending.isRequested {
        sleep(1)
        guard missing != nil else { continue }
        // It may have ended because all do.
        sleep(1)
        if ending.isRequested { return }
        tellOfMissing(remedy)
        _exit(1)
      }
    }
  }

  /// A rank of the machine that has ended.
  private static var missing: Int? {
    places.indices.first {
      $0 != ranks.rank && places[$0].machine == places[ranks.rank].machine
        && !isAlive(places[$0].process)
    }
  }

  private static func tellOfMissing(_ remedy: String) {
    guard let rank = missing, !ending.isRequested else { return }
    let text =
      "Error: Rank \(rank) (process \(places[rank].process) on '\(places[rank].host)') has ended "
      + "without a word, so rank \(ranks.rank) stops too. \(remedy)\n"
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  private static func isAlive(_ process: Int32) -> Bool { kill(process, 0) == 0 || errno == EPERM }
}
