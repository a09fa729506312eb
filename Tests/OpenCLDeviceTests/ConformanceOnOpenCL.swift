import Compute
import Conformance
import Testing

@testable import OpenCLDevice

/// The whole table on whatever OpenCL device there is, under both schedules.
@Suite struct ConformanceOnOpenCL {
  @Test(arguments: Schedule.allCases) func table(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    let report = CaseRunner(device).run(CaseTable.all())
    #expect(report.results.count >= 200)
    #expect(report.skipped.isEmpty)
    for failure in report.failures {
      Issue.record("\(failure.name), seed \(CaseTable.defaultSeed): \(failure.failures)")
    }
  }
}
