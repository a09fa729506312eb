import Compute

/// An image set on a device, with an order in which its rows are taken.
struct ResidentSet {
  let images: ImageSet
  let source: Tensor
  let order: Tensor
  /// `(N, C)`: a row with a single 1 for each image, where the model is conditional.
  let labels: Tensor?

  let labelRows: [UInt8]

  init(_ images: ImageSet, for model: Model, name: String) throws(ProgramError) {
    if let classes = model.condition, let problem = images.labelProblem(classes: classes) {
      throw .invalid(operation: "data", problem: problem)
    }
    if let classes = model.condition, images.count > (1 << 31) / classes {
      throw .invalid(
        operation: "data",
        problem:
          "\(images.count) labels of \(classes) classes, a row each, are more than 2^31 values.")
    }
    self.images = images
    labelRows = try model.labelRows(images.labels, rows: images.count)
    labels = model.condition.map {
      Tensor(
        "\(name).labels", .matrix(rows: images.count, columns: $0), .resident, element: .uint8)
    }
    source = Tensor(
      "\(name).images", .matrix(rows: images.count, columns: images.width), .resident,
      element: images.values.element)
    order = Tensor("\(name).order", .vector(images.count), .resident, element: .uint32)
  }

  var tensors: [Tensor] { [source, order] + [labels].compactMap(\.self) }

  func batchSource(_ binarization: Binarization) -> BatchSource {
    .resident(
      source: source, order: order, scale: images.scale,
      binarization: images.isBinary ? .none : binarization, labels: labels,
      hasMissing: images.hasMissing)
  }

  /// The images in the order in which they come.
  var ownOrder: [UInt32] { (0..<images.count).map { UInt32($0) } }

  /// Puts the images on the device, in their own order.
  func upload(to memory: any Memory) throws(DeviceError) {
    try memory.upload(images.values, to: source)
    try memory.upload(.words(ownOrder), to: order)
    if let labels { try memory.upload(.bytes(labelRows), to: labels) }
  }
}
