/// The way back through quadratic functions: what reaches their centers and scales is a sum over the
/// rows that met them, and goes on from there with rows of its own.
///
/// With d for what reaches an output, m and s for center and scale, and moments about the centers:
///
///     m' = s^2 first        s' = -s second        bias' = count
///     x' = d (m s^2) - x (d s^2), by two products: exact to a few |x s| roundings
extension Derivation {
  /// A quadratic function's factors, and the moments from which they get their cotangents.
  struct FactorMoments {
    var gradient: RowGradient
    /// `(C, K)`, which the function has turned.
    var scale: Tensor
    var bias: Tensor
    var moments: Moments
  }

  /// Begins a walk of its own through the operations from which such factors were worked out, with
  /// what another walk has summed up for a gradient.
  public mutating func begin(with gradient: RowGradient, from walk: Derivation) {
    for factors in walk.factors where factors.gradient == gradient {
      let (moments, scale) = (factors.moments, factors.scale)
      add(
        BoundFormula(
          scale.value * scale.value * moments.first.value, reading: [scale, moments.first]),
        to: moments.center)
      add(
        BoundFormula(-scale.value * moments.second.value, reading: [scale, moments.second]),
        to: scale)
      add(BoundFormula(moments.count.value, reading: [moments.count]), to: factors.bias)
    }
  }

  mutating func reverse(
    _ quadratic: Quadratic, of program: inout ProgramBuilder, _ gradients: [RowGradient]
  ) throws(ProgramError) {
    guard let delta = try held(quadratic.output, in: &program) else { return }
    let center = try rows(of: quadratic.center, in: program)
    let scale = try rows(of: quadratic.scale, in: program)
    let x = quadratic.input
    func temporary(_ name: String, _ shape: Shape) -> Tensor {
      unused("\(quadratic.output.name).\(name)\(suffix)", shape, in: program)
    }
    let precision = temporary("precision", scale.shape)
    let pull = temporary("pull", scale.shape)
    let squared = scale.value * scale.value
    try program.append(
      .map(
        Map(
          [.init(squared, into: precision), .init(center.value * squared, into: pull)],
          reading: [center, scale])))
    let curvature = temporary("curvature", x.shape)
    try program.append(
      .multiply(
        Multiply(input: delta, weight: precision, transposed: true, output: curvature)))
    add(BoundFormula(-x.value * curvature.value, reading: [x, curvature]), to: x)
    cotangents[x, default: Cotangent()].products.append(.init(delta: delta, weight: pull))

    for gradient in gradients {
      let place = gradient.target.place.name
      let moments = Moments(
        weight: delta, input: x, rowScale: gradient.rowScale, center: center,
        count: temporary("count.\(place)", quadratic.bias.shape),
        first: temporary("first.\(place)", scale.shape),
        second: temporary("second.\(place)", scale.shape))
      try program.append(.moments(moments))
      factors.append(
        FactorMoments(gradient: gradient, scale: scale, bias: quadratic.bias, moments: moments))
    }
  }

  /// The rows that a matrix was turned from.
  private func rows(
    of matrix: Tensor, in program: ProgramBuilder
  ) throws(ProgramError) -> Tensor {
    for case .relay(let relay) in program.operations where relay.output == matrix && relay.turns {
      return relay.input
    }
    throw .invalid(
      operation: "derivation", problem: "'\(matrix.name)' was not turned from rows: relay them.")
  }
}
