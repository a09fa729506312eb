import Compute
import Conformance
import Foundation
import Testing

@testable import Experiments

/// Processes that find each other, divide a machine and compare what they were given.
@Suite struct LaunchTests {
  @Test func launchersAreKnownByTheirVariables() {
    #expect(Launched([:]) == nil)
    #expect(
      Launched(["PMI_RANK": "1"]) == nil && Launched(["PMI_RANK": "a", "PMI_SIZE": "2"]) == nil)
    for (rank, count) in [
      ("PMI_RANK", "PMI_SIZE"), ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
      ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"), ("FLUX_TASK_RANK", "FLUX_JOB_SIZE"),
      ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),
    ] {
      let launched = Launched([rank: "2", count: "5"])
      #expect(launched?.rank == 2 && launched?.count == 5)
    }
    // Within a job of Slurm, but not started by srun.
    #expect(Launched(["SLURM_PROCID": "0", "SLURM_NTASKS": "8"]) == nil)
  }

  /// After a rank died, by what it did.
  @Test func theRemedyIsTheCommands() {
    #expect(Launch.remedy(of: "train").contains("'train --resume'"))
    for command in ["evaluate", "bounds", "sandwich", "sweep", "reproduce", nil] {
      let text = Launch.remedy(of: command)
      #expect(!text.contains("--resume") && text.contains("ive the same command again"), "\(text)")
      let isKept = command == "sweep" || command == "reproduce"
      #expect(text.contains("What was saved stays") == isKept, "\(text)")
    }
  }

  @Test func processorsAreSharedEvenly() {
    let shares = (0..<3).map { Launch.share(of: Array(4..<12), index: $0, count: 3) }
    #expect(shares == [[4, 5], [6, 7, 8], [9, 10, 11]])
    let one = (0..<5).map { Launch.share(of: [0, 1], index: $0, count: 5) }
    #expect(one == [[0], [1], [0], [1], [0]])
  }

  /// A rank that has a machine for itself keeps its threads in place, as a process by itself does.
  @Test func driversAreToldOfSharesAlone() {
    let counts = ["POCL_MAX_PTHREAD_COUNT": "2", "POCL_CPU_MAX_CU_COUNT": "2"]
    let affinity = ["POCL_AFFINITY": "0"]
    #expect(Launch.environment(share: 8, all: 8, [:]).isEmpty)
    #expect(
      Launch.environment(share: 2, all: 8, ["PATH": "/bin"])
        == counts.merging(affinity) { one, _ in one })
    for name in counts.keys {
      #expect(Launch.environment(share: 2, all: 8, [name: "1"]) == affinity)
    }
  }

  @Test(arguments: [1, 2, 4]) func whoeverDiffersIsNamed(count: Int) throws {
    let same = try ThreadRanks.run(count) { ranks in
      try ranks.agree(on: [Fact("the data", "a"), Fact("the setting 'seed'", "0")])
      return true
    }
    #expect(same.count == count)
    guard count > 1 else { return }
    let found = try ThreadRanks.run(count) { ranks -> String in
      let isOther = ranks.rank == count - 1
      do {
        try ranks.agree(on: [
          Fact("the data", "a"), Fact("the setting 'seed'", isOther ? "1" : "0"),
        ])
        return "agreed"
      } catch {
        return "\(error)"
      }
    }
    #expect(
      found.allSatisfy {
        $0.hasPrefix("Rank \(count - 1) differs from rank 0 in the setting 'seed': it has 1")
          && $0.hasSuffix("Start all with the same program, arguments and files.")
      })
  }

  /// A fact that only one has is named, wherever it stands; one that it has twice is counted.
  @Test(arguments: [
    ("the images of active units", "only one of them has the images of active units. "),
    ("the images", "it compares 2 facts, and rank 0 1. "),
  ]) func whoeverHasMoreIsNamed(name: String, words: String) throws {
    let found = try ThreadRanks.run(2) { ranks -> String in
      let more = ranks.rank == 1 ? [Fact(name, "30")] : []
      do {
        try ranks.agree(on: [Fact("the images", "40")] + more)
        return "agreed"
      } catch {
        return "\(error)"
      }
    }
    let start = "Rank 1 has other work than rank 0: \(words)"
    #expect(found.count == 2 && found.allSatisfy { $0.hasPrefix(start) }, "\(found)")
  }

  /// A device of which only the name and the driver are known.
  private final class Card: Device {
    let backend = "opencl"
    let name = "card"
    let driver: String?
    var ranks: any Ranks = OneProcess()

    init(_ driver: String) { self.driver = driver }

    func allocate(_ tensors: [Tensor], protection: Protection) throws(DeviceError) -> any Memory {
      throw .foreignMemory(device: name)
    }

    func compile(
      _ program: Program, on memory: any Memory, protection: Protection
    ) throws(DeviceError) -> any Executable {
      throw .foreignMemory(device: name)
    }
  }

  /// Certificates keep facts, and the words of an error may change.
  @Test func aRemedyIsNoPartOfAFact() throws {
    var fact = Fact("the data", "a")
    let kept = try JSONEncoder().encode(fact)
    fact.remedy = "Something else."
    #expect(try JSONDecoder().decode(Fact.self, from: kept) == fact)
    #expect(
      try JSONDecoder().decode([String: String].self, from: kept) == [
        "name": "the data", "value": "a",
      ])
    #expect(Fact("the data", "b") != fact)
  }

  /// If only the driver is another, that is said, and what helps; other files do not.
  @Test func aDriverThatDiffersIsNamedWithItsRemedy() throws {
    let found = try ThreadRanks.run(2) { ranks -> [String] in
      ["550.54.14", "550.54.15"].map { driver -> String in
        do {
          try ranks.agree(on: Fact.device(Card(ranks.isFirst ? "550.54.14" : driver)))
          return "agreed"
        } catch {
          return "\(error)"
        }
      }
    }
    for words in found {
      #expect(words[0] == "agreed")
      #expect(
        words[1].hasPrefix(
          "Rank 1 differs from rank 0 in the device's driver: it has 550.54.15, and rank 0 has "
            + "550.54.14. "))
      #expect(words[1].contains("the same driver on all machines"), "\(words[1])")
      #expect(words[1].contains("'--device <name>'") && !words[1].contains("Start all with"))
    }
  }
}
