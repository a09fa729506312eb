import Compute
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

/// What becomes of steps that give no number.
@Suite struct NaNPolicyTests {
  private let model = Model(
    dataSize: 5, encoder: [.init(hidden: [4], latent: 2)], decoder: [.init(hidden: [4])])
  /// 150 batches of a pass: two whole blocks and a part.
  private let images = ImageSet(
    name: "patterns", values: .bytes((0..<1500).map { UInt8($0 * $0 / 7 % 2) }), width: 5)

  private let device: OpenCLDevice

  init() throws { device = try OpenCLDevice.open() }

  private func configuration(_ policy: NaNPolicy) -> TrainingConfiguration {
    var result = TrainingConfiguration(
      objective: .iwae, samples: 3, batchSize: 2, passes: 2, schedule: .constant(rate: 0.01),
      seed: 4)
    result.onNaN = policy
    return result
  }

  private func trainer(
    _ configuration: TrainingConfiguration, on device: any Device,
    from state: [Tensor: [Float]]? = nil, progress: TrainingProgress = TrainingProgress(),
    origin: PassOrigin? = nil
  ) throws -> Trainer {
    try Trainer(
      model, configuration, images: images, device: device, state: state, progress: progress,
      origin: origin)
  }

  private let faults: Set<UInt32> = [0, 5, 63, 64, 70, 71, 149, 150, 299]

  /// As if those steps had not been there: to the same bits, and in the mean of the bounds.
  @Test(arguments: UpsetTarget.allCases) func faultsAreLeftOut(target: UpsetTarget) throws {
    let faults = faults
    let skipping = try trainer(
      configuration(.skip), on: UpsetDevice(device, spoils: target) { faults.contains($0.step) })
    let omitting = try trainer(
      configuration(.stop), on: UpsetDevice(device, omits: { faults.contains($0.step) }))
    for pass in 0..<2 {
      let skipped = try #require(try skipping.finishPass())
      let omitted = try #require(try omitting.finishPass())
      let count = faults.count { Int($0) / 150 == pass }
      let mean = omitted.bound * 150 / Double(150 - count)
      #expect(abs(skipped.bound - mean) < 1e-9 * abs(mean))
    }
    #expect(try skipping.state() == omitting.state())
    #expect(skipping.progress.skippedSteps == faults.sorted().map(Int.init))
    #expect(skipping.progress.problem(images: 300, batchSize: 2) == nil)
  }

  /// The same where a step is made in parts.
  @Test func faultsInPartsAreLeftOut() throws {
    let faults = faults
    var (skips, stops) = (configuration(.skip), configuration(.stop))
    let limit = try trainer(skips, on: UpsetDevice(device)).programs.bytes - 1
    (skips.memoryLimit, stops.memoryLimit) = (limit, limit)
    let skipping = try trainer(
      skips, on: UpsetDevice(device, spoils: .parameter) { faults.contains($0.step) })
    let omitting = try trainer(
      stops, on: UpsetDevice(device, omits: { faults.contains($0.step) }))
    #expect(skipping.programs.division == .images(1))
    while !skipping.isDone { _ = try skipping.finishPass() }
    while !omitting.isDone { _ = try omitting.finishPass() }
    #expect(try skipping.state() == omitting.state())
    #expect(skipping.progress.skippedSteps == faults.sorted().map(Int.init))
  }

  /// Clipping takes what is no number into all gradients, and that of what is held is written by no step.
  @Test func gradientsThatNoStepWritesRecover() throws {
    let faults = faults
    let held = Set(model.generativeParameters.map { $0.counterpart(.gradient) })
    var (skips, stops) = (configuration(.skip), configuration(.stop))
    (skips.clipNorm, skips.holdsModel) = (0.5, true)
    (stops.clipNorm, stops.holdsModel) = (0.5, true)
    let upset = UpsetDevice(
      device,
      upset: { program, control, memory throws(DeviceError) in
        guard program.isUpdate, faults.contains(control.step) else { return }
        let parameters = memory.tensors.filter { $0.role == .parameter }
        for tensor in parameters.map({ $0.counterpart(.gradient) }) where held.contains(tensor) {
          try memory.upload(Array(repeating: .nan, count: tensor.shape.count), to: tensor)
        }
        let first = parameters[0]
        try memory.upload(Array(repeating: .nan, count: first.shape.count), to: first)
      })
    let skipping = try trainer(skips, on: upset)
    let omitting = try trainer(
      stops, on: UpsetDevice(device, omits: { faults.contains($0.step) }))
    while !skipping.isDone { _ = try skipping.finishPass() }
    while !omitting.isDone { _ = try omitting.finishPass() }
    #expect(try skipping.state() == omitting.state())
    #expect(skipping.progress.skippedSteps == faults.sorted().map(Int.init))
  }

