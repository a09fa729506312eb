import Compute

/// A comparison of a device with the reference while it trains: the data that it holds, and the gradient
/// of some images from the parameters that it holds.
final class Audit {
  private let needs: Needs
  private let memory: any Memory
  private let resident: any Executable
  private let known: any Memory
  private let uploaded: any Executable
  /// The step after which all agreed; nil before there was one since the run was started or resumed.
  private var agreed: Int?

  /// Rounding stays some orders of magnitude below; a kink on which the two lie on different sides may
  /// not, but does not come twice.
  private static let limit = 1e-2
  /// The size that a gradient counts at least, and the least share of the size of all: one in which all
  /// cancels is rounding alone.
  private static let least = (size: 1e-3, share: 1e-2)

  /// The programs: the same gradient of images that are resident, and of the same that are uploaded.
  struct Needs {
    let model: Model
    let seed: UInt64
    let data: ResidentSet
    let binarization: Binarization
    let resident: Step
    let uploaded: Step
    let reference: any Device

    init(
      _ model: Model, _ configuration: TrainingConfiguration, _ data: ResidentSet,
      _ binarization: Binarization, reference: any Device
    ) throws(ProgramError) {
      (self.model, self.data, self.reference) = (model, data, reference)
      (seed, self.binarization) = (configuration.seed, binarization)
      func step(_ source: BatchSource) throws(ProgramError) -> Step {
        var step = configuration.step(
          batchSize: min(2, configuration.batchSize, data.images.count), source: source)
        step.samples = min(step.samples, max(configuration.objective.leastSamples, 4))
        (step.optimizer, step.backwardSamples) = (nil, nil)
        if step.estimator == .auto { step.estimator = .standard }
        return try .build(model, step)
      }
      resident = try step(data.batchSource(binarization))
      uploaded = try step(.uploaded(hasMissing: data.images.hasMissing))
    }
  }

  init(_ needs: Needs, on memory: any Memory, device: any Device) throws(DeviceError) {
    (self.needs, self.memory) = (needs, memory)
    resident = try device.compile(needs.resident.program, on: memory)
    known = try needs.reference.allocate(needs.model.parameters)
    uploaded = try needs.reference.compile(needs.uploaded.program, on: known)
  }

  /// Looks at the data, and at the first images of a step's batch.
  ///
  /// - Parameters:
  ///   - control: The step's.
  ///   - step: The steps that were made, for messages.
  ///   - order: The images in the order in which the pass takes them.
  func look(at control: Control, after step: Int, order: [UInt32]) throws {
    let data = needs.data
    func fault(_ what: String) -> TrainingError {
      .auditFailed(step: step, agreed: agreed, what: what)
    }
    var held: [(what: String, tensor: Tensor, values: HostValues)] = [
      ("images", data.source, data.images.values),
      ("order of the images", data.order, .words(order)),
    ]
    if let labels = data.labels { held.append(("labels", labels, .bytes(data.labelRows))) }
    for (what, tensor, values) in held {
      guard try memory.download(tensor).hasBits(of: values) else {
        throw fault("the \(what) in the device's memory: not what was put there")
      }
    }
    let batch = order[Int(control.batchOffset)...].prefix(needs.resident.bounds.shape.count)
    for parameter in needs.model.parameters {
      try known.upload(try memory.floats(parameter), to: parameter)
    }
    var other = control
    other.step ^= 1 << 31
    if try difference(control, Array(batch), step) != nil,
      let difference = try difference(other, Array(batch), step)
    {
      throw fault(difference)
    }
  }

  /// The first gradient that differs, in words; nil if all agree. Of what is no number it says nothing:
  /// the step gives none either.
  private func difference(
    _ control: Control, _ indices: [UInt32], _ step: Int
  ) throws -> String? {
    try resident.run(control)
    let pixels = indices.flatMap {
      needs.data.images.drawn(Int($0), needs.binarization, seed: needs.seed, time: control.pass)
    }
    if let tensor = needs.uploaded.images { try uploaded.upload(pixels, to: tensor) }
    if let tensor = needs.uploaded.indices { try uploaded.upload(.words(indices), to: tensor) }
    if let tensor = needs.uploaded.labels {
      let labels = needs.data.images.labels.map { labels in indices.map { labels[Int($0)] } }
      try uploaded.upload(
        try needs.model.labelRows(labels, rows: indices.count).map(Float.init), to: tensor)
    }
    try uploaded.run(control)
    let gradients = try needs.model.parameters.map { parameter in
      let gradient = parameter.counterpart(.gradient)
      return (parameter, found: try memory.floats(gradient), expected: try known.floats(gradient))
    }
    guard gradients.allSatisfy({ ($0.found + $0.expected).allSatisfy(\.isFinite) }) else {
      return nil
    }
    let least = max(Self.least.size, Self.least.share * size(gradients.flatMap(\.expected)))
    for (parameter, found, expected) in gradients {
      let error = size(zip(found, expected).map { $0 - $1 }) / max(size(expected), least)
      guard error > Self.limit else { continue }
      return
        "the gradient of '\(parameter.name)': off the reference's by \(Float(error)) of its size, "
        + "where \(Self.limit) is allowed"
    }
    agreed = step
    return nil
  }

  private func size(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }
}

extension HostValues {
  /// True if another's values are the same bits.
  fileprivate func hasBits(of other: HostValues) -> Bool {
    guard case (.floats(let mine), .floats(let others)) = (self, other) else {
      return self == other
    }
    return mine.count == others.count
      && zip(mine, others).allSatisfy { $0.bitPattern == $1.bitPattern }
  }
}
