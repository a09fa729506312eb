import Compute

/// A comparison of a device with the reference while it trains: the images that it holds, and the
/// gradient of some images from the parameters that it holds.
final class Audit {
  private let needs: Needs
  private let memory: any Memory
  private let resident: any Executable
  private let known: any Memory
  private let uploaded: any Executable
  /// The step after which all agreed; nil before there was one.
  private var agreed: Int?

  /// Rounding stays some orders of magnitude below; a kink on which the two lie on different sides may
  /// not, but does not come twice.
  private static let limit = 1e-3

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
        var step = configuration.step(batchSize: min(2, data.images.count), source: source)
        step.samples = min(step.samples, max(configuration.objective.leastSamples, 4))
        (step.optimizer, step.backwardSamples) = (nil, nil)
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

  /// Looks at the first images of a step's batch.
  ///
  /// - Parameters:
  ///   - control: The step's.
  ///   - step: The steps that were made, for messages.
  func look(at control: Control, after step: Int) throws {
    func fault(_ what: String) -> TrainingError {
      .auditFailed(step: step, agreed: agreed, what: what)
    }
    guard try memory.download(needs.data.source).hasBits(of: needs.data.images.values) else {
      throw fault("the images in its memory are not those that were put there")
    }
    for parameter in needs.model.parameters {
      try known.upload(try memory.floats(parameter), to: parameter)
    }
    var other = control
    other.step ^= 1 << 31
    if try difference(control) != nil, let difference = try difference(other) {
      throw fault(difference)
    }
    agreed = step
  }

  /// The first gradient that differs, in words; nil if all agree.
  private func difference(_ control: Control) throws -> String? {
    try resident.run(control)
    guard case .words(let order) = try memory.download(needs.data.order) else { return nil }
    let rows = needs.resident.bounds.shape.count
    let indices = (0..<rows).map { order[Int(control.batchOffset) + $0] }
    let images = needs.data.images
    guard indices.allSatisfy({ $0 < images.count }) else {
      return "the order of the images in its memory holds one that there is not"
    }
    let pixels = indices.flatMap {
      images.drawn(Int($0), needs.binarization, seed: needs.seed, time: control.pass)
    }
    if let tensor = needs.uploaded.images { try uploaded.upload(pixels, to: tensor) }
    if let tensor = needs.uploaded.indices { try uploaded.upload(.words(indices), to: tensor) }
    if let tensor = needs.uploaded.labels {
      let labels = needs.data.images.labels.map { labels in indices.map { labels[Int($0)] } }
      try uploaded.upload(
        try needs.model.labelRows(labels, rows: rows).map(Float.init), to: tensor)
    }
    try uploaded.run(control)
    for parameter in needs.model.parameters {
      let gradient = parameter.counterpart(.gradient)
      let error = relativeDistance(
        try memory.floats(gradient), from: try known.floats(gradient))
      // Nothing that is no number is within the limit.
      guard error <= Self.limit else {
        return
          "the gradient of '\(parameter.name)' is off the reference's by \(Float(error)) of its "
          + "size, where \(Self.limit) is allowed"
      }
    }
    return nil
  }

  /// The distance of values from others, relative to the size of these.
  private func relativeDistance(_ values: [Float], from others: [Float]) -> Double {
    var (difference, size) = (0.0, 0.0)
    for (value, other) in zip(values, others) {
      difference += (Double(value) - Double(other)) * (Double(value) - Double(other))
      size += Double(other) * Double(other)
    }
    return difference == 0 ? 0 : (difference / size).squareRoot()
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
