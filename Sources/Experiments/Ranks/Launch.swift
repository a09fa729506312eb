import Compute
import Foundation

/// The processes that a launcher, as `mpirun`, started together, of which this is one.
public enum Launch {
  /// All of them; this one alone where no launcher did.
  nonisolated(unsafe) public private(set) static var ranks: any Ranks = OneProcess()

  /// The rank's place among those of its machine.
  public struct Place: Codable, Hashable, Sendable {
    public var host: String
    /// What tells machines apart: two may have one name.
    var machine: String
    public var process: Int32
    /// The number among the ranks of the same machine.
    public var index = 0
    /// The processors that are its share.
    public var processors: [Int]
  }

  /// Asked for where the process itself ends.
  static let ending = StopRequest()

  /// The place of each rank.
  nonisolated(unsafe) public internal(set) static var places: [Place] = []

  /// The rank's number among those of its machine.
  public static var turn: Int { places.isEmpty ? 0 : places[ranks.rank].index }

  /// True of the one process of several that says what is wrong with all of them.
  public static var isFirst: Bool {
    ranks.count > 1 ? ranks.isFirst : Launched()?.rank ?? 0 == 0
  }

  /// Joins the others, once, before any of them does what it was started for.
  ///
  /// - Parameters:
  ///   - canDivide: True of work that several processes divide.
  ///   - arguments: What each was asked to do, which must be the same.
  public static func join(canDivide: Bool, _ arguments: [String]) throws {
    guard let launched = Launched(), launched.count > 1 else { return }
    guard canDivide else { throw LaunchError.oneIsEnough(count: launched.count) }
    #if MPI
      #if os(Linux)
        Supervisor.begin(rank: launched.rank, remedy: remedy(of: arguments.first))
      #endif
      let all = try MPIRanks()
      guard all.count == launched.count else {
        throw LaunchError.strangers(found: all.count, count: launched.count)
      }
      ranks = all
      try takePlace()
      watch(remedy: remedy(of: arguments.first))
      try ranks.agree(
        on: [.program, Fact("its arguments", arguments.map(printable).joined(separator: " "))])
    #else
      throw LaunchError.withoutMPI(count: launched.count)
    #endif
  }

  /// What to do where a rank died.
  ///
  /// - Parameter command: The command that it died in.
  static func remedy(of command: String?) -> String {
    let count = "with as many processes as there are"
    return switch command {
    case "train": "What was saved stays: go on with 'train --resume', \(count)."
    case "sweep", "reproduce":
      "What was saved stays: give the same command again to go on, \(count)."
    default: "Give the same command again, \(count)."
    }
  }

  /// Ends what all have done, when all have.
  ///
  /// - Parameter status: The status with which the process is about to end.
  public static func end(_ status: Int32) {
    #if MPI
      guard let all = ranks as? MPIRanks else { return }
      // The first may still write: nobody goes before it.
      try? all.barrier()
      ending.request()
      all.finish(status)
    #endif
  }

  /// Says what went wrong, and ends the others, who may wait for this one.
  ///
  /// - Parameters:
  ///   - text: The words.
  ///   - status: The status with which all end.
  ///   - isSameForAll: True of what is wrong with every process before they join: one says it.
  ///   - tell: Says it.
  public static func fail(
    _ text: String, _ status: Int32, isSameForAll: Bool, _ tell: (String) -> Void
  ) {
    #if MPI
      if let all = ranks as? MPIRanks {
        ending.request()
        if ranks.isFirst {
          tell(text)
        } else {
          // What is wrong with all of them the first says, which ends this one meanwhile.
          sleep(2)
          let place = "Rank \(ranks.rank) of \(ranks.count), on '\(places[ranks.rank].host)': "
          try? FileHandle.standardError.write(contentsOf: Data(printable("\(place)\(text)\n").utf8))
        }
        waitUntilHeard()
        all.abort(status)
      }
    #endif
    if isFirst || !isSameForAll {
      tell(text)
    } else {
      // The first says it: a launcher that sees this one end may end that before it has.
      sleep(1)
    }
  }

  #if MPI
    /// Waits until the launcher has read what was said: told to end all, it may drop what it has not.
    private static func waitUntilHeard() {
      for _ in 0..<100 {
        usleep(10_000)
        var waiting: CInt = 0
        // On Linux either end of a pipe tells what lies in it.
        guard ioctl(STDERR_FILENO, UInt(FIONREAD), &waiting) == 0, waiting > 0 else { return }
      }
    }
  #endif

  /// Where each rank works, and with which device: a line each.
  public static func lines(device: String) throws -> [String] {
    guard ranks.count > 1 else { return [] }
    return try ranks.gather(Array(device.utf8)).enumerated().map { rank, name in
      "rank \(rank) of \(ranks.count): \(String(decoding: name, as: UTF8.self)), \(places[rank].text)"
    }
  }
}

/// What a launcher's variables say.
struct Launched: Hashable {
  var rank: Int
  var count: Int

  /// Of Open MPI, MPICH and those that follow it, MVAPICH, Slurm's `srun` and Flux.
  private static let variables = [
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("PMI_RANK", "PMI_SIZE"),
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"), ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
    ("FLUX_TASK_RANK", "FLUX_JOB_SIZE"),
  ]

  /// Nil where there is no launcher.
  init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
    for (rank, count) in Self.variables {
      guard let rank = environment[rank].flatMap({ Int($0) }),
        let count = environment[count].flatMap({ Int($0) })
      else { continue }
      (self.rank, self.count) = (rank, count)
      return
    }
    return nil
  }
}

/// Why processes that were started together cannot work together.
public enum LaunchError: Error, CustomStringConvertible {
  /// The work is not one to divide.
  case oneIsEnough(count: Int)
  /// The program cannot join the others.
  case withoutMPI(count: Int)
  /// MPI knows of others than the launcher started.
  case strangers(found: Int, count: Int)
  /// The ranks do not agree on what to do.
  case different(String)

  public var description: String {
    switch self {
    case .oneIsEnough(let count):
      "This is the work of one process, and \(count) were started together: start one."
    case .withoutMPI(let count):
      "This program was started \(count) times together, and was built without MPI. Start it alone, or "
        + "build it with 'swift build -c release --traits MPI' (scripts/setup --mpi installs MPI)."
    case .strangers(let found, let count):
      "This program was started \(count) times together, and MPI knows of \(found): the launcher is of "
        + "another MPI than the program was built with. Use that one's 'mpirun'."
    case .different(let problem): problem
    }
  }
}
