import Compute

extension CaseTable {
  /// Products and the map that reads them. The products are temporary, so a device may keep them to
  /// itself.
  func productCases() -> [ConformanceCase] {
    RowSize.pixels.flatMap { size in
      [1, 33].flatMap { depth in
        [
          oneProduct(size, depth, hasDelta: size.columns != 97),
          twoProducts(size, depth),
        ]
      }
    }
      + RowSize.few.flatMap { size in
        [productReadTwice(size), productThroughMaps(size)]
      }
  }

  /// A layer's logits and their likelihood.
  private func oneProduct(_ size: RowSize, _ depth: Int, hasDelta: Bool) -> ConformanceCase {
    var map = MapCaseBuilder("product,depth=\(depth),delta=\(hasDelta)", size, seed)
    map.build.protection = .none
    let logits = map.product("logits", depth: depth, scale: 0.7)
    let x = map.shared("target", .bits)
    // A logit is rounded like the sum of its products, and the likelihood adds up all of them.
    let length = Double(depth).squareRoot()
    map.sum("term", of: x * logits - .softplus(logits), termSize: length, limit: depth)
    if hasDelta {
      map.result("delta", x - .sigmoid(logits), .sums(of: depth), termSize: length)
    }
    return map.finish()
  }

  /// Two heads over one input, and both their deltas.
  private func twoProducts(_ size: RowSize, _ depth: Int) -> ConformanceCase {
    var map = MapCaseBuilder("two products,depth=\(depth)", size, seed)
    map.build.protection = .none
    let scale = 1 / Float(depth).squareRoot()
    let mean = map.product("mean", depth: depth, scale: 0.7 * scale)
    let logSigma = map.product("log_sigma", depth: depth, scale: 0.3 * scale)
    let z = (map.shared("target") - mean) * .exp(-logSigma)
    map.sum("term", of: -0.5 * z.squared - logSigma, termSize: 2, limit: depth)
    map.result("mean.delta", z * .exp(-logSigma), .sums(of: depth), termSize: 2)
    map.result("log_sigma.delta", z.squared - 1, .sums(of: depth), termSize: 2)
    return map.finish()
  }

  /// A product that another operation reads as well, so that it must be stored.
  private func productReadTwice(_ size: RowSize) -> ConformanceCase {
    let depth = 33
    var map = MapCaseBuilder("product read twice", size, seed)
    map.build.protection = .none
    let name = "logits"
    let logits = map.product(name, depth: depth, scale: 0.2)
    let x = map.shared("target", .bits)
    map.sum("term", of: x * logits - .softplus(logits), termSize: 1, limit: depth)
    map.result("delta", x - .sigmoid(logits), .sums(of: depth), termSize: 1)
    map.close()
    // Sums of as many terms as there are columns, each a logit of about one.
    map.build.append(
      .multiply(
        Multiply(
          input: Tensor(name, size.shape, .temporary),
          weight: map.build.parameter(
            "second", .matrix(rows: 3, columns: size.columns),
            scale: 1 / Float(size.columns).squareRoot()),
          output: map.build.output(
            "again", .matrix(rows: size.rows, columns: 3), .sums(of: depth + size.columns),
            termSize: 1))))
    return map.build.build()
  }

  /// A gated layer: two products, a map of theirs, and a map that reads what the first has computed.
  private func productThroughMaps(_ size: RowSize) -> ConformanceCase {
    let depth = 33
    var map = MapCaseBuilder("gated layer", size, seed)
    map.build.protection = .none
    let linear = map.product("linear", depth: depth, scale: 0.2)
    let gate = map.product("gate", depth: depth, scale: 0.2, activation: .logistic)
    let gated = map.temporary("gated", linear * gate)
    map.close()
    let x = map.shared("target")
    map.sum("term", of: -0.5 * (x - gated).squared, termSize: 1, limit: depth)
    map.result("delta", (x - gated) * gate, .sums(of: depth), termSize: 1)
    return map.finish()
  }
}
