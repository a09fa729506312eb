import Compute

/// The sizes of a product of m rows, n columns and sums of k terms.
private struct ProductSize {
  var m: Int
  var n: Int
  var k: Int

  var text: String { "m=\(m),n=\(n),k=\(k)" }

  init(_ m: Int, _ n: Int, _ k: Int) {
    (self.m, self.n, self.k) = (m, n, k)
  }

  static let small = [
    ProductSize(1, 1, 1), ProductSize(2, 3, 5), ProductSize(7, 93, 31), ProductSize(13, 16, 17),
    ProductSize(15, 15, 15), ProductSize(16, 16, 16), ProductSize(17, 17, 17),
    ProductSize(24, 31, 33), ProductSize(25, 32, 48), ProductSize(26, 47, 1),
    ProductSize(50, 1, 50), ProductSize(51, 50, 2), ProductSize(63, 63, 63),
    ProductSize(64, 64, 64), ProductSize(65, 65, 65), ProductSize(101, 10, 7),
    ProductSize(127, 129, 3), ProductSize(1, 128, 97), ProductSize(199, 2, 200),
  ]

  static let burda = [
    ProductSize(20, 200, 784), ProductSize(20, 200, 200), ProductSize(20, 50, 200),
    ProductSize(100, 200, 50), ProductSize(250, 100, 100), ProductSize(300, 784, 200),
  ]
}

extension CaseTable {
  static func multiplyCases(_ seed: UInt64) -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for (index, size) in (ProductSize.small + ProductSize.burda).enumerated() {
      // Each size meets one activation both ways; each activation meets many sizes.
      let activation = Activation.allCases[index % Activation.allCases.count]
      cases.append(forward(size, activation, seed))
      cases.append(backward(size, activation, accumulates: index % 2 == 1, seed))
    }
    for activation in Activation.allCases {
      cases.append(forward(ProductSize(9, 21, 40), activation, accumulates: true, seed))
      cases.append(backward(ProductSize(9, 21, 40), activation, accumulates: true, seed))
    }
    cases.append(forward(ProductSize(12, 20, 30), .identity, hasBias: false, seed))
    return cases
  }

  private static func forward(
    _ size: ProductSize, _ activation: Activation, hasBias: Bool = true, accumulates: Bool = false,
    _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "multiply(\(size.text),\(activation),bias=\(hasBias),accumulates=\(accumulates))", seed: seed)
    let scale = 1 / Float(size.k).squareRoot()
    let input = build.input("input", .matrix(rows: size.m, columns: size.k))
    let weight = build.parameter(
      "weight", .matrix(rows: size.n, columns: size.k), scale: scale)
    let bias = hasBias ? build.parameter("bias", .vector(size.n)) : nil
    let shape = Shape.matrix(rows: size.m, columns: size.n)
    let output = build.output("output", shape, .sums(of: size.k), termSize: 1)
    if accumulates {
      // Something must have been written before it is added to.
      build.append(.multiply(Multiply(input: input, weight: weight, output: output)))
    }
    build.append(
      .multiply(
        Multiply(
          input: input, weight: weight, bias: bias, activation: activation,
          accumulates: accumulates, output: output)))
    return build.build()
  }

  private static func backward(
    _ size: ProductSize, _ activation: Activation, accumulates: Bool, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "multiplyTransposed(\(size.text),\(activation),accumulates=\(accumulates))", seed: seed)
    let scale = 1 / Float(size.k).squareRoot()
    let delta = build.input("delta", .matrix(rows: size.m, columns: size.k))
    let weight = build.parameter(
      "weight", .matrix(rows: size.k, columns: size.n), scale: scale)
    let shape = Shape.matrix(rows: size.m, columns: size.n)
    // In the range of every activation's output.
    let at = build.input("at", shape, build.inputs.uniforms(shape.count))
    let output = build.output("output", shape, .sums(of: size.k), termSize: 1)
    if accumulates {
      build.append(
        .multiply(Multiply(input: delta, weight: weight, transposed: true, output: output)))
    }
    build.append(
      .multiply(
        Multiply(
          input: delta, weight: weight, transposed: true, activation: activation,
          derivativeAt: at, accumulates: accumulates, output: output)))
    return build.build()
  }

  /// Sums over m rows into gradients of n by k weights.
  static func gradientCases(_ seed: UInt64) -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for (index, size) in (ProductSize.small + ProductSize.burda).enumerated() {
      cases.append(
        gradients(size, isScaled: index % 2 == 0, accumulates: index % 3 == 0, seed))
    }
    cases.append(gradients(ProductSize(1000, 200, 50), isScaled: true, accumulates: false, seed))
    return cases
  }

  private static func gradients(
    _ size: ProductSize, isScaled: Bool, accumulates: Bool, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder(
      "gradient(\(size.text),scaled=\(isScaled),accumulates=\(accumulates))", seed: seed)
    let delta = build.input("delta", .matrix(rows: size.m, columns: size.n))
    let input = build.input("input", .matrix(rows: size.m, columns: size.k))
    let scale = isScaled ? build.input("scale", .vector(size.m)) : nil
    let weight = build.parameter("weight", .matrix(rows: size.n, columns: size.k))
    let bias = build.parameter("bias", .vector(size.n))
    let (toWeight, toBias) = (weight.counterpart(.gradient), bias.counterpart(.gradient))
    if accumulates {
      build.set(toWeight, build.inputs.normals(toWeight.shape.count))
      build.set(toBias, build.inputs.normals(toBias.shape.count))
    }
    build.append(
      .weightGradient(
        WeightGradient(
          delta: delta, input: input, rowScale: scale, accumulates: accumulates,
          gradient: toWeight)))
    build.append(
      .biasGradient(
        BiasGradient(
          delta: delta, rowScale: scale, accumulates: accumulates, gradient: toBias)))
    // The terms are of size one and have either sign.
    let termSize = Double(size.m).squareRoot()
    build.check(toWeight, .sums(of: size.m), termSize: termSize)
    build.check(toBias, .sums(of: size.m), termSize: termSize)
    return build.build()
  }

  static func optimizerCases(_ seed: UInt64) -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for convention in AdamConvention.allCases {
      for (rows, columns) in [(1, 1), (16, 16), (17, 31), (200, 50)] {
        let optimizer = Adam(convention)
        var build = CaseBuilder(
          "adam(\(convention),rows=\(rows),columns=\(columns))", seed: seed)
        let weight = build.parameter("weight", .matrix(rows: rows, columns: columns))
        let bias = build.parameter("bias", .vector(rows))
        for parameter in [weight, bias] {
          let count = parameter.shape.count
          build.set(parameter.counterpart(.gradient), build.inputs.normals(count))
          build.set(parameter.counterpart(.firstMoment), build.inputs.normals(count))
          build.set(parameter.counterpart(.secondMoment), build.inputs.uniforms(count))
          build.check(parameter, .sums(of: 1), termSize: 1)
          build.check(parameter.counterpart(.firstMoment), .sums(of: 1), termSize: 1)
          build.check(parameter.counterpart(.secondMoment), .sums(of: 1))
        }
        convention.apply(to: &build.control, step: 4, rate: 0.01, optimizer: optimizer)
        build.append(.adam(optimizer))
        // Twice, so that the second follows the moments of the first.
        build.runs = 2
        cases.append(build.build())
      }
    }
    return cases
  }
}
