import Compute

/// The programs of a step that takes one image at a time, and its samples in chunks.
///
/// Gradients are summed over weights that are not normalised: exp(t (log w - maximum)), where the
/// maximum is that of the samples so far. When it moves, what was summed is rescaled; at the end it is
/// divided by the sum of the weights. Every degree of the weights has sums of its own. Nothing is
/// computed twice.
struct StreamingPrograms {
  let programs: [StepPrograms.Part: Program]
  /// The tensors that start at zero with every image, and the streams of a group and of an image.
  let zeros: [Tensor]
  let groupStreams: [WeightStream]
  let imageStreams: [WeightStream]
  /// The tensors that hold one number all along.
  let constants: [(tensor: Tensor, value: Float)]

  /// - Parameters:
  ///   - configuration: The step, with a batch of one image.
  ///   - chunks: The numbers of samples that chunks have.
  init(
    _ model: Model, _ configuration: StepConfiguration, chunks sizes: Set<Int>
  ) throws(ProgramError) {
    var builder = StreamBuilder(model, configuration, samples: 1)
    var programs = [StepPrograms.Part.begin: try builder.begin()]
    for size in sizes {
      var builder = StreamBuilder(model, configuration, samples: size)
      programs[.samples(size)] = try builder.chunk()
    }
    let streams = builder.streams
    groupStreams = streams.filter { $0.scope == .group }
    imageStreams = streams.filter { $0.scope == .all }
    let summed = Set(programs.values.tensors([.state, .accumulator]))
    if !groupStreams.isEmpty {
      // Divides what the samples of one group have summed.
      programs[.endGroup] = try builder.end(groupStreams, summed, isImage: false)
    }
    // Divides what all samples have summed, and walks the lowest encoder backwards.
    programs[.endImage] = try builder.end(imageStreams, summed, isImage: true)
    self.programs = programs
    zeros = [builder.imageBound] + builder.lowestTotals
    constants = builder.constants
  }
}
