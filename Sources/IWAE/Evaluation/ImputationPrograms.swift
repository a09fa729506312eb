import Compute

/// The programs of imputation: one encodes a batch once, others draw a chunk of samples for each of its
/// images and add their means to running sums, by their weights; others decode samples that were
/// drawn among all again, their noise being addressed.
struct ImputationPrograms {
  /// A chunk of samples, `(B * samples)` each: log w, and log p of what is held out.
  struct Chunk {
    var program: Program
    var logWeights: Tensor
    /// Nil where nothing is.
    var heldOut: Tensor?
  }

  /// Some samples of each image, drawn again.
  struct Redraw {
    var program: Program
    /// `(B * draws)`, `uint32`: their numbers among all samples of their images.
    var drawn: Tensor
    /// `(B * draws, D)` each, or more columns, as classes have: the likelihood's heads.
    var heads: [Tensor]
  }

  let encode: Program
  /// By the number of samples.
  let weigh: [Int: Chunk]
  /// By the number of draws.
  let redraw: [Int: Redraw]
  /// `(B)` each: the largest log-weight, and the sum of the weights over that one.
  let maximum: Tensor
  let sum: Tensor
  /// `(B, D)`: the sum of the samples' means, each times its weight.
  let total: Tensor
  /// `(B, D)`: the values that are held out; NaN elsewhere.
  let heldOutValues: Tensor
  /// `(B, D C)` of classes, nil for other data: the sum of the samples' slopes of log p of what is
  /// held out by the logits, each times its weight.
  let slopes: Tensor?

  var all: [Program] { [encode] + weigh.values.map(\.program) + redraw.values.map(\.program) }

  var states: [Tensor] { all.tensors([.state]) }

  init(
    _ model: Model, source: BatchSource, batchSize: Int, chunks: Set<Int>, draws: Set<Int>,
    holdsOut: Bool
  ) throws(ProgramError) {
    let encoder = try BatchEncoder(model, source: source, batchSize: batchSize)
    encode = encoder.builder.program.build()

    let pixels = Shape.matrix(rows: batchSize, columns: model.dataSize)
    maximum = Tensor("imputation.maximum", .vector(batchSize), .state)
    sum = Tensor("imputation.sum", .vector(batchSize), .state)
    total = Tensor("imputation.total", pixels, .state)
    heldOutValues = Tensor("imputation.held_out", pixels, .state)
    let logits = model.likelihood.classes.map {
      Shape.matrix(rows: batchSize, columns: model.dataSize * $0)
    }
    slopes = holdsOut ? logits.map { Tensor("imputation.slopes", $0, .state) } : nil

    var weigh: [Int: Chunk] = [:]
    for samples in chunks {
      var weigher = encoder.sampling(samples, name: "weigh")
      try weigher.appendLatents(heads: encoder.heads, encoder.indices)
      try weigher.appendDecoder(encoder.images)
      let logWeights = try weigher.appendWeights(role: .output).logWeights
      let heldOut = try holdsOut ? weigher.appendHeldOut(heldOutValues) : nil
      let weights = try weigher.appendRunningWeights(logWeights, maximum: maximum, sum: sum)
      try weigher.appendSum(of: try weigher.expectation(), "means", times: weights, into: total)
      if let slopes {
        let values = try weigher.appendHeldOutSlopes(heldOutValues)
        try weigher.appendSum(of: values, "slopes", times: weights, into: slopes)
      }
      weigh[samples] = Chunk(
        program: weigher.program.build(), logWeights: logWeights, heldOut: heldOut)
    }
    self.weigh = weigh
    var redraw: [Int: Redraw] = [:]
    for count in draws {
      var walker = encoder.sampling(count, name: "redraw")
      let drawn = Tensor(
        "imputation.drawn.\(count)", .vector(batchSize * count), .state, element: .uint32)
      walker.drawn = drawn
      let sample = try walker.appendLatent(
        0, heads: encoder.heads, network: 0..<0, encoder.indices)
      let network = model.decoderNetworks[model.decoder.count - 1]
      let input = try walker.conditioned(sample, for: network)
      let dataHeads = try network.append(input, headRole: .output, to: &walker.program)
      walker.program.dropUnread()
      redraw[count] = Redraw(program: walker.program.build(), drawn: drawn, heads: dataHeads)
    }
    self.redraw = redraw
  }
}

extension StepBuilder {
  /// `(R)`: log p of the values that are held out, given each sample.
  fileprivate mutating func appendHeldOut(_ values: Tensor) throws(ProgramError) -> Tensor {
    let output = Tensor("held_out", .vector(sampleRows), .output)
    try appendLikelihood(of: values, hasMissing: true, into: output)
    return output
  }

  /// The slopes of log p of the values that are held out, by the logits of each sample.
  fileprivate mutating func appendHeldOutSlopes(
    _ values: Tensor
  ) throws(ProgramError) -> BoundFormula {
    let output = Tensor("held_out.slopes", dataHeads[0].shape, .temporary)
    try appendClasses(.slope, of: values, into: output)
    return BoundFormula(output.value, reading: [output])
  }

  /// Weights of a chunk's samples over the largest so far, and the factor of what was summed before.
  fileprivate mutating func appendRunningWeights(
    _ logWeights: Tensor, maximum: Tensor, sum: Tensor
  ) throws(ProgramError) -> (values: Tensor, decay: Tensor) {
    let weights = Tensor("weights", logWeights.shape, .temporary)
    let decay = Tensor("weights.decay", maximum.shape, .temporary)
    try program.append(
      .accumulateWeights(
        AccumulateWeights(
          logWeights: logWeights, maximum: maximum, sum: sum, decay: decay,
          coefficients: [.init(degree: 1, factor: 1, output: weights)])))
    return (weights, decay)
  }

  /// Adds what each sample says to a running sum, by its weight.
  fileprivate mutating func appendSum(
    of values: BoundFormula, _ name: String, times weights: (values: Tensor, decay: Tensor),
    into total: Tensor
  ) throws(ProgramError) {
    let weighed = Tensor(
      "weighed_\(name)", .matrix(rows: sampleRows, columns: total.shape.columns), .temporary)
    // A sample of no weight counts for nothing, even where its mean is infinite.
    let weight = weights.values.value
    try append(
      [.init(.where(weight, weight * values.formula, 0), into: weighed)],
      reading: [weights.values] + values.sources)
    try program.append(
      .sum(Sum(input: weighed, accumulates: true, decay: weights.decay, output: total)))
  }
}
