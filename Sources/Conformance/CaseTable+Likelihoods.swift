import Compute

extension CaseTable {
  static func likelihoodCases(_ seed: UInt64) -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    let sizes = [
      (1, 1, 1), (2, 2, 5), (3, 5, 15), (4, 1, 16), (2, 50, 17), (5, 2, 64), (2, 3, 97),
      (1, 2, 1601), (1, 1, 6500), (20, 5, 784),
    ]
    for (images, samples, columns) in sizes {
      for largest in [3, 100] as [Float] {
        cases.append(
          bernoulli(
            images: images, samples: samples, columns: columns, largest: largest,
            hasDelta: largest == 3 || columns > 100, seed))
      }
      for depth in [1, 33] {
        cases.append(
          product(
            images: images, samples: samples, columns: columns, depth: depth,
            hasDelta: columns != 97, seed))
      }
      cases.append(gaussian(images: images, samples: samples, columns: columns, seed))
      cases.append(conditional(rows: images * samples, columns: columns, seed))
    }
    for rows in [1, 2, 15, 16, 17, 64, 65, 1000] {
      for (likelihoods, annealed) in [(1, 1), (1, 0), (2, 4), (4, 3)] {
        cases.append(
          logWeight(rows: rows, likelihoods: likelihoods, annealed: annealed, seed))
      }
    }
    return cases
  }

  /// Logits spread evenly up to a size, both extremes among them.
  private static func bernoulli(
    images: Int, samples: Int, columns: Int, largest: Float, hasDelta: Bool, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "bernoulli(images=\(images),k=\(samples),columns=\(columns),logits=\(largest),"
        + "delta=\(hasDelta))", seed: seed)
    let shape = Shape.matrix(rows: images * samples, columns: columns)
    var logits = build.inputs.uniforms(shape.count).map { largest * (2 * $0 - 1) }
    logits[0] = largest
    logits[shape.count - 1] = -largest
    let input = build.input("logits", shape, logits)
    let target = build.input(
      "target", .matrix(rows: images, columns: columns), build.inputs.bits(images * columns))
    let term = build.output("term", .vector(shape.rows), .sums(of: columns))
    let delta = hasDelta ? build.output("delta", shape, .sums(of: 1)) : nil
    build.append(
      .bernoulli(Bernoulli(logits: input, target: target, term: term, delta: delta)))
    return build.build()
  }

  /// A layer's logits and their likelihood: the logits are temporary, so a device may keep them to
  /// itself.
  private static func product(
    images: Int, samples: Int, columns: Int, depth: Int, hasDelta: Bool, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "product(images=\(images),k=\(samples),columns=\(columns),depth=\(depth),"
        + "delta=\(hasDelta))", seed: seed)
    build.protection = .none
    let shape = Shape.matrix(rows: images * samples, columns: columns)
    let logits = Tensor("logits", shape, .temporary)
    build.append(
      .multiply(
        Multiply(
          input: build.input("input", .matrix(rows: shape.rows, columns: depth)),
          weight: build.parameter("weight", .matrix(rows: columns, columns: depth), scale: 0.7),
          bias: build.parameter("bias", .vector(columns)), output: logits)))
    // A logit is rounded like the sum of its products, and the likelihood adds up all of them.
    let size = Double(depth).squareRoot()
    build.append(
      .bernoulli(
        Bernoulli(
          logits: logits,
          target: build.input(
            "target", .matrix(rows: images, columns: columns), build.inputs.bits(images * columns)),
          term: build.output(
            "term", .vector(shape.rows), .sums(of: max(columns, depth)),
            termSize: size * Double(columns).squareRoot()),
          delta: hasDelta
            ? build.output("delta", shape, .sums(of: depth), termSize: size) : nil)))
    return build.build()
  }

  /// The likelihood of Gaussian data: one target for all samples of an image.
  private static func gaussian(
    images: Int, samples: Int, columns: Int, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "gaussian(images=\(images),k=\(samples),columns=\(columns))", seed: seed)
    let shape = Shape.matrix(rows: images * samples, columns: columns)
    build.append(
      .gaussian(
        Gaussian(
          mean: build.input("mean", shape),
          logSigma: build.input("logSigma", shape, scale: 0.5),
          target: build.input("target", .matrix(rows: images, columns: columns)),
          term: build.output(
            "term", .vector(shape.rows), .sums(of: columns),
            termSize: Double(columns).squareRoot()),
          meanDelta: build.output("meanDelta", shape, .sums(of: 1), termSize: 1),
          logSigmaDelta: build.output("logSigmaDelta", shape, .sums(of: 1), termSize: 1))))
    return build.build()
  }

  /// The density of a latent under the layer above: a target for each sample.
  private static func conditional(
    rows: Int, columns: Int, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder("gaussian(rows=\(rows),columns=\(columns),annealed)", seed: seed)
    let shape = Shape.matrix(rows: rows, columns: columns)
    build.append(
      .gaussian(
        Gaussian(
          mean: build.input("mean", shape),
          logSigma: build.input("logSigma", shape, scale: 0.5),
          target: build.input("target", shape), isAnnealed: true,
          term: build.output(
            "term", .vector(rows), .sums(of: columns), termSize: Double(columns).squareRoot()),
          meanDelta: build.output("meanDelta", shape, .sums(of: 1), termSize: 1),
          logSigmaDelta: build.output("logSigmaDelta", shape, .sums(of: 1), termSize: 1),
          targetDelta: build.output("targetDelta", shape, .sums(of: 1), termSize: 1))))
    return build.build()
  }

  private static func logWeight(
    rows: Int, likelihoods: Int, annealed: Int, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "logWeight(rows=\(rows),likelihoods=\(likelihoods),annealed=\(annealed))", seed: seed)
    let shape = Shape.vector(rows)
    let first = (0..<likelihoods).map { build.input("likelihood\($0)", shape, scale: 90) }
    let second = (0..<annealed).map { build.input("annealed\($0)", shape, scale: 20) }
    let output = build.output(
      "output", shape, .sums(of: likelihoods + annealed), termSize: 90)
    let accumulates = likelihoods > 1
    if accumulates {
      build.append(
        .logWeight(LogWeight(likelihoods: [first[0]], annealed: [], output: output)))
    }
    build.append(
      .logWeight(
        LogWeight(
          likelihoods: first, annealed: second, accumulates: accumulates, output: output)))
    return build.build()
  }
}
