import Compute
import Conformance
import Testing

@testable import OpenCLDevice

/// The table on whatever OpenCL device there is.
@Suite struct ConformanceOnOpenCL {
  private func expectPass(_ device: OpenCLDevice, _ cases: [ConformanceCase], atLeast count: Int) {
    let report = CaseRunner(device).run(cases)
    #expect(report.results.count >= count)
    #expect(report.skipped.isEmpty)
    for failure in report.failures {
      Issue.record("\(failure.name), seed \(CaseTable.defaultSeed): \(failure.failures)")
    }
  }

  /// The whole table, under both schedules.
  @Test(arguments: Schedule.allCases) func table(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    expectPass(device, CaseTable.all(), atLeast: 200)
  }

  /// The other rows of the tuning table, and blocks of other heights and tiles of the other width.
  @Test func everyTuningAgrees() throws {
    let description = try DeviceList.find(.automatic)
    // The whole table runs under the standard ones.
    let standard = Schedule.allCases.map { Tuning.standard(for: description, schedule: $0) }
    var tunings = Tuning.all.filter { $0.fits(description) && !standard.contains($0) }
    tunings += [1, 7, 64].map { Tuning(schedule: .panels, blockRows: $0) }
    tunings += [3, 100].map { Tuning(schedule: .panels, blockRows: $0, wide: true) }
    #expect(tunings.count >= 7)
    for tuning in tunings {
      let device = try OpenCLDevice(description, tuning: tuning, cache: nil)
      expectPass(device, CaseTable.tuningTest(), atLeast: 60)
    }
  }
}
