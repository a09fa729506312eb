/// The way back through products by lower triangles, to the triangle.
extension Derivation {
  mutating func reverse(
    _ triangle: Triangle, among operations: [Operation], of program: inout ProgramBuilder
  ) throws(ProgramError) {
    let (input, output) = (triangle.input, triangle.output)
    guard cotangents[output] != nil else { return }
    guard case .product(let lower) = triangle.form else {
      return try program.expect(false, "'\(triangle.kind)'")
    }
    try program.expect(
      !isWanted(input, among: operations), "a triangle to '\(input.name)', which is no noise")
    if isWanted(lower, among: operations), let held = try held(output, in: &program) {
      let isShared = lower.shape.rows != output.shape.rows
      // A triangle that samples share gets the cotangent of each sample.
      let target = unused(
        delta(of: lower).name + (isShared ? ".rows" : ""),
        .matrix(rows: output.shape.rows, columns: lower.shape.columns), in: program)
      try program.append(
        .triangle(Triangle(.outer(factor: input), input: held, output: target)))
      add(BoundFormula(target.value, reading: [target]), to: lower)
    }
    cotangents[output] = nil
  }
}
