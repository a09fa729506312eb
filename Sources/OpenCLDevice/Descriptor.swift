import Compute

/// The arenas that kernels address; the order is that of the kernels' arguments.
enum ArenaKind: Int32, CaseIterable {
  case parameters, transposed, gradients, firstMoments, secondMoments, states, workspace
}

/// Where a tensor lies.
struct Placement: Hashable {
  var arena: ArenaKind
  /// In floats from the start of the arena's content, a multiple of 16.
  var offset: Int
  var stride: Int
}

/// What a kernel knows of an operation: the mirror of `descriptor` in descriptor.cl.
struct Descriptor {
  static let constantCount = 24
  static let operandCount = 12
  static let wordCount = 8 + constantCount + 3 * operandCount

  var kind: Kind
  var rowsPerUnit = 1
  var columns = 0
  var inner = 0
  var group = 1
  var samples = 1
  var mode = 0
  var firstGroup = 0
  var constants: [Float] = []
  var operands: [Placement?] = []

  /// The codes of panels.cl and the kernels of tiles.cl.
  enum Kind: Int32 {
    case gather, multiply, weightGradient, biasGradient, reparameterize, latentTerm, bernoulli
    case gaussian, logWeight, estimate, latentGradient, sumSamples, accumulateWeights, sum, adam
    case productIntoLikelihood, scaleRows, normalize, logMean, draw
    case leapfrog, accept, select
  }

  /// A number that the device's 32-bit words cannot hold; nil if all fit.
  var tooLarge: Int? {
    let counts = [rowsPerUnit, columns, inner, group, samples, mode, firstGroup]
    if let count = counts.first(where: { $0 > Int32.max }) { return count }
    var places: [Int] = []
    for operand in operands.compactMap(\.self) {
      places += [operand.stride, (operand.offset + Arena.margin) / 16]
    }
    return places.first { $0 > UInt32.max }
  }

  /// The words as the device reads them.
  var words: [UInt32] {
    precondition(constants.count <= Self.constantCount && operands.count <= Self.operandCount)
    var words = [kind.rawValue].map { UInt32(bitPattern: $0) }
    words += [rowsPerUnit, columns, inner, group, samples, mode, firstGroup].map {
      UInt32(bitPattern: Int32($0))
    }
    words += constants.map(\.bitPattern)
    words += Array(repeating: 0, count: Self.constantCount - constants.count)
    for index in 0..<Self.operandCount {
      if index < operands.count, let operand = operands[index] {
        words += [
          UInt32(bitPattern: operand.arena.rawValue),
          UInt32((operand.offset + Arena.margin) / 16),
          UInt32(operand.stride),
        ]
      } else {
        words += [UInt32.max, 0, 0]
      }
    }
    return words
  }
}

/// log(2 pi) / 2
private let halfLogTwoPi: Float = 0.918_938_533_204_672_7

