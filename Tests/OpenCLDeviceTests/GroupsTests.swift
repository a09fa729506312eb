import Compute
import Foundation
import Testing

@testable import OpenCLDevice

/// Tunings whose work-groups turn out to be larger than kernels take.
@Suite struct GroupsTests {
  private static let delta = Tensor("delta", .matrix(rows: 3, columns: 2), .input)
  private static let bias = Tensor("bias", .vector(2), .parameter)

  private func gradient() throws -> Program {
    var builder = ProgramBuilder("gradient")
    try builder.append(
      .weightGradient(
        WeightGradient(delta: Self.delta, gradient: Self.bias.counterpart(.gradient))))
    return builder.build()
  }

  private func sum() throws -> Program {
    var builder = ProgramBuilder("sum")
    let (input, output) = (Tensor("x", .vector(3), .input), Tensor("y", .vector(1), .output))
    try builder.append(.sum(Sum(input: input, output: output)))
    return builder.build()
  }

  /// The device, as if its driver promised more than there is room for.
  private func boastful() throws -> DeviceDescription {
    let real = try DeviceList.find(.automatic)
    return DeviceDescription(
      index: real.index, name: real.name, platform: real.platform,
      platformVersion: real.platformVersion, kind: real.kind, version: real.version,
      driver: real.driver, computeUnits: real.computeUnits, memoryBytes: real.memoryBytes,
      largestAllocationBytes: real.largestAllocationBytes, localMemoryBytes: 1 << 24,
      largestWorkGroup: 1 << 24, vectorWidth: real.vectorWidth,
      sharesHostMemory: real.sharesHostMemory, problem: nil, handle: real.handle)
  }

  /// The first programs settle the tuning, prepared or not; what was found not to fit is kept, for it is asked
  /// again at each start.
  @Test(arguments: [true, false]) func theFirstTuningThatFitsIsTaken(isPrepared: Bool) throws {
    let cache = BinaryCache(
      folder: FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-test-\(UUID())"),
      secret: [7])
    defer { try? FileManager.default.removeItem(at: cache.folder) }
    let large = Tuning(schedule: .tiles, tile: 256, tileDepth: 8, item: 2)
    let standard = Tuning(schedule: .tiles)
    for isKept in [false, true] {
      let device = try OpenCLDevice(
        boastful(), tuning: large, otherwise: [standard, large], optimizes: false, cache: cache)
      let memory = try device.allocate([Self.bias])
      if isPrepared { try device.prepare([gradient()]) }
      let executable = try device.compile(gradient(), on: memory)
      #expect(device.tuning == standard && device.otherTunings.isEmpty)
      let unfit = try KernelLibrary(
        KernelSource(KernelModule(file: .sums)).text, context: device.context,
        device: device.description, tuning: large, optimizes: false, cache: cache)
      #expect(unfit.isFromCache)
      #expect(device.kernelsAreCached == isKept)
      try executable.upload([1, 2, 3, 4, 5, 6], to: Self.delta)
      try executable.run(Control())
      try executable.finish()
      #expect(try executable.floats(Self.bias.counterpart(.gradient)) == [9, 12])
      device.close()
    }
  }

  /// Opening a device compiles nothing, and programs only what they need.
  @Test func onlyWhatIsNeededIsCompiled() throws {
    let device = try OpenCLDevice.open(schedule: .tiles, optimizes: false)
    defer { device.close() }
    #expect(device.loaded.isEmpty)
    try device.prepare([sum()])
    #expect(device.loaded.map(\.module.file) == [.walk])
  }
}
