import Compute
import Conformance
import Testing

@testable import OpenCLDevice

@Suite struct KernelTextTests {
  /// A run's walks are compiled as one, with what all of its programs need.
  @Test(arguments: Schedule.allCases)
  func walksOfARunAreOneFile(_ schedule: Schedule) throws {
    let run = try #require(RunPrograms.all().first { $0.name == "run-rich-training" })
    let tuning = Tuning(schedule: schedule)
    let files = KernelText.files(of: [.run(run.name, run.programs)], tuning: tuning)
    let walks = files.filter { $0.name.hasPrefix("walk") }
    #expect(walks.map(\.name) == ["walk-run-rich-training.cl"])
    let modules = run.programs.flatMap {
      LaunchSequence($0, tuning: tuning, computeUnits: 1, parameters: []).modules
    }.filter { $0.file == .walk }
    #expect(modules.count > 1)
    let maps = modules.reduce(into: Set()) { $0.formUnion($1.maps) }
    for number in 0..<maps.count {
      #expect(walks.first?.source.contains("case \(number): run_map_\(number)(") == true)
    }
  }

  /// Cases have modules that stay small; a file that is the same for all is there once.
  @Test func filesOfSeveralGroupsAreThereOnce() throws {
    let runs = try RunPrograms.all()
    let cases = CaseTable.smokeTest().map { (program: $0.program, protection: $0.protection) }
    let files = KernelText.files(
      of: [.cases(cases)] + runs.map { .run($0.name, $0.programs) },
      tuning: Tuning(schedule: .tiles))
    let names = files.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(Set(["walk.cl", "walk-2.cl", "sums.cl", "peak.cl"]).isSubset(of: names))
    #expect(Set(runs.map { "walk-\($0.name).cl" }).isSubset(of: names))
  }

  @Test func theFirstStandardIsTheUsual() {
    for schedule in Schedule.allCases {
      let standards = Tuning.standards(of: schedule)
      #expect(standards.first == Tuning(schedule: schedule))
      #expect(Set(standards) == Set(Tuning.all.filter { $0.schedule == schedule }))
    }
  }
}
