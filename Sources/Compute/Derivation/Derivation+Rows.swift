/// The way back through what turns parameters into rows, and rows into values.
extension Derivation {
  mutating func reverse(
    _ operation: LogSumExp, of program: inout ProgramBuilder
  ) throws(ProgramError) {
    guard let cotangent = try value(of: operation.output, in: &program) else { return }
    let (input, output) = (operation.input, operation.output)
    let delta = unused(delta(of: input).name, input.shape, in: program)
    let share = Formula.exp(input.value - output.value)
    try program.append(
      .map(
        Map(
          [.init(cotangent.formula * share, into: delta)],
          reading: cotangent.sources + [input, output])))
    add(BoundFormula(delta.value, reading: [delta]), to: input)
  }

  mutating func reverse(
    _ relay: Relay, of program: inout ProgramBuilder, _ gradients: [RowGradient]
  ) throws(ProgramError) {
    guard let delta = try held(relay.output, in: &program) else { return }
    guard relay.input.role == .parameter else {
      let back = unused(self.delta(of: relay.input).name, relay.input.shape, in: program)
      try program.append(.relay(Relay(input: delta, turns: relay.turns, output: back)))
      return add(BoundFormula(back.value, reading: [back]), to: relay.input)
    }
    for gradient in gradients {
      try program.expect(
        gradient.rowScale == nil, "a relay of '\(relay.input.name)' whose rows have coefficients")
      let target = gradient.target
      let tensor = target.tensor(of: relay.input)
      let isFirst = !program.writes(tensor)
      try program.append(
        .relay(
          Relay(
            input: delta, turns: relay.turns, accumulates: target.accumulates || !isFirst,
            decay: isFirst ? target.decay : nil, output: tensor)))
    }
  }
}