  /// An audit leaves what is no number to the policy.
  @Test(arguments: NaNPolicy.allCases) func auditsAreOfNumbers(policy: NaNPolicy) throws {
    var configuration = configuration(policy)
    configuration.auditInterval = 10
    let upset = UpsetDevice(device, spoils: .parameter) {
      $0.step == 65 && $0.stepSize > 0.006
    }
    let trainer = try Trainer(
      model, configuration, images: images, device: upset, reference: ReferenceDevice())
    if policy == .stop {
      #expect(throws: TrainingError.self) { try trainer.finishPass() }
    } else {
      _ = try trainer.finishPass()
    }
  }

  /// Stopped in the middle of a block, before and after a fault, and resumed.
  @Test(arguments: [2, 66, 72]) func whatIsLeftOutIsSoWhenResumed(after batches: Int) throws {
    let faults = faults
    let upset = UpsetDevice(device, spoils: .parameter) { faults.contains($0.step) }
    let whole = try trainer(configuration(.skip), on: upset)
    while !whole.isDone { _ = try whole.finishPass() }
    let first = try trainer(configuration(.skip), on: upset)
    var state: [Tensor: [Float]] = [:]
    var progress = TrainingProgress()
    let report = try first.finishPass(every: .zero) { _ in
      guard first.progress.batch >= batches, let now = try? first.state(), now.isFinite else {
        return true
      }
      (state, progress) = (now, first.progress)
      return false
    }
    #expect(report == nil && progress.batch >= batches && progress.batch < 150)
    let second = try trainer(configuration(.skip), on: upset, from: state, progress: progress)
    while !second.isDone { _ = try second.finishPass() }
    #expect(try second.state() == whole.state())
    #expect(second.progress == whole.progress)
  }

  @Test func notEverythingMayBeLeftOut() throws {
    var configuration = configuration(.skip)
    configuration.passes = 20
    let trainer = try trainer(configuration, on: UpsetDevice(device, spoils: .bound) { _ in true })
    do {
      while !trainer.isDone { _ = try trainer.finishPass() }
      Issue.record("nothing was learnt, and nobody said so")
    } catch TrainingError.tooManySkipped(let step, let count) {
      #expect((step, count) == (150, 150), "no step of the pass is left")
    }
    let late = try self.trainer(
      configuration, on: UpsetDevice(device, spoils: .bound) { $0.step % 150 != 0 })
    #expect(throws: TrainingError.self) { while !late.isDone { _ = try late.finishPass() } }
    #expect(late.progress.skippedSteps?.count == 1000)
  }

  /// The first pass goes well; the second begins again until the rate is low enough.
  @Test func theRateIsLoweredFromThePassOn() throws {
    var lowering = configuration(.lowerRate)
    lowering.convention = .released
    let upset = UpsetDevice(device, spoils: .parameter) { $0.step == 200 && $0.stepSize > 0.0005 }
    let lowered = try trainer(lowering, on: upset)
    let first = try #require(try lowered.finishPass())
    #expect(first.learningRate == 0.01 && lowered.progress.rateHalvings == nil)
    let state = try lowered.state()
    var progress = lowered.progress
    let second = try #require(try lowered.finishPass())
    let halvings = try #require(lowered.progress.rateHalvings)
    #expect((1...10).contains(halvings))
    #expect(second.learningRate == 0.01 / Double(1 << halvings))
    // The same as a pass that has that rate from its beginning.
    progress.rateHalvings = halvings
    let slow = try trainer(lowering, on: device, from: state, progress: progress)
    let report = try #require(try slow.finishPass())
    #expect(report.bound == second.bound)
    #expect(try slow.state() == lowered.state())
  }

  /// Stopped within a pass that has to begin again later: it does so from its beginning, as without the stop.
  @Test func aPassBeginsAgainAlikeWhenResumed() throws {
    let upset = UpsetDevice(device, spoils: .parameter) {
      $0.step == 100 && $0.stepSize > 0.006
    }
    let whole = try trainer(configuration(.lowerRate), on: upset)
    while !whole.isDone { _ = try whole.finishPass() }
    let first = try trainer(configuration(.lowerRate), on: upset)
    let report = try first.finishPass(every: .zero) { _ in first.progress.batch < 30 }
    #expect(report == nil && (30..<100).contains(first.progress.batch))
    let origin = try #require(first.passOrigin)
    #expect(origin.progress == TrainingProgress())
    let second = try trainer(
      configuration(.lowerRate), on: upset, from: first.state(), progress: first.progress,
      origin: origin)
    while !second.isDone { _ = try second.finishPass() }
    #expect(second.progress.rateHalvings == 1 && second.passOrigin == nil)
    #expect(try second.state() == whole.state())
    #expect(second.progress == whole.progress)
  }

  @Test func theRateIsNotLoweredForEver() throws {
    let trainer = try trainer(
      configuration(.lowerRate), on: UpsetDevice(device, spoils: .bound) { $0.step == 7 })
    #expect(throws: TrainingError.self) { try trainer.finishPass() }
    #expect(trainer.progress.rateHalvings == 10)
  }
}
