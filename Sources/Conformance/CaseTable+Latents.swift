import Compute

/// The sizes of a layer of latents.
private struct LatentSize {
  var images: Int
  var samples: Int
  var columns: Int
  /// Whether the mean has a row for each sample, as above the first layer.
  var isUpper = false

  var rows: Int { images * samples }
  var shape: Shape { .matrix(rows: rows, columns: columns) }
  var headShape: Shape { .matrix(rows: isUpper ? rows : images, columns: columns) }
  var text: String { "images=\(images),k=\(samples),columns=\(columns),upper=\(isUpper)" }

  static let all = [
    LatentSize(images: 1, samples: 1, columns: 1), LatentSize(images: 3, samples: 2, columns: 2),
    LatentSize(images: 2, samples: 5, columns: 15), LatentSize(images: 5, samples: 1, columns: 16),
    LatentSize(images: 4, samples: 5, columns: 17, isUpper: true),
    LatentSize(images: 20, samples: 5, columns: 50),
    LatentSize(images: 20, samples: 50, columns: 50),
    LatentSize(images: 3, samples: 7, columns: 63), LatentSize(images: 2, samples: 2, columns: 64),
    LatentSize(images: 2, samples: 3, columns: 65, isUpper: true),
    LatentSize(images: 7, samples: 2, columns: 100, isUpper: true),
    LatentSize(images: 1, samples: 50, columns: 131),
  ]
}

extension CaseTable {
  static func gatherCases(_ seed: UInt64) -> [ConformanceCase] {
    var cases = [twoGathers(seed)]
    for binarization in Binarization.allCases {
      for (count, columns, batch) in [(1, 1, 1), (5, 17, 3), (11, 64, 4), (30, 784, 20)] {
        for isBytes in [true, false] {
          var build = CaseBuilder(
            "gather(\(binarization),n=\(count),columns=\(columns),batch=\(batch),"
              + "bytes=\(isBytes))", seed: seed)
          let shape = Shape.matrix(rows: count, columns: columns)
          let content: HostValues =
            isBytes
            ? .bytes(build.inputs.bytes(shape.count)) : .floats(build.inputs.uniforms(shape.count))
          let source = build.resident("source", shape, content)
          let order = build.resident(
            "order", .vector(count), .words(build.inputs.permutation(count)))
          // Past the end, so that positions wrap around.
          build.control.batchOffset = UInt32(count - 1)
          let output = build.output("batch", .matrix(rows: batch, columns: columns), .exact)
          let indices = build.output("indices", .vector(batch), .exact, element: .uint32)
          build.append(
            .gather(
              Gather(
                source: source, order: order, scale: isBytes ? 1 / 255 : 1,
                binarization: binarization, batch: output, indices: indices)))
          cases.append(build.build())
        }
      }
    }
    return cases
  }

  /// Two data sets in one program, of which a launch can be bound to one only.
  static func twoGathers(_ seed: UInt64) -> ConformanceCase {
    var build = CaseBuilder("gather(two data sets)", seed: seed)
    for (name, count) in [("first", 4), ("second", 7)] {
      let shape = Shape.matrix(rows: count, columns: 19)
      let source = build.resident(
        "\(name).source", shape, .bytes(build.inputs.bytes(shape.count)))
      let order = build.resident(
        "\(name).order", .vector(count), .words(build.inputs.permutation(count)))
      let batch = build.output("\(name).batch", .matrix(rows: 3, columns: 19), .exact)
      let indices = build.output("\(name).indices", .vector(3), .exact, element: .uint32)
      build.append(
        .gather(
          Gather(source: source, order: order, scale: 1 / 255, batch: batch, indices: indices)))
    }
    return build.build()
  }

