import Compute
import IWAE

/// A short training that comes to the same however it is carried out: to the same bits, or nearly.
public struct Determinism: Sendable {
  private let model = Model(
    dataSize: 37, encoder: [.init(hidden: [33], latent: 19), .init(hidden: [18], latent: 5)],
    decoder: [.init(hidden: [18]), .init(hidden: [33])])
  private let images: ImageSet
  private let seed: UInt64
  private static let batchSize = 12
  private static let samples = 64

  public init(seed: UInt64) {
    self.seed = seed
    let address = NoiseAddress(seed: seed, purpose: .data, time: 0xde7e)
    let levels = (0..<100 * model.dataSize).map { UInt8(address.word(column: $0) >> 24) }
    images = ImageSet(name: "noise", values: .bytes(levels), width: model.dataSize)
  }

  /// Parameters and moments after two passes.
  ///
  /// - Parameters:
  ///   - device: The device that trains.
  ///   - division: The part of a batch that is taken at a time.
  ///   - leaves: The leaves that batches are divided into; 1 for none, which `division` is about.
  ///   - isInterrupted: True to stop after every step that can be stopped after, and to go on with
  ///     another trainer from what a checkpoint holds.
  public func train(
    on device: any Device, as division: StepPrograms.Division = .whole, leaves: Int = 1,
    isInterrupted: Bool = false
  ) throws -> [Float] {
    let memoryLimit = try StepPrograms(model, step, division, device).bytes
    var configuration = TrainingConfiguration(
      objective: .iwae, samples: Self.samples, batchSize: Self.batchSize, passes: 2, seed: seed,
      memoryLimit: memoryLimit)
    configuration.leaves = leaves
    var state: [Tensor: [Float]]?
    var progress = TrainingProgress()
    while true {
      let trainer = try Trainer(
        model, configuration, images: images, device: device, state: state, progress: progress)
      guard trainer.programs.division == division else {
        throw DivisionError(asked: division, found: trainer.programs.division)
      }
      func passes() throws -> Bool {
        try trainer.finishPass(every: .zero) { _ in !isInterrupted } != nil
      }
      while try !trainer.isDone && passes() {}
      let now = try trainer.state()
      if trainer.isDone { return values(now) }
      (state, progress) = (now, trainer.progress)
    }
  }

  /// The gradients of one batch.
  ///
  /// - Parameters:
  ///   - device: The device that computes them.
  ///   - isReversed: True to take its images the other way round.
  public func gradients(on device: any Device, isReversed: Bool) throws -> [Float] {
    let programs = try StepPrograms(model, step, .whole, device)
    let memory = try device.allocate(model.parameters + Self.tensors(of: images))
    let parameters = model.initialParameters(seed: seed, mean: images.mean)
    for (tensor, values) in parameters { try memory.upload(values, to: tensor) }
    let order = (0..<UInt32(images.count)).map { $0 }
    let batch = order.prefix(Self.batchSize)
    for (tensor, values) in zip(
      Self.tensors(of: images),
      [
        images.values,
        .words((isReversed ? batch.reversed() : Array(batch)) + order.dropFirst(batch.count)),
      ])
    { try memory.upload(values, to: tensor) }
    let runner = try StepRunner(programs, on: memory, device: device)
    try runner.run(Control())
    return try model.parameters.flatMap { try memory.floats($0.counterpart(.gradient)) }
  }

  /// The limit of memory led to other parts of a batch than those that it is the size of.
  private struct DivisionError: Error {
    var asked: StepPrograms.Division
    var found: StepPrograms.Division
  }

  /// The parts of a batch to train by, and their names.
  func divisions(on device: any Device) throws -> [(division: StepPrograms.Division, name: String)]
  {
    let divisions = [
      StepPrograms.Division.whole, .images(Self.batchSize / 2), .images(1),
      .samples(Self.samples / 4),
    ]
    return try divisions.map { ($0, try StepPrograms(model, step, $0, device).description) }
  }

  private func values(_ state: [Tensor: [Float]]) -> [Float] {
    model.parameters.flatMap { parameter in
      [parameter, parameter.counterpart(.firstMoment), parameter.counterpart(.secondMoment)]
        .flatMap { state[$0] ?? [] }
    }
  }

  private static func tensors(of images: ImageSet) -> [Tensor] {
    [
      Tensor(
        "data", .matrix(rows: images.count, columns: images.width), .resident, element: .uint8),
      Tensor("order", .vector(images.count), .resident, element: .uint32),
    ]
  }

  private var step: StepConfiguration {
    let tensors = Self.tensors(of: images)
    return StepConfiguration(
      batchSize: Self.batchSize, samples: Self.samples, objective: .iwae,
      source: .resident(
        source: tensors[0], order: tensors[1], scale: images.scale, binarization: .sample),
      optimizer: nil)
  }
}
