import Compute

/// Transitions of Hamiltonian dynamics.
extension CaseTable {
  private static let sizes = [
    (1, 1, 1), (3, 2, 2), (2, 5, 15), (5, 1, 16), (4, 5, 17), (7, 11, 50), (2, 3, 65), (1, 53, 131),
  ]

  static func transitionCases(_ seed: UInt64) -> [ConformanceCase] {
    sizes.flatMap { images, samples, columns in
      let text = "images=\(images),k=\(samples),columns=\(columns)"
      let shape = Shape.matrix(rows: images * samples, columns: columns)
      return [
        leapfrog(text, images, shape, moves: true, seed),
        leapfrog(text, images, shape, moves: false, seed), accept(text, images, shape.rows, seed),
        select(text, shape, seed),
      ]
    } + [acceptWithoutNumbers(seed)]
  }

  private static func leapfrog(
    _ text: String, _ images: Int, _ shape: Shape, moves: Bool, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder("leapfrog(\(text),moves=\(moves))", seed: seed)
    build.control.densityScale = 0.6
    let steps = build.inputs.uniforms(images)
    let momentum = build.state("momentum", shape, build.inputs.normals(shape.count))
    let start = build.inputs.normals(shape.count)
    let position = moves ? build.state("position", shape, start) : nil
    for tensor in [momentum, position].compactMap(\.self) {
      build.check(tensor, .sums(of: 2), termSize: 1)
    }
    build.append(
      .leapfrog(
        Leapfrog(
          gradient: build.input("gradient", shape),
          stepSizes: build.input("stepSizes", .vector(images), steps), momentum: momentum,
          position: position)))
    return build.build()
  }

  private static func accept(
    _ text: String, _ images: Int, _ rows: Int, _ seed: UInt64
  ) -> ConformanceCase {
    var build = CaseBuilder("accept(\(text))", seed: seed)
    build.control.densityScale = 0.6
    func end(_ name: String) -> Accept.End {
      Accept.End(
        density: build.input("density \(name)", .vector(rows)),
        momentumDensity: build.input("momentum density \(name)", .vector(rows)))
    }
    let (before, after) = (end("before"), end("after"))
    build.append(
      .accept(
        Accept(
          before: before, after: after, indices: build.imageIndices(images),
          accepted: build.output("accepted", .vector(rows), .exact))))
    return build.build()
  }

  /// What is certain: a density that is not a number or is zero at the end is refused, one that is zero
  /// at the beginning is left.
  private static func acceptWithoutNumbers(_ seed: UInt64) -> ConformanceCase {
    var build = CaseBuilder("accept(NaN and infinity)", seed: seed)
    let count = 5
    let zeros = build.input("zeros", .vector(count), Array(repeating: 0, count: count))
    let before = build.input("before", .vector(count), [0, 0, -.infinity, .nan, -.infinity])
    let after = build.input("after", .vector(count), [.nan, -.infinity, 0, 0, -.infinity])
    build.append(
      .accept(
        Accept(
          before: .init(density: before, momentumDensity: zeros),
          after: .init(density: after, momentumDensity: zeros), indices: build.imageIndices(1),
          accepted: build.output("accepted", .vector(count), .exact))))
    return build.build()
  }

  private static func select(_ text: String, _ shape: Shape, _ seed: UInt64) -> ConformanceCase {
    var build = CaseBuilder("select(\(text))", seed: seed)
    let choice = build.input("choice", .vector(shape.rows), build.inputs.bits(shape.rows))
    let output = build.state("output", shape, build.inputs.normals(shape.count))
    build.check(output, .exact)
    build.append(
      .select(Select(choice: choice, input: build.input("input", shape), output: output)))
    return build.build()
  }
}
