import ReferenceDevice
import Testing

@testable import Conformance

@Suite struct DeterminismTests {
  private func finding(
    _ values: [Float], _ promise: Determinism.Promise
  ) -> Determinism.Finding {
    .init("way", promise, { values }, { [1, 2, 3] })
  }

  @Test func brokenPromisesAreFound() {
    let nearly: [Float] = [1, 2, Float(3).nextUp]
    #expect(finding([1, 2, 3], .sameBits).kept)
    #expect(!finding(nearly, .sameBits).kept)
    #expect(finding(nearly, .within(1e-6)).kept)
    #expect(!finding(nearly, .within(1e-8)).kept)
    #expect(!finding([1, 2, .nan], .within(1)).kept)
    #expect(!finding([1, 2], .within(1)).kept)
    #expect(finding([5, 6, 7], .nothing).kept)
  }

  @Test func waysThatFailBreakTheirPromise() throws {
    struct Failure: Error {}
    let failing = Determinism.Way("failing", .nothing) { throw Failure() }
    let findings = try Determinism(seed: 1).compare([failing], on: ReferenceDevice())
    #expect(findings.count == 1 && !findings[0].kept && findings[0].problem == "Failure()")
  }
}
