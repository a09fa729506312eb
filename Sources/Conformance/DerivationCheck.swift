import Compute

/// Ways back that are derived, against central differences of the way forward.
enum DerivationCheck {
  static func problems(_ seed: UInt64) -> [DifferenceCheck.Problem] {
    Activation.allCases.map { layers($0, seed) }
      + [
        heads(seed), gates(seed), residual(seed), functions(seed), broadcast(seed),
        parameters(seed), vectors(seed), rowValues(seed), inPlace(seed), matrixInPlace(seed),
        chain(seed),
        sharedWeights(seed), readers(seed), autoencoder(seed), columns(seed), coupling(seed),
        triangle(seed, samples: 1), triangle(seed, samples: 3),
      ] + densities(seed)
  }

  /// Two layers and a likelihood, with a coefficient for each row.
  private static func layers(
    _ activation: Activation, _ seed: UInt64
  ) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("layers,\(activation)", seed)
    let x = build.input("x", 6, 4)
    let h = build.layer("first", x, 5, activation)
    let a = build.layer("second", h, 3)
    let target = build.input("target", 2, 3)
    let term = build.sum("term", of: target.value * a.value - .softplus(a.value))
    return build.finish(term)
  }

  /// A Gaussian whose mean and log sigma are layers over one input.
  private static func heads(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("heads", seed)
    let x = build.input("x", 6, 4)
    let h = build.layer("hidden", x, 5, .tanh)
    let (mean, logSigma) = (build.layer("mean", h, 3), build.layer("log_sigma", h, 3))
    let z = (build.input("target", 6, 3).value - mean.value) * .exp(-logSigma.value)
    let term = build.sum("term", of: -0.5 * z.squared - logSigma.value)
    return build.finish(term)
  }

  /// A layer times the logistic function of another, both activations being maps.
  private static func gates(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("gates", seed)
    let x = build.input("x", 5, 4)
    let (linear, gate) = (build.layer("linear", x, 3), build.layer("gate", x, 3))
    let gated = build.map("gated", 5, 3, linear.value * .sigmoid(gate.value))
    let a = build.layer("last", gated, 2)
    let term = build.sum("term", of: -0.5 * (build.input("target", 5, 2).value - a.value).squared)
    return build.finish(term)
  }

  /// A layer whose result is added to its input, so that two operations read the input.
  private static func residual(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("residual", seed)
    let x = build.layer("first", build.input("x", 5, 4), 3, .tanh)
    let h = build.layer("second", x, 3, .softplus)
    let sum = build.map("sum", 5, 3, x.value + h.value)
    let (a, b) = (build.layer("third", sum, 2), build.layer("fourth", sum, 2, .logistic))
    let term = build.sum("term", of: a.value * b.value)
    return build.finish(term)
  }

  /// Every function that has a derivative, of a layer.
  private static func functions(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("functions", seed)
    let a = build.layer("layer", build.input("x", 4, 3), 4)
    let positive = Formula.exp(0.3 * a.value) + 0.5
    // Digamma has none; and the kinks of the last four are far from these values.
    let smooth: [Formula.Function] = [
      .exp, .log, .log1p, .expm1, .sqrt, .tanh, .sigmoid, .softplus, .lgamma,
    ]
    let values = smooth.map { $0.formula(positive, positive) }
    let kinks: [Formula] = [
      .abs(positive), .min(positive, -1), .max(positive, 0), .sign(positive) * positive,
      .where(.less(0, positive), positive.squared, 1), positive.power(positive),
      1 / (positive + 1), (0.1 * positive).power(-1.5),
    ]
    let term = build.sum("term", of: (values + kinks).reduce(0, +))
    return build.finish(term)
  }

  /// Two maps one after the other: the first keeps elements, a sum and what the second reads of both.
  private static func chain(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("chain", seed)
    let a = build.layer("layer", build.input("x", 5, 4), 3)
    let scale = build.input("scale", 5)
    let u = build.map("u", 5, 3, .tanh(a.value) * scale.value)
    let v = build.map("v", 5, 3, u.value.squared + a.value)
    let first = build.sum("first", of: u.value * v.value)
    let second = build.sum("second", of: .softplus(v.value))
    let term = build.vector("term", 5, first.value * Control.Value.klWeight.formula + second.value)
    return build.finish(term)
  }

  /// A row's sum that meets every element of its row.
  private static func rowValues(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("row values", seed)
    let a = build.layer("layer", build.input("x", 6, 4), 3)
    let total = build.sum("total", of: a.value.squared)
    let share = build.map("share", 6, 3, .tanh(a.value) * .exp(-0.3 * total.value))
    let term = build.sum("term", of: share.value * a.value - .softplus(total.value * a.value))
    return build.finish(term)
  }

  /// Terms of a log-weight, put together row by row.
  private static func vectors(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("vectors", seed)
    let a = build.layer("layer", build.input("x", 6, 4), 3)
    let likelihood = build.sum("likelihood", of: -.softplus(a.value))
    let prior = build.sum("prior", of: -0.5 * a.value.squared)
    let annealing = Control.Value.klWeight.formula
    let weight = build.vector(
      "weight", 6,
      likelihood.value + annealing * (prior.value + build.input("posterior", 6).value))
    let term = build.vector("term", 6, .tanh(0.1 * weight.value))
    return build.finish(term)
  }

  /// Parameters that formulas mention: one for each column and one for all.
  private static func parameters(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("parameters", seed)
    let a = build.layer("layer", build.input("x", 6, 4), 3)
    let scale = build.parameter("log_scale", .vector(3))
    let shift = build.parameter("shift", .vector(1))
    let moved = build.map("moved", 6, 3, a.value * .exp(scale.value) + shift.value)
    let freedom = Formula.exp(shift.value) + 2
    let term = build.sum(
      "term", of: .lgamma(freedom) - freedom * .log1p(moved.value.squared) + scale.value)
    return build.finish(term)
  }

  /// A log-weight that grows in its place.
  private static func inPlace(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("in place", seed)
    let a = build.layer("layer", build.input("x", 6, 4), 3)
    let likelihood = build.sum("likelihood", of: -.softplus(a.value))
    let prior = build.sum("prior", of: -0.5 * a.value.squared)
    let total = build.vector("total", 6, likelihood.value)
    build.replace(total, by: 0.5 * total.value + Control.Value.klWeight.formula * prior.value)
    build.replace(total, by: total.value - build.sum("penalty", of: .exp(a.value)).value)
    return build.finish(build.vector("term", 6, .tanh(0.1 * total.value)))
  }

  /// A matrix that changes in its place, twice, among maps that read it before and afterwards.
  private static func matrixInPlace(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("matrix in place", seed)
    let a = build.layer("layer", build.input("x", 6, 4), 3)
    let h = build.map("h", 6, 3, .tanh(a.value))
    let before = build.sum("before", of: 2 * h.value + a.value)
    build.replace(h, by: 0.5 * h.value + .softplus(a.value))
    build.replace(h, by: h.value - 0.3 * a.value.squared)
    let after = build.sum("after", of: h.value.squared * a.value)
    return build.finish(build.vector("term", 6, before.value * after.value))
  }

  /// One weight and one bias for two layers after another, and a map that mentions the bias as well.
  private static func sharedWeights(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("shared weights", seed)
    let weight = build.parameter("weight", .matrix(rows: 3, columns: 3))
    let bias = build.parameter("bias", .vector(3))
    let first = build.layer("first", build.input("x", 5, 3), weight, bias, .tanh)
    let second = build.layer("second", first, weight, bias, .softplus)
    let term = build.sum("term", of: second.value * .sigmoid(bias.value))
    return build.finish(term)
  }

  /// Values and parameters that several maps read, each beside others, and a layer as well.
  private static func readers(_ seed: UInt64) -> DifferenceCheck.Problem {
    var build = DerivationBuilder("readers", seed)
    let a = build.layer("layer", build.input("x", 5, 4), 3)
    let b = build.layer("other", build.input("y", 5, 2), 3, .tanh)
    let (scale, shift) = (
      build.parameter("scale", .vector(3)), build.parameter("shift", .vector(1))
    )
    let z = build.map("z", 5, 3, .tanh(a.value) + b.value)
    let first = build.sum("first", of: z.value * b.value * scale.value)
    let second = build.sum("second", of: .softplus(z.value - a.value + shift.value))
    let third = build.sum("third", of: z.value * a.value * scale.value * shift.value)
    let last = build.sum("last", of: build.layer("last layer", z, 2, .softplus).value)
    let term = build.vector(
      "term", 5, first.value + second.value + third.value + last.value)
    return build.finish(term)
  }
}
