import Compute
import Conformance
import Foundation
import IWAE
import Testing

@testable import OpenCLDevice

@Suite struct TrialTests {
  /// A cache of its own, and devices that use it.
  private struct Scene {
    let cache = BinaryCache(
      folder: FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-test-\(UUID())"),
      secret: [7])

    func open(
      _ schedule: Schedule = .panels, trial: OpenCLDevice.Trial?
    ) throws -> OpenCLDevice {
      let description = try DeviceList.find(.automatic)
      let device = try OpenCLDevice(
        description, tuning: .standard(for: description, schedule: schedule), cache: cache)
      device.trial = trial
      return device
    }

    func end() { try? FileManager.default.removeItem(at: cache.folder) }
  }

  private final class Log {
    var families: [Set<Compute.Operation.Family>] = []
  }

  private static let input = Tensor("x", .vector(3), .input)

  private func sum() throws -> Program {
    var builder = ProgramBuilder("sum")
    try builder.append(.sum(Sum(input: Self.input, output: Tensor("y", .vector(1), .output))))
    return builder.build()
  }

  @Test func kernelsAreTriedOnce() throws {
    let scene = Scene()
    defer { scene.end() }
    let log = Log()
    for _ in 0..<2 {
      let device = try scene.open(.tiles) { kernels in
        log.families.append(kernels.families)
        #expect(kernels.maps.isEmpty)
        return nil
      }
      for _ in 0..<2 { try device.prepare([sum()]) }
      _ = try device.compile(sum(), on: device.allocate([]))
    }
    #expect(log.families == [[.sum]])
    // A kernel with other operations beside it, which nobody has tried.
    let device = try scene.open(.tiles) { kernels in
      log.families.append(kernels.families)
      return nil
    }
    var builder = ProgramBuilder("both")
    try builder.append(.sum(Sum(input: Self.input, output: Tensor("y", .vector(1), .output))))
    try builder.append(
      .logSumExp(
        LogSumExp(
          input: Tensor("rows", .matrix(rows: 2, columns: 3), .input),
          output: Tensor("z", .vector(2), .output))))
    try device.prepare([builder.build()])
    #expect(log.families == [[.sum], [.sum, .logSumExp]])
  }

  @Test func whatFailsIsRefusedUntilItsRecordIsGone() throws {
    let scene = Scene()
    defer { scene.end() }
    let wrong: OpenCLDevice.Trial = { _ in "sum(3): off by 1" }
    let error = #expect(throws: DeviceError.self) { try scene.open(trial: wrong).prepare([sum()]) }
    let text = try #require(error).description
    #expect(text.contains("sum(3): off by 1") && text.contains("--trust-driver"))
    // The finding is kept, and nobody has to find it again.
    let unused: OpenCLDevice.Trial = { _ in
      Issue.record("it was tried again")
      return nil
    }
    #expect(throws: DeviceError.self) { try scene.open(trial: unused).prepare([sum()]) }
    // What tries nothing trusts the driver.
    try scene.open(trial: nil).prepare([sum()])
    guard case .wrongResults(_, _, let record?) = error else {
      Issue.record("\(text)")
      return
    }
    for damage in ["", "[]"] {
      try Data(damage.utf8).write(to: URL(fileURLWithPath: record))
      #expect(throws: DeviceError.self) { try scene.open(trial: wrong).prepare([sum()]) }
    }
    try FileManager.default.removeItem(atPath: record)
    try scene.open { _ in nil }.prepare([sum()])
  }

  /// A device that is full, or gone, when it is tried has shown nothing.
  @Test func whatPassesIsNoFinding() throws {
    let scene = Scene()
    defer { scene.end() }
    let full: OpenCLDevice.Trial = { _ throws(DeviceError) in
      throw .callFailed(call: "clCreateBuffer", code: "CL_MEM_OBJECT_ALLOCATION_FAILURE")
    }
    #expect(throws: DeviceError.self) { try scene.open(trial: full).prepare([sum()]) }
    var isTried = false
    try scene.open { _ in
      isTried = true
      return nil
    }.prepare([sum()])
    #expect(isTried)
  }

  /// A training step's kernels are tried with all of its maps and operations, and compile nothing else.
  @Test(arguments: Schedule.allCases) func everythingInAStepIsTried(schedule: Schedule) throws {
    let scene = Scene()
    defer { scene.end() }
    let model = Model(
      dataSize: 11, encoder: [.init(hidden: [7], latent: 3, posterior: .full)],
      decoder: [.init(hidden: [5])], prior: .mixture(3))
    var configuration = StepConfiguration(
      batchSize: 4, samples: 5, objective: .piwae, source: .uploaded(hasMissing: false))
    configuration.optimizer = Adam()
    let program = try Step.build(model, configuration).program
    let log = Log()
    let device = try scene.open(schedule) { kernels throws(DeviceError) in
      log.families.append(kernels.families)
      #expect(kernels.families == Set(program.operations.map(\.family)))
      #expect(
        kernels.maps.count > 3 && kernels.maps.allSatisfy { kernels.serve($0, protection: .none) })
      let before = kernels.device.loaded.count
      let report = try DriverTrial(kernels.device).run(
        kernels.families, maps: kernels.maps, serve: kernels.serve)
      #expect(report.passes, "\(report.failures)")
      #expect(report.results.count >= kernels.maps.count + kernels.families.count - 1)
      #expect(kernels.device.loaded.count == before)
      return nil
    }
    try device.prepare([program])
    #expect(log.families.count == 1)
  }
}