extension Descriptor {
  /// Describes an operation; each kernel file says which operand and number is what.
  ///
  /// - Parameters:
  ///   - operation: The operation.
  ///   - transposedWeight: Where the second copy of a weight lies, in a layout that has one.
  ///   - elements: The floats that a tensor occupies.
  ///   - place: Where a tensor lies; nil for one that is never written.
  init(
    _ operation: Operation, transposedWeight: (Tensor) -> Placement?,
    elements: (Tensor) -> Int, place: (Tensor) -> Placement?
  ) {
    switch operation {
    case .gather(let gather):
      self.init(kind: .gather, columns: gather.batch.shape.columns)
      inner = gather.source.shape.rows
      group = gather.source.element == .uint8 ? 1 : 0
      mode = gather.binarization.rawValue
      constants = [gather.scale]
      operands = [place(gather.batch), place(gather.indices)]
    case .multiply(let multiply):
      self.init(kind: .multiply, columns: multiply.output.shape.columns)
      inner = multiply.depth
      group = multiply.accumulates ? 1 : 0
      mode = multiply.activation.rawValue
      let second = multiply.transposed ? transposedWeight(multiply.weight) : nil
      operands = [
        place(multiply.input), second ?? place(multiply.weight), multiply.bias.flatMap(place),
        multiply.derivativeAt.flatMap(place), place(multiply.output),
      ]
    case .weightGradient(let weightGradient):
      self.init(kind: .weightGradient, columns: weightGradient.gradient.shape.rows)
      group = 0
      inner = weightGradient.gradient.shape.columns
      samples = weightGradient.delta.shape.rows
      mode = weightGradient.accumulates ? 1 : 0
      operands = [
        place(weightGradient.delta), place(weightGradient.input),
        weightGradient.rowScale.flatMap(place), place(weightGradient.gradient), nil,
        weightGradient.decay.flatMap(place),
      ]
    case .biasGradient(let biasGradient):
      self.init(kind: .biasGradient, columns: biasGradient.gradient.shape.count)
      group = 0
      samples = biasGradient.delta.shape.rows
      mode = biasGradient.accumulates ? 1 : 0
      operands = [
        place(biasGradient.delta), nil, biasGradient.rowScale.flatMap(place),
        place(biasGradient.gradient), nil, biasGradient.decay.flatMap(place),
      ]
    case .reparameterize(let reparameterize):
      let shape = reparameterize.sample.shape
      self.init(kind: .reparameterize, columns: shape.columns)
      group = shape.rows / reparameterize.mean.shape.rows
      samples = shape.rows / reparameterize.indices.shape.count
      mode = if case .addressed(let layer) = reparameterize.source { layer } else { -1 }
      operands = [
        reparameterize.mean, reparameterize.logSigma, reparameterize.indices,
        reparameterize.noise, reparameterize.sample, reparameterize.drawn,
      ].map { $0.flatMap(place) }
    case .latentTerm(let term):
      let shape = term.sample.shape
      self.init(kind: .latentTerm, columns: shape.columns)
      group = shape.rows / term.mean.shape.rows
      mode = term.prior.rawValue
      // -log q holds one normaliser; the prior's cancels it, and the closed form has none.
      constants = [term.prior == .conditional ? Float(shape.columns) * halfLogTwoPi : 0]
      operands = [term.mean, term.logSigma, term.noise, term.sample, term.term].map(place)
    case .bernoulli(let bernoulli):
      let shape = bernoulli.logits.shape
      self.init(kind: .bernoulli, columns: shape.columns)
      group = shape.rows / bernoulli.target.shape.rows
      operands = [
        place(bernoulli.logits), place(bernoulli.target), place(bernoulli.term),
        bernoulli.delta.flatMap(place),
      ]
    case .gaussian(let gaussian):
      let shape = gaussian.mean.shape
      self.init(kind: .gaussian, columns: shape.columns)
      group = shape.rows / gaussian.target.shape.rows
      mode = gaussian.isAnnealed ? 1 : 0
      constants = [-Float(shape.columns) * halfLogTwoPi]
      operands = [
        place(gaussian.mean), place(gaussian.logSigma), place(gaussian.target),
        place(gaussian.term), gaussian.meanDelta.flatMap(place),
        gaussian.logSigmaDelta.flatMap(place),
        gaussian.targetDelta.flatMap(place),
      ]
    case .logWeight(let logWeight):
      self.init(kind: .logWeight)
      mode = logWeight.accumulates ? 1 : 0
      func padded(_ terms: [Tensor]) -> [Placement?] {
        terms.map(place)
          + Array(repeating: nil, count: LogWeight.maximumTerms - terms.count)
      }
      operands =
        [place(logWeight.output)] + padded(logWeight.likelihoods) + padded(logWeight.annealed)
    case .estimate(let estimate):
      self.init(kind: .estimate)
      inner = estimate.groups
      group = estimate.samples
      constants = Self.constants(of: estimate)
      operands = [
        place(estimate.logWeights), place(estimate.bounds), estimate.encoderBounds.flatMap(place),
        estimate.decoderCoefficients.flatMap(place), estimate.pathCoefficients.flatMap(place),
        estimate.scoreCoefficients.flatMap(place),
      ]
    case .draw(let draw):
      self.init(kind: .draw)
      inner = draw.scopes
      group = draw.groups * draw.samples / draw.scopes
      samples = draw.count
      constants = [draw.rule.decoder.temperature]
      for column in [draw.rule.decoder, draw.rule.path, draw.rule.score] {
        constants += [column.linear * draw.scale, column.square * draw.scale]
      }
      operands = [
        draw.logWeights, draw.indices, draw.drawn, draw.decoderCoefficients,
        draw.pathCoefficients, draw.scoreCoefficients,
      ].map { $0.flatMap(place) }
    case .latentGradient(let gradient):
      let shape = gradient.sample.shape
      self.init(kind: .latentGradient, columns: shape.columns)
      group = shape.rows / gradient.mean.shape.rows
      mode = gradient.prior.rawValue
      operands = [
        place(gradient.decoderGradient), place(gradient.mean), place(gradient.logSigma),
        place(gradient.noise), place(gradient.sample), gradient.path.flatMap(place),
        gradient.score.flatMap(place), (gradient.flow?.mean).flatMap(place),
        (gradient.flow?.logSigma).flatMap(place), (gradient.own?.mean).flatMap(place),
        (gradient.own?.logSigma).flatMap(place),
      ]
    case .sumSamples(let sum):
      self.init(kind: .sumSamples, columns: sum.output.shape.columns)
      group = sum.input.shape.rows / sum.output.shape.rows
      mode = sum.accumulates ? 1 : 0
      constants = [sum.scale]
      operands = [place(sum.input), place(sum.output), sum.decay.flatMap(place)]
    case .accumulateWeights(let accumulate):
      self.init(kind: .accumulateWeights)
      group = accumulate.logWeights.shape.count / accumulate.maximum.shape.count
      let columns = accumulate.coefficients
      let unused = Array(
        repeating: Float(0), count: AccumulateWeights.maximumCoefficients - columns.count)
      constants = [accumulate.temperature] + columns.map(\.factor) + unused
      constants += columns.map { Float($0.degree) }
      operands =
        [
          accumulate.logWeights, accumulate.maximum, accumulate.sum, accumulate.squares,
          accumulate.decay, accumulate.squaredDecay,
        ].map { $0.flatMap(place) } + columns.map { place($0.output) }
    case .leapfrog(let leapfrog):
      let shape = leapfrog.momentum.shape
      self.init(kind: .leapfrog, columns: shape.columns)
      samples = shape.rows / leapfrog.stepSizes.shape.count
      operands = [
        leapfrog.gradient, leapfrog.stepSizes, leapfrog.momentum, leapfrog.position,
      ].map { $0.flatMap(place) }
    case .accept(let accept):
      self.init(kind: .accept)
      samples = accept.accepted.shape.count / accept.indices.shape.count
      operands = [
        accept.before.density, accept.before.momentumDensity, accept.after.density,
        accept.after.momentumDensity, accept.indices, accept.accepted,
      ].map(place)
    case .select(let select):
      self.init(kind: .select, columns: select.output.shape.columns)
      operands = [select.choice, select.input, select.output].map(place)
    case .normalize(let normalize):
      self.init(kind: .normalize)
      inner = elements(normalize.output)
      group = normalize.degree
      mode = normalize.accumulates ? 1 : 0
      constants = [normalize.scale]
      operands = [place(normalize.input), normalize.sum.flatMap(place), place(normalize.output)]
    case .logMean(let mean):
      self.init(kind: .logMean)
      mode = mean.accumulates ? 1 : 0
      constants = [mean.temperature, Float(mean.count), mean.scale]
      operands = [mean.maximum, mean.sum, mean.output].map(place)
    case .sum(let sum):
      self.init(kind: .sum)
      inner = sum.input.shape.count / sum.output.shape.count
      mode = sum.accumulates ? 1 : 0
      constants = [sum.scale]
      operands = [place(sum.input), place(sum.output)]
    case .adam(let adam):
      self.init(kind: .adam)
      constants = Self.constants(of: adam)
      operands = [Placement(arena: .parameters, offset: 0, stride: 0)]
    }
  }

  /// Makes the description of a gradient that of the update by it.
  ///
  /// - Parameters:
  ///   - adam: The optimizer.
  ///   - transposed: Where the second copy of the weight goes, if anywhere.
  mutating func update(by adam: Adam, transposed: Placement?) {
    constants = Self.constants(of: adam)
    group = 1
    operands[4] = transposed
  }

  private static func constants(of adam: Adam) -> [Float] {
    [1 - adam.beta1, 1 - adam.beta2, adam.epsilon, adam.isDelayed ? 1 : 0]
  }

  /// The rules of an objective, in the order that estimator.cl reads.
  private static func constants(of estimate: Estimate) -> [Float] {
    let rule = estimate.rule
    var result: [Float] = []
    for bound in [rule.bound, rule.encoderBound] {
      result += [bound.scope == .all ? 1 : 0, bound.temperature, bound.meanShare]
    }
    for column in [rule.decoder, rule.path, rule.score] {
      result += [column.scope == .all ? 1 : 0, column.temperature]
      result += [column.constant, column.linear, column.square].map { $0 * estimate.scale }
    }
    return result + [rule.leaveOneOut * estimate.scale]
  }
}
