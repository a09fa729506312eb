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

  /// The whole table, under both schedules. Tiles are for GPUs, which have optimizers of their own.
  @Test(arguments: Schedule.allCases) func table(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule, optimizes: schedule == .panels)
    defer { device.close() }
    expectPass(device, CaseTable.all(), atLeast: 200)
  }

  /// Every row of the tuning table, blocks of other heights for all kinds of tiles. A map's code is
  /// the same for all of them but for how rows are taken, so that a few maps, and a few steps, which consist
  /// of them, stand for the others.
  @Test func everyTuningAgrees() throws {
    let description = try DeviceList.find(.automatic)
    let small = CaseTable.all().enumerated().filter { index, item in
      let isOfMaps = ["map(", "step("].contains(where: item.name.hasPrefix)
      return item.largestCount <= 1500 && (!isOfMaps || index % 32 == 0)
    }.map(\.element)
    var tunings = Tuning.all.filter { $0.fits(description) }
    tunings += [1, 7, 64].map { Tuning(schedule: .panels, blockRows: $0) }
    tunings += [3, 100].map { Tuning(schedule: .panels, blockRows: $0, registers: .tall) }
    tunings.append(Tuning(schedule: .panels, blockRows: 11, registers: .low))
    #expect(tunings.count >= 8)
    for tuning in tunings {
      let device = try OpenCLDevice(
        description, tuning: tuning, optimizes: tuning.schedule == .panels, cache: nil)
      expectPass(device, small, atLeast: 150)
    }
  }
}
