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
        return TrialFindings(families: kernels.families)
      }
      for _ in 0..<2 { try device.prepare([sum()]) }
      _ = try device.compile(sum(), on: device.allocate([]))
    }
    #expect(log.families == [[.sum]])
    // A kernel with other operations beside it, which nobody has tried.
    let device = try scene.open(.tiles) { kernels in
      log.families.append(kernels.families)
      return TrialFindings(families: kernels.families)
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
    let wrong: OpenCLDevice.Trial = { _ in
      TrialFindings(families: [], failure: "sum(3): off by 1")
    }
    let error = #expect(throws: DeviceError.self) { try scene.open(trial: wrong).prepare([sum()]) }
    let text = try #require(error).description
    #expect(text.contains("sum(3): off by 1") && text.contains("--trust-driver"))
    // The finding is kept, and nobody has to find it again.
    let unused: OpenCLDevice.Trial = { _ in
      Issue.record("it was tried again")
      return TrialFindings(families: [])
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
    try scene.open { TrialFindings(families: $0.families) }.prepare([sum()])
  }

  /// What was not run has not passed. Maps have their turn at the next start; that nothing runs of a family is no
  /// reason for another trial.
  @Test func whatWasNotRunHasNotPassed() throws {
    let scene = Scene()
    defer { scene.end() }
    var builder = ProgramBuilder("maps")
    try builder.append(.sum(Sum(input: Self.input, output: Tensor("y", .vector(1), .output))))
    for number in 0..<3 {
      let (x, z) = (
        Tensor("x\(number)", .vector(3), .input), Tensor("z\(number)", .vector(3), .output)
      )
      try builder.append(
        .map(Map([.init(x.value + Formula(Double(number)), into: z)], reading: [x])))
    }
    let program = builder.build()
    var left: [Int] = []
    for maps in [[1], [], [0, 1]] as [Set<Int>] {
      let device = try scene.open { kernels in
        left.append(kernels.maps.count)
        #expect(kernels.families == [.sum, .map])
        return TrialFindings(families: [.map], maps: maps)
      }
      for _ in 0..<2 { try device.prepare([program]) }
      let verdict = device.loaded[0].library.verdict
      #expect(!verdict.passed.contains("sum") && verdict.untried == ["sum"])
    }
    #expect(left == [3, 2, 2])
    let device = try scene.open { _ in
      Issue.record("there was nothing to try")
      return TrialFindings(families: [])
    }
    try device.prepare([program])
    #expect(device.loaded[0].library.verdict.passed == ["map_0", "map_1", "map_2"])
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
      return TrialFindings(families: [])
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
      let findings = try DriverTrial(kernels.device, time: .seconds(600)).run(
        kernels.families, maps: kernels.maps, products: kernels.products, serve: kernels.serve)
      #expect(findings.failure == nil)
      #expect(findings.families == kernels.families)
      #expect(findings.maps == Set(kernels.maps.indices))
      // Tiles compile a walk's products for what they do: all of them are run, in a walk.
      #expect(kernels.products.isEmpty == (schedule == .panels))
      for products in kernels.products {
        let launches = kernels.device.sequence(of: products, .none).launches
        #expect(launches.map(\.kernel) == [.walk])
        #expect(
          Set(products.operations.compactMap(\.form)) == Set(program.operations.compactMap(\.form)))
        #expect(findings.results.contains { $0.name == products.name })
      }
      #expect(kernels.device.loaded.count == before)
      return TrialFindings(families: findings.families, maps: findings.maps)
    }
    try device.prepare([program])
    #expect(log.families.count == 1)
    #expect(device.loaded.allSatisfy { $0.library.verdict.untried.isEmpty })
  }
}

extension Compute.Operation {
  fileprivate var form: Int? { if case .multiply(let product) = self { product.form } else { nil } }
}
