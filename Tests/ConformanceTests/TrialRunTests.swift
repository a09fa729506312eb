import Compute
import ReferenceDevice
import Testing

@testable import Conformance

@Suite struct TrialRunTests {
  /// A trial ends with the first case that fails, and runs only what the kernels at hand serve.
  @Test func aTrialEndsWithTheFirstFailure() throws {
    let families: Set<Compute.Operation.Family> = [.multiply, .sum]
    let right = try DriverTrial(ReferenceDevice()).run(families, maps: []) { _, _ in true }
    #expect(right.failure == nil && right.results.count >= 3 && right.families == families)
    let wrong = try DriverTrial(CaseRunnerTests.Faulty(spoils: true)).run(families, maps: []) {
      _, _ in true
    }
    #expect(wrong.results.count == 1 && wrong.failure != nil && wrong.families.isEmpty)
    let none = try DriverTrial(CaseRunnerTests.Faulty(spoils: true)).run(families, maps: []) {
      _, _ in false
    }
    #expect(none.results.isEmpty && none.failure == nil && none.families.isEmpty)
  }

  /// However little time there is, each family and a map have had their case; what has had none has passed
  /// nothing.
  @Test func aTrialSaysWhatItTried() throws {
    let maps = ["a", "b", "c"].map { name in
      var build = CaseBuilder(name, seed: 1)
      let shape = Shape.matrix(rows: 2, columns: 3)
      let (x, y) = (build.input("x", shape), build.output("y", shape, .step(times: 1)))
      build.append(.map(Map([.init(x.value + 1, into: y)], reading: [x])))
      return build.build().program
    }
    let families: Set<Compute.Operation.Family> = [.multiply, .sum, .noise, .map]
    let late = try DriverTrial(ReferenceDevice(), time: .zero).run(families, maps: maps) { _, _ in
      true
    }
    #expect(late.families == families && late.maps == [0])
    // The training step, a map, and a case of each, of products and of sums one of either kind.
    #expect(late.results.count == 7)
    for kind in ["multiply(", "multiplyTransposed("] {
      #expect(late.results.contains { $0.name.hasPrefix(kind) })
    }
    let whole = try DriverTrial(ReferenceDevice(), time: .seconds(600)).run(families, maps: maps) {
      program, _ in program.operations.allSatisfy { $0.family != .noise }
    }
    #expect(whole.families == families.subtracting([.noise]) && whole.maps == [0, 1, 2])
    let refused = try DriverTrial(CaseRunnerTests.Faulty(refuses: "noise")).run(
      [.multiply, .noise], maps: []
    ) {
      _, _ in
      true
    }
    #expect(refused.families == [.multiply])
  }
}
