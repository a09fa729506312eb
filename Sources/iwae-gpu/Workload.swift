import Compute
import IWAE

/// What `bench` times: one training step over a fresh batch, or the evaluation of one batch.
final class Workload {
  /// The operations of one run's matrix products.
  let productOperations: Double
  /// The step, where that is what is timed.
  let plan: StepPlan?
  private let body: () throws(DeviceError) -> Void
  private(set) var memory: (any Memory)?

  /// - Parameters:
  ///   - arguments: The flags of `bench`.
  ///   - model: The model.
  ///   - device: Where.
  convenience init(
    _ arguments: ParsedArguments, _ model: Model, _ device: any Device
  ) throws {
    let seed = try arguments.seed(default: 0)
    let batch = try arguments.integer("--batch", default: 20, maximum: 1 << 20)
    if arguments.has("--evaluate") {
      try self.init(
        evaluating: model, batch: batch,
        samples: try arguments.integer("--samples", default: 5000), seed: seed, device)
    } else {
      try self.init(arguments, training: model, batch: batch, seed: seed, device)
    }
  }

  private init(
    _ arguments: ParsedArguments, training model: Model, batch: Int, seed: UInt64,
    _ device: any Device
  ) throws {
    let source = Tensor(
      "batch", .matrix(rows: batch, columns: model.dataSize), .resident, element: .uint8)
    let order = Tensor("order", .vector(batch), .resident, element: .uint32)
    var configuration = try StepOptions.configuration(
      arguments, batch: batch,
      source: .resident(source: source, order: order, scale: 1, binarization: .none))
    configuration.optimizer = Adam()
    let plan = try StepPlan(
      model, configuration, on: device, limit: try StepOptions.memoryLimit(arguments))
    self.plan = plan
    productOperations = plan.productOperations
    let memory = try Backend.wrap { () throws(DeviceError) in
      let memory = try device.allocate(model.parameters + [source, order] + plan.states)
      for (parameter, values) in model.initialParameters(
        seed: seed, mean: Array(repeating: 0.3, count: model.dataSize))
      {
        try memory.upload(values, to: parameter)
      }
      try memory.upload(.words((0..<batch).map { UInt32($0) }), to: order)
      return memory
    }
    let runner = try StepRunner(plan, on: memory, device: device)
    self.memory = memory
    // Several batches by turns: what is uploaded is never what is there already.
    let batches = (0..<4).map { Self.bits(batch * model.dataSize, seed: seed, index: $0) }
    var control = Control()
    control.seed = seed
    body = { () throws(DeviceError) in
      try memory.upload(.bytes(batches[Int(control.step) % batches.count]), to: source)
      AdamConvention.usual.apply(
        to: &control, step: Int(control.step), rate: 1e-3, optimizer: Adam())
      try runner.run(control)
      try runner.finish()
      control.step += 1
    }
  }

  private init(
    evaluating model: Model, batch: Int, samples: Int, seed: UInt64, _ device: any Device
  ) throws {
    plan = nil
    let images = ImageSet(
      name: "bench", values: .bytes(Self.bits(batch * model.dataSize, seed: seed, index: 0)),
      width: model.dataSize)
    let evaluator = try Evaluator(
      model,
      parameters: model.initialParameters(
        seed: seed, mean: Array(repeating: 0.3, count: model.dataSize)),
      images: images, device: device, samples: samples, binarization: .none, batchSize: batch,
      seed: seed)
    productOperations = evaluator.productOperations
    body = { () throws(DeviceError) in _ = try evaluator.evaluate() }
  }

  private static func bits(_ count: Int, seed: UInt64, index: Int) -> [UInt8] {
    let width = NoiseAddress.maximumColumns
    return (0..<count).map { position in
      let address = NoiseAddress(
        seed: seed, purpose: .data, time: UInt32(index), sample: UInt32(position / width))
      return address.uniform(column: position % width) < 0.3 ? 1 : 0
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
