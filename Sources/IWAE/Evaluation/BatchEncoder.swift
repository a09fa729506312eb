import Compute

/// A program that encodes a batch once, and the beginnings of others, which draw samples of what it
/// found.
struct BatchEncoder {
  /// Open to whatever else is told of the batch.
  var builder: StepBuilder
  let images: Tensor
  let indices: Tensor
  /// The lowest layer's.
  let heads: [Tensor]

  init(_ model: Model, source: BatchSource, batchSize: Int) throws(ProgramError) {
    builder = StepBuilder(
      model,
      StepConfiguration(
        batchSize: batchSize, samples: 1, objective: .vae, source: source, optimizer: nil),
      name: "encode")
    (images, indices) = try builder.appendBatch(as: .state)
    heads = try builder.appendLowest(try builder.appendSeen(images), headRole: .state)
  }

  /// The beginning of a program of so many samples of each image.
  func sampling(_ count: Int, name: String) -> StepBuilder {
    var configuration = builder.configuration
    configuration.samples = count
    var result = StepBuilder(builder.model, configuration, name: name)
    result.labels = builder.labels
    return result
  }
}

extension Set<Int> {
  /// The sizes of the parts of a count that is taken so many at a time.
  init(partsOf count: Int, by size: Int) {
    self = Set([Swift.min(size, count), count % size]).subtracting([0])
  }
}
