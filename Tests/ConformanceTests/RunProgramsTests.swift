import Compute
import Conformance
import Testing

@Suite struct RunProgramsTests {
  /// A training holds a whole step, and the evaluation by which it validates.
  @Test func runsHoldWhatTheyCompute() throws {
    let runs = try RunPrograms.all()
    #expect(runs.map(\.name).contains("run-burda-2-training"))
    for run in runs {
      let families = run.programs.map { Set($0.operations.map(\.family)) }
      let steps = families.count { $0.isSuperset(of: [.gather, .weightGradient, .adam]) }
      #expect(steps == (run.name.hasSuffix("training") ? 1 : 0), "\(run.name)")
      #expect(families.contains { $0.contains(.accumulateWeights) }, "\(run.name)")
    }
  }
}
