import Compute

/// The sizes of a product of m rows, n columns and sums of k terms.
struct ProductSize {
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
}
