import Compute

/// A step of an affine coupling flow: one part of the latents stays, and says how the other moves.
///
///     moved = b exp(s(a)) + m(a)        s = tanh of the head log_scale, m = the head shift
struct Coupling: Sendable {
  let network: Network
  /// True if the first half of the latents moves.
  let movesFirst: Bool

  /// A flow's steps: `{name}.{step}`. Even ones move the second part.
  ///
  /// - Parameters:
  ///   - name: The beginning of the parameters' names, as `prior.flow`.
  ///   - steps: The number of steps.
  ///   - latent: The latents, of which the first part is half, rounded down.
  ///   - context: The columns that stand beside those that stay.
  ///   - hidden: The sizes of hidden layers.
  ///   - activation: The function of hidden units.
  static func flow(
    _ name: String, steps: Int, latent: Int, context: Int = 0, hidden: [Int],
    activation: Activation
  ) -> [Coupling] {
    let sizes = sizes(of: latent)
    return (0..<steps).map { step in
      let movesFirst = step % 2 == 1
      let moving = movesFirst ? sizes.first : sizes.second
      let heads = ["shift", "log_scale"].map { Head(name: $0, outputs: moving, startsAtZero: true) }
      return Coupling(
        network: Network(
          "\(name).\(step)", inputs: latent - moving + context, hidden: hidden,
          activation: activation, heads: heads),
        movesFirst: movesFirst)
    }
  }

  /// The parts that latents are split into.
  static func sizes(of latent: Int) -> (first: Int, second: Int) {
    (latent / 2, latent - latent / 2)
  }

  /// The reason why so many latents cannot be split; nil if they can.
  static func problem(latent: Int) -> String? {
    latent < 2
      ? "'flow' needs at least 2 latents, of which one part moves the other, found \(latent)." : nil
  }
}

/// The two parts of rows of latents while a flow goes through them, or of what else has a value for
/// each latent.
struct CouplingParts {
  /// The beginning of the names of what is computed.
  let name: String
  var first: Tensor
  var second: Tensor

  /// A step that was taken.
  struct Taken {
    var coupling: Coupling
    /// The part that stayed, and the other before it moved.
    var stayed: Tensor
    var before: Tensor
    /// Shift and log-scale.
    var heads: [Tensor]
    /// `(R)`: the sum of s.
    var total: Tensor
    /// The network's operations.
    var network: Range<Int>

    /// s, which is to be derived by log-scale.
    var scale: Formula { .tanh(heads[1].value) }
  }

  /// Splits rows of latents.
  init(_ latents: Tensor, named name: String, _ program: inout ProgramBuilder) throws(ProgramError)
  {
    self.name = name
    let (rows, sizes) = (latents.shape.rows, Coupling.sizes(of: latents.shape.columns))
    first = Tensor("\(name).first", .matrix(rows: rows, columns: sizes.first), .temporary)
    second = Tensor("\(name).second", .matrix(rows: rows, columns: sizes.second), .temporary)
    try program.append(
      .columns(Columns(input: latents, count: sizes.first, output: first)))
    try program.append(
      .columns(Columns(input: latents, from: sizes.first, output: second)))
  }

  /// The part that a step lets stay, and the other.
  subscript(coupling: Coupling) -> (stays: Tensor, moves: Tensor) {
    coupling.movesFirst ? (second, first) : (first, second)
  }

  /// Puts other values in place of the part that a step moves.
  mutating func replace(_ coupling: Coupling, by moved: Tensor) {
    if coupling.movesFirst { first = moved } else { second = moved }
  }

  /// Takes a step, or its inverse.
  ///
  /// - Parameter context: What stands beside the part that stays, with as many rows or fewer.
  mutating func take(
    _ coupling: Coupling, inverted: Bool, beside context: Tensor? = nil,
    _ program: inout ProgramBuilder
  ) throws(ProgramError) -> Taken {
    let name = "\(name).\(coupling.network.name)"
    let (stays, moves) = self[coupling]
    let start = program.operations.count
    var input = stays
    if let context {
      let columns = stays.shape.columns
      input = Tensor(
        "\(name).input",
        .matrix(rows: stays.shape.rows, columns: columns + context.shape.columns), .temporary)
      try program.append(.columns(Columns(input: stays, output: input)))
      try program.append(
        .columns(Columns(input: context, to: columns, accumulates: true, output: input)))
    }
    let heads = try coupling.network.append(input, to: &program)
    let taken = Taken(
      coupling: coupling, stayed: stays, before: moves, heads: heads,
      total: Tensor("\(name).total", .vector(moves.shape.rows), .temporary),
      network: start..<program.operations.count)
    let moved = Tensor("\(name).moved", moves.shape, .temporary)
    let (shift, scale) = (heads[0].value, taken.scale)
    let value =
      inverted
      ? (moves.value - shift) * .exp(-scale) : moves.value * .exp(scale) + shift
    try program.append(
      .map(
        Map(
          [.init(value, into: moved), .init(sumOf: scale, into: taken.total)],
          reading: heads + [moves])))
    replace(coupling, by: moved)
    return taken
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
