import Compute
import IWAE

/// The work that `bench` times: a training step over a fresh batch, or the evaluation of one batch.
final class Workload {
  /// The operations of one run's matrix products.
  let productOperations: Double
  /// The programs of the step; nil where an evaluation is timed.
  let programs: StepPrograms?
  let batch: BenchBatch
  private(set) var memory: (any Memory)?
  private let body: () throws(DeviceError) -> Void

  /// - Parameters:
  ///   - arguments: The flags of `bench`.
  ///   - model: The model.
  ///   - device: The device that is timed.
  init(_ arguments: ParsedArguments, _ model: Model, _ device: any Device) throws {
    let seed = try arguments.seed(default: 0)
    let count = try arguments.integer("--batch", default: 20, maximum: 1 << 20)
    let batch = try BenchBatch(model, count: count, seed: seed, device)
    self.batch = batch
    if arguments.has("--evaluate") {
      programs = nil
      let evaluator = try Evaluator(
        model, parameters: batch.initialParameters,
        images: ImageSet(
          name: "bench", values: .bytes(batch.batches[0]), width: model.dataSize,
          labels: batch.classes),
        device: device, samples: try arguments.integer("--samples", default: 5000),
        binarization: .none, batchSize: count, seed: seed)
      productOperations = evaluator.productOperations
      body = { () throws(DeviceError) in _ = try evaluator.evaluate() }
      return
    }
    let settings = try StepOptions.settings(arguments)
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
    control.seed = seed
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

  /// Runs once, then until the first surprises are over; returns the time from the start of the
  /// process to the end of the first run, in milliseconds.
  func prepare() throws(DeviceError) -> Double {
    try body()
    let first = ProcessStart.elapsedMilliseconds
    // The rest of what is slow at first takes a tenth of a second.
    let clock = ContinuousClock()
    let start = clock.now
    while clock.now - start < .milliseconds(100) { try body() }
    return first
  }

  /// The time of each of some runs, in milliseconds.
  func time(_ count: Int) throws(DeviceError) -> [Double] {
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
