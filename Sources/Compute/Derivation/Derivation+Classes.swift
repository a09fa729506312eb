/// The way back through the log density of classes.
extension Derivation {
  mutating func reverse(
    _ classes: Classes, of program: inout ProgramBuilder
  ) throws(ProgramError) {
    guard let cotangent = try value(of: classes.output, in: &program) else { return }
    try program.expect(classes.result == .logDensity, "the \(classes.result) of classes")
    let logits = classes.logits
    let slope = unused("\(logits.name).slope\(suffix)", logits.shape, in: program)
    try program.append(
      .classes(
        Classes(
          .slope, logits: logits, count: classes.count, data: classes.data, output: slope)))
    add(
      BoundFormula(cotangent.formula * slope.value, reading: cotangent.sources + [slope]),
      to: logits)
  }
}
