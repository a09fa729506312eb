import Compute
import IWAE

/// The data of what is timed: random bits, a batch at a time.
struct BenchBatch {
  let model: Model
  let seed: UInt64
  let device: any Device
  let source: Tensor
  let order: Tensor
  /// The class of each image, by turns.
  let classes: [Int]?
  /// `(B, C)`: a row with a single 1 for each image of a conditional model.
  let labels: Tensor?
  private let labelRows: [UInt8]
  /// `(1)`: the sum of the bounds of all steps.
  let bound = Tensor("bench.bound", .vector(1), .state)
  /// Several batches by turns: what is uploaded is never what is there already.
  let batches: [[UInt8]]

  init(
    _ model: Model, count: Int, seed: UInt64, _ device: any Device
  ) throws(ProgramError) {
    self.model = model
    self.seed = seed
    self.device = device
    source = Tensor(
      "batch", .matrix(rows: count, columns: model.dataSize), .resident, element: .uint8)
    order = Tensor("order", .vector(count), .resident, element: .uint32)
    classes = model.condition.map { classes in (0..<count).map { $0 % classes } }
    labelRows = try model.labelRows(classes, rows: count)
    labels = model.condition.map {
      Tensor("batch.labels", .matrix(rows: count, columns: $0), .resident, element: .uint8)
    }
    batches = (0..<4).map { Self.bits(count * model.dataSize, seed: seed, index: $0) }
  }

  var batchSource: BatchSource {
    .resident(source: source, order: order, scale: 1, binarization: .none, labels: labels)
  }

  /// Memory for programs, with a batch, and with fresh parameters or those of another memory.
  func memory(
    for programs: StepPrograms, parametersOf other: (any Memory)? = nil
  ) throws(DeviceError) -> any Memory {
    let memory = try device.allocate(
      model.parameters + [source, order, bound] + [labels].compactMap(\.self) + programs.states)
    if let other {
      for parameter in model.parameters {
        try memory.upload(try other.floats(parameter), to: parameter)
      }
    } else {
      for (parameter, values) in initialParameters { try memory.upload(values, to: parameter) }
    }
    try memory.upload(.words((0..<order.shape.count).map { UInt32($0) }), to: order)
    try memory.upload(.bytes(batches[0]), to: source)
    if let labels { try memory.upload(.bytes(labelRows), to: labels) }
    return memory
  }

  var initialParameters: [Tensor: [Float]] {
    model.initialParameters(seed: seed, mean: Array(repeating: 0.3, count: model.dataSize))
  }

  private static func bits(_ count: Int, seed: UInt64, index: Int) -> [UInt8] {
    let width = NoiseAddress.maximumColumns
    return (0..<count).map { position in
      let address = NoiseAddress(
        seed: seed, purpose: .data, time: UInt32(index), sample: UInt32(position / width))
      return address.uniform(column: position % width) < 0.3 ? 1 : 0
    }
  }
}
