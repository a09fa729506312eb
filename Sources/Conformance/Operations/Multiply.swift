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

  /// About the heights of blocks of rows, and the widths of their tiles.
  static let layers = [
    ProductSize(1, 1, 1), ProductSize(7, 33, 31), ProductSize(15, 63, 5), ProductSize(16, 64, 17),
    ProductSize(17, 65, 3), ProductSize(33, 129, 16), ProductSize(100, 40, 130),
  ]

  static let burda = [
    ProductSize(20, 200, 784), ProductSize(20, 200, 200), ProductSize(20, 50, 200),
    ProductSize(100, 200, 50), ProductSize(250, 100, 100), ProductSize(300, 784, 200),
  ]
}

extension CaseTable {
  func multiplyCases() -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for (index, size) in (ProductSize.small + ProductSize.burda).enumerated() {
      // Each size meets one activation both ways; each activation meets many sizes.
      let activation = Activation.allCases[index % Activation.allCases.count]
      cases.append(product(size, activation))
      cases.append(product(size, activation, isBackward: true, accumulates: index % 2 == 1))
    }
    for activation in Activation.allCases {
      cases.append(product(ProductSize(9, 21, 40), activation, accumulates: true))
      cases.append(product(ProductSize(9, 21, 40), activation, isBackward: true, accumulates: true))
    }
    cases.append(product(ProductSize(12, 20, 30), .identity, hasBias: false))
    for size in ProductSize.small { cases.append(byRows(size, accumulates: size.m % 2 == 0)) }
    for size in ProductSize.layers {
      cases += [false, true].map { layers(size, isBackward: $0) }
    }
    return cases
  }

  /// Two layers, or the way back through two, the second twice: a device may take blocks of rows through
  /// all of them.
  private func layers(_ size: ProductSize, isBackward: Bool) -> ConformanceCase {
    var build = CaseBuilder("layers(\(size.text),backward=\(isBackward))", seed: seed)
    build.protection = .none
    func weight(_ name: String, _ outputs: Int, _ inputs: Int) -> Tensor {
      build.parameter(
        name,
        isBackward
          ? .matrix(rows: inputs, columns: outputs) : .matrix(rows: outputs, columns: inputs),
        scale: 1 / Float(inputs).squareRoot())
    }
    let hidden = Tensor("hidden", .matrix(rows: size.m, columns: size.n), .temporary)
    build.append(
      .multiply(
        Multiply(
          input: build.input("input", .matrix(rows: size.m, columns: size.k)),
          weight: weight("first", size.n, size.k), transposed: isBackward, output: hidden)))
    let shape = Shape.matrix(rows: size.m, columns: size.k)
    var second = Multiply(
      input: hidden, weight: weight("second", size.k, size.n), transposed: isBackward,
      output: build.output("output", shape, .sums(of: size.k + size.n), termSize: 2))
    build.append(.multiply(second))
    second.accumulates = true
    if isBackward {
      second.derivativeAt = build.input("at", shape, build.inputs.uniforms(shape.count))
      second.activation = .tanh
    } else {
      second.bias = build.parameter("bias", .vector(size.k))
    }
    build.append(.multiply(second))
    return build.build()
  }

  /// A product with rows in the place of the weight, as they were worked out before.
  private func byRows(_ size: ProductSize, accumulates: Bool) -> ConformanceCase {
    var build = CaseBuilder("multiplyRows(\(size.text),accumulates=\(accumulates))", seed: seed)
    let given = build.input(
      "given", .matrix(rows: size.n, columns: size.k), scale: 1 / Float(size.k).squareRoot())
    let weight = Tensor("weight", .matrix(rows: size.k, columns: size.n), .temporary)
    let product = Multiply(
      input: build.input("input", .matrix(rows: size.m, columns: size.k)), weight: weight,
      transposed: true,
      output: build.output(
        "output", .matrix(rows: size.m, columns: size.n), .sums(of: size.k), termSize: 1))
    build.append(.relay(Relay(input: given, turns: true, output: weight)))
    build.append(.multiply(product))
    if accumulates {
      var again = product
      again.accumulates = true
      build.append(.multiply(again))
    }
    return build.build()
  }

  /// A layer, or the way back through its weight and the activation of the layer before.
  private func product(
    _ size: ProductSize, _ activation: Activation, isBackward: Bool = false, hasBias: Bool = true,
    accumulates: Bool = false
  ) -> ConformanceCase {
    let kind = isBackward ? "multiplyTransposed" : "multiply"
    let bias = isBackward ? "" : "bias=\(hasBias),"
    var build = CaseBuilder(
      "\(kind)(\(size.text),\(activation),\(bias)accumulates=\(accumulates))", seed: seed)
    let shape = Shape.matrix(rows: size.m, columns: size.n)
    var product = Multiply(
      input: build.input("input", .matrix(rows: size.m, columns: size.k)),
      weight: build.parameter(
        "weight",
        isBackward
          ? .matrix(rows: size.k, columns: size.n) : .matrix(rows: size.n, columns: size.k),
        scale: 1 / Float(size.k).squareRoot()),
      transposed: isBackward,
      output: build.output("output", shape, .sums(of: size.k), termSize: 1))
    // Something must have been written before it is added to.
    if accumulates { build.append(.multiply(product)) }
    if isBackward {
      // In the range of every activation's output.
      product.derivativeAt = build.input("at", shape, build.inputs.uniforms(shape.count))
    } else if hasBias {
      product.bias = build.parameter("bias", .vector(size.n))
    }
    (product.activation, product.accumulates) = (activation, accumulates)
    build.append(.multiply(product))
    return build.build()
  }
}
