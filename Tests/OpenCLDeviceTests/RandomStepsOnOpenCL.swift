import Conformance
import OpenCLDevice
import Testing

@Suite struct RandomStepsOnOpenCL {
  /// Some of many: kernels take long to compile.
  @Test func stepsAgreeWithTheReference() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let report = CaseRunner(device).run(RandomSteps.cases(count: 8))
    #expect(report.passes && report.results.count == 8 && report.skipped.isEmpty)
    #expect(report.failures.map { "\($0.name): \($0.failures)" } == [])
  }
}
