import Compute

/// A step of an affine coupling flow: one part of the latents stays, and says how the other moves.
///
///     moved = b exp(s(a)) + m(a)        s = tanh of the head log_scale, m = the head shift
struct Coupling: Sendable {
  let network: Network
  /// True if the first half of the latents moves.
  let movesFirst: Bool

  /// - Parameters:
  ///   - name: The beginning of the parameters' names, as `prior.flow.0`.
  ///   - step: The step's number. Even steps move the second part.
  ///   - latent: The latents, of which the first part is half, rounded down.
  ///   - hidden: The sizes of hidden layers.
  ///   - activation: The function of hidden units.
  init(_ name: String, step: Int, latent: Int, hidden: [Int], activation: Activation) {
    movesFirst = step % 2 == 1
    let sizes = Self.sizes(of: latent)
    network = Network(
      name, inputs: movesFirst ? sizes.second : sizes.first, hidden: hidden, activation: activation,
      outputs: movesFirst ? sizes.first : sizes.second, heads: ["shift", "log_scale"])
  }

  /// The parts that latents are split into.
  static func sizes(of latent: Int) -> (first: Int, second: Int) {
    (latent / 2, latent - latent / 2)
  }
}

/// The two parts of rows of latents while a flow goes through them.
struct CouplingParts {
  var first: Tensor
  var second: Tensor

  /// Splits rows of latents.
  init(_ latents: Tensor, named name: String, _ program: inout ProgramBuilder) throws(ProgramError)
  {
    let (rows, sizes) = (latents.shape.rows, Coupling.sizes(of: latents.shape.columns))
    first = Tensor("\(name).first", .matrix(rows: rows, columns: sizes.first), .temporary)
    second = Tensor("\(name).second", .matrix(rows: rows, columns: sizes.second), .temporary)
    try program.append(
      .columns(Columns(input: latents, count: sizes.first, output: first)))
    try program.append(
      .columns(Columns(input: latents, from: sizes.first, output: second)))
  }

  /// Takes a step, or its inverse.
  ///
  /// - Returns: `(R)`: the sum of s.
  mutating func take(
    _ coupling: Coupling, inverted: Bool, _ program: inout ProgramBuilder
  ) throws(ProgramError) -> Tensor {
    let name = coupling.network.name
    let (stays, moves) = coupling.movesFirst ? (second, first) : (first, second)
    let heads = try coupling.network.append(stays, to: &program)
    let (shift, scale) = (heads[0].value, Formula.tanh(heads[1].value))
    let moved = Tensor("\(name).moved", moves.shape, .temporary)
    let total = Tensor("\(name).total", .vector(moves.shape.rows), .temporary)
    let value =
      inverted
      ? (moves.value - shift) * .exp(-scale) : moves.value * .exp(scale) + shift
    try program.append(
      .map(
        Map(
          [.init(value, into: moved), .init(sumOf: scale, into: total)], reading: heads + [moves])))
    if coupling.movesFirst { first = moved } else { second = moved }
    return total
  }

  /// Puts the parts side by side again.
  func join(into latents: Tensor, _ program: inout ProgramBuilder) throws(ProgramError) {
    try program.append(.columns(Columns(input: first, output: latents)))
    try program.append(
      .columns(
        Columns(
          input: second, to: first.shape.columns, accumulates: true, output: latents)))
  }
}
