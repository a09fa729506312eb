import Compute

extension CaseTable {
  func relayCases() -> [ConformanceCase] {
    let shapes = [(1, 1), (1, 17), (16, 1), (15, 31), (16, 16), (33, 50), (100, 7)].map {
      Shape.matrix(rows: $0, columns: $1)
    }
    let matrices = shapes.flatMap { shape in
      [false, true].flatMap { turns in
        [toRows(shape, turns, isParameter: true), toRows(shape, turns, isParameter: false)]
          + [nil, 0, 0.5].map { toGradient(shape, turns, decay: $0) }
      }
    }
    let vectors = [1, 16, 45].flatMap { count in
      [
        toRows(.vector(count), true, isParameter: true),
        toRows(.vector(count), false, isParameter: false),
        toGradient(.matrix(rows: 1, columns: count), true, decay: nil, isVector: true),
      ]
    }
    return matrices + vectors
  }

  private func arriving(_ shape: Shape, _ turns: Bool) -> Shape {
    if !turns { return shape }
    return .matrix(rows: shape.columns, columns: shape.rows)
  }

  /// No rounding takes part in a copy.
  private func toRows(_ shape: Shape, _ turns: Bool, isParameter: Bool) -> ConformanceCase {
    var build = CaseBuilder(
      "relay(\(shape),turns=\(turns),parameter=\(isParameter))", seed: seed)
    let input = isParameter ? build.parameter("input", shape) : build.input("input", shape)
    let output = build.output("output", arriving(shape, turns), .exact)
    build.append(.relay(Relay(input: input, turns: turns, output: output)))
    return build.build()
  }

  /// - Parameter decay: Nil for what does not accumulate.
  private func toGradient(
    _ shape: Shape, _ turns: Bool, decay: Float?, isVector: Bool = false
  ) -> ConformanceCase {
    let text = "turns=\(turns),decay=\(decay.map { "\($0)" } ?? "none"),vector=\(isVector)"
    var build = CaseBuilder("relay(\(shape),\(text),gradient)", seed: seed)
    let target = isVector ? Shape.vector(shape.count) : arriving(shape, turns)
    let gradient =
      decay.map { build.accumulator("gradient", target, $0 == 0) }
      ?? build.parameter("gradient", target).counterpart(.gradient)
    build.check(gradient, .sums(of: 2), termSize: 1)
    build.append(
      .relay(
        Relay(
          input: build.input("input", shape), turns: turns, accumulates: decay != nil,
          decay: decay.map { build.input("decay", .vector(1), [$0]) }, output: gradient)))
    return build.build()
  }
}
