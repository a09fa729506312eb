import Compute
import IWAE

/// Work that is timed: a training step over a fresh batch, or the evaluation of one batch.
public final class Workload {
  /// The operations of one run's matrix products.
  public let productOperations: Double
  /// The programs of the step; nil where an evaluation is timed.
  public let programs: StepPrograms?
  /// The memory of the step; nil where an evaluation is timed.
  public let memory: (any Memory)?
  let batch: BenchBatch
  private let body: () throws -> Void

  /// The evaluation of one batch.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - count: Images in the batch.
  ///   - samples: Samples of each image.
  ///   - device: The device that is timed.
  ///   - seed: The seed of everything random.
  public init(
    evaluationOf model: Model, batch count: Int, samples: Int, on device: any Device,
    seed: UInt64 = 0
  ) throws {
    batch = try BenchBatch(model, count: count, seed: seed, device)
    (programs, memory) = (nil, nil)
    let evaluator = try Evaluator(
      model, parameters: batch.initialParameters,
      images: ImageSet(
        name: "bench", values: .bytes(batch.batches[0]), width: model.dataSize,
        labels: batch.classes),
      device: device, samples: samples, binarization: .none, batchSize: count, seed: seed)
    productOperations = evaluator.productOperations
    body = { _ = try evaluator.evaluate() }
  }

  /// A training step.
  ///
  /// - Parameters:
  ///   - settings: The step and its batch, and the seed of everything random.
  ///   - model: The model.
  ///   - device: The device that is timed.
  public init(step settings: RunConfiguration, of model: Model, on device: any Device) throws {
    let batch = try BenchBatch(model, count: settings.batch, seed: settings.seed, device)
    self.batch = batch
    var configuration = try settings.step(from: batch.batchSource)
    configuration.optimizer = Adam()
    configuration.boundTotal = batch.bound
    let programs = try StepPrograms(
      model, configuration, on: device, limit: settings.memory == 0 ? nil : settings.memory)
    self.programs = programs
    productOperations = programs.productOperations
    let memory = try batch.memory(for: programs)
    self.memory = memory
    let runner = try StepRunner(programs, on: memory, device: device)
    var control = Control()
    control.seed = settings.seed
    body = { () throws(DeviceError) in
      let next = batch.batches[Int(control.step) % batch.batches.count]
      try memory.upload(.bytes(next), to: batch.source)
      AdamConvention.usual.apply(
        to: &control, step: Int(control.step), rate: 1e-3, optimizer: Adam())
      try runner.run(control)
      // Reading the bound waits for everything before it.
      _ = try memory.floats(batch.bound)
      control.step += 1
    }
  }

  /// Runs once, then until the first surprises are over.
  ///
  /// - Parameter isReady: Called when the first run has ended.
  public func prepare(_ isReady: () -> Void = {}) throws {
    try body()
    isReady()
    // The rest of what is slow at first takes a tenth of a second.
    let clock = ContinuousClock()
    let start = clock.now
    while clock.now - start < .milliseconds(100) { try body() }
  }

  /// The time of each of some runs, in milliseconds.
  public func time(_ count: Int) throws -> [Double] {
    let clock = ContinuousClock()
    var times: [Double] = []
    for _ in 0..<count {
      let start = clock.now
      try body()
      times.append(start.duration(to: clock.now) / .milliseconds(1))
    }
    return times
  }
}
