import Compute

extension CaseTable {
  /// Transitions of Hamiltonian dynamics, which change states in place.
  func transitionCases() -> [ConformanceCase] {
    let sizes = [
      RowSize(1, 1, 1), RowSize(3, 2, 2), RowSize(2, 5, 15), RowSize(5, 1, 16), RowSize(4, 5, 17),
      RowSize(7, 11, 50), RowSize(2, 3, 65), RowSize(1, 53, 131),
    ]
    return sizes.flatMap { size in
      [
        leapfrog(size, moves: true), leapfrog(size, moves: false), select(size),
      ]
    } + [accept(images: 3, samples: 5), accept(images: 20, samples: 50)]
  }

  private func leapfrog(_ size: RowSize, moves: Bool) -> ConformanceCase {
    var map = MapCaseBuilder("leapfrog,moves=\(moves)", size, seed)
    let (momentum, gradient) = (map.state("momentum"), map.element("gradient"))
    let (center, scale) = (map.shared("center"), map.shared("scale", .uniform(0.5...2)))
    let step = map.image("step", .uniform(0...1))
    let temperature = map.image("temperature", .uniform(0...1))
    let position = moves ? map.state("position") : map.element("position")
    let slope =
      temperature * scale * gradient - (1 - temperature) * (position - center) / scale
    let moved = momentum + 0.5 * step * slope
    map.replace(momentum, by: moved, termSize: 4)
    if moves { map.replace(position, by: position + step * scale * moved, termSize: 8) }
    return map.finish()
  }

  /// Some rows take new values; the others keep theirs to the bit.
  private func select(_ size: RowSize) -> ConformanceCase {
    var map = MapCaseBuilder("select", size, seed)
    let (choice, input) = (map.row("choice", .bits), map.element("input"))
    let output = map.state("output")
    map.replace(output, by: .where(choice, input, output), .exact)
    return map.finish()
  }

  /// The same with a uniform number that an operation before has drawn, a matrix of one column.
  private func accept(images: Int, samples: Int) -> ConformanceCase {
    let size = RowSize(images, samples, 1)
    var map = MapCaseBuilder("accept,drawn", size, seed)
    let uniform = Tensor("uniform", size.shape, .temporary)
    map.build.append(
      .noise(
        Noise(
          .uniform, purpose: .acceptance, indices: map.build.imageIndices(images),
          output: uniform)))
    let accepted = acceptance(map.read(uniform), map.ratio())
    map.result("accepted", accepted, .exact)
    map.sum("chosen", of: accepted)
    return map.finish()
  }
}