  static func latentCases(_ seed: UInt64) -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for size in LatentSize.all {
      cases.append(reparameterize(size, .addressed(layer: size.isUpper ? 1 : 0), seed))
      cases.append(reparameterize(size, .given, seed))
      for prior in LatentPrior.allCases {
        cases.append(latentTerm(size, prior, seed))
        cases.append(latentGradient(size, prior, hasScore: false, seed))
        if prior != .closedForm {
          cases.append(latentGradient(size, prior, hasScore: true, seed))
        }
      }
      cases.append(reparameterize(size, .addressed(layer: 1), isDrawn: true, seed))
      cases.append(sumSamples(size, seed))
    }
    return cases
  }

  /// A layer's distribution and its noise.
  private struct Layer {
    var mean: Tensor
    var logSigma: Tensor
    var noise: Tensor
    var sample: Tensor
  }

  private static func layer(_ size: LatentSize, _ build: inout CaseBuilder) -> Layer {
    Layer(
      mean: build.input("mean", size.headShape),
      logSigma: build.input("logSigma", size.headShape, scale: 0.5),
      noise: build.input("noise", size.shape), sample: build.input("sample", size.shape))
  }

  private static func reparameterize(
    _ size: LatentSize, _ source: NoiseSource, isDrawn: Bool = false, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "reparameterize(\(size.text),\(source)\(isDrawn ? ",drawn" : ""))", seed: seed)
    let drawn =
      isDrawn
      ? build.words("drawn", (0..<size.shape.rows).map { UInt32($0 * 7 % 5) }) : nil
    let mean = build.input("mean", size.headShape)
    let logSigma = build.input("logSigma", size.headShape, scale: 0.5)
    let noise =
      source == .given
      ? build.input("noise", size.shape) : build.output("noise", size.shape, .exact)
    let sample = build.output("sample", size.shape, .sums(of: 1), termSize: 1)
    build.append(
      .reparameterize(
        Reparameterize(
          mean: mean, logSigma: logSigma, indices: build.imageIndices(size.images),
          source: source, drawn: drawn, noise: noise, sample: sample)))
    return build.build()
  }

  private static func latentTerm(
    _ size: LatentSize, _ prior: LatentPrior, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder("latentTerm(\(size.text),\(prior))", seed: seed)
    let layer = layer(size, &build)
    let term = build.output(
      "term", .vector(size.rows), .sums(of: size.columns),
      termSize: Double(size.columns).squareRoot())
    build.append(
      .latentTerm(
        LatentTerm(
          mean: layer.mean, logSigma: layer.logSigma, noise: layer.noise, sample: layer.sample,
          prior: prior, term: term)))
    return build.build()
  }

  private static func latentGradient(
    _ size: LatentSize, _ prior: LatentPrior, hasScore: Bool, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "latentGradient(\(size.text),\(prior),score=\(hasScore))", seed: seed)
    let layer = layer(size, &build)
    let gradient = build.input("decoderGradient", size.shape)
    let path = build.input("path", .vector(size.rows))
    let score = hasScore ? build.input("score", .vector(size.rows)) : nil
    func pair(_ name: String) -> LatentGradient.Pair {
      LatentGradient.Pair(
        mean: build.output("\(name)Mean", size.shape, .sums(of: 1), termSize: 1),
        logSigma: build.output("\(name)LogSigma", size.shape, .sums(of: 4), termSize: 1))
    }
    build.append(
      .latentGradient(
        LatentGradient(
          decoderGradient: gradient, mean: layer.mean, logSigma: layer.logSigma,
          noise: layer.noise, sample: layer.sample, prior: prior, path: path, score: score,
          flow: pair("flow"), own: pair("own"))))
    return build.build()
  }

  private static func sumSamples(_ size: LatentSize, _ seed: UInt64) -> ConformanceCase {
    var build = CaseBuilder("sumSamples(\(size.text))", seed: seed)
    let input = build.input("input", size.shape)
    let output = build.output(
      "output", .matrix(rows: size.images, columns: size.columns), .sums(of: size.samples),
      termSize: 0.3 * Double(size.samples).squareRoot())
    build.append(.sumSamples(SumSamples(input: input, scale: 0.3, output: output)))
    return build.build()
  }
}
