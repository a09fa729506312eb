import Testing

@testable import Compute

/// What has no way back is refused by name; that derivatives are right, conformance shows.
@Suite struct DerivationTests {
  let x = Tensor("x", .matrix(rows: 4, columns: 3), .input)
  let weight = Tensor("w", .matrix(rows: 2, columns: 3), .parameter)
  let h = Tensor("h", .matrix(rows: 4, columns: 2), .temporary)
  let first = Tensor("first", .vector(4), .temporary)
  let second = Tensor("second", .vector(4), .temporary)

  /// A layer, the sum of its squares, and another map of vectors or elements.
  private func error(_ last: Map.Result) throws -> String {
    var builder = ProgramBuilder("test")
    try builder.append(.multiply(Multiply(input: x, weight: weight, output: h)))
    try builder.append(.map(Map([.init(sumOf: "h" * "h", into: first)], reading: [h])))
    try builder.append(.map(Map([last], reading: [h, first])))
    var derivation = Derivation()
    derivation.add(BoundFormula(1, reading: []), to: last.tensor)
    do throws(ProgramError) {
      try derivation.walk(
        0..<3, of: &builder, gradients: [RowGradient(target: GradientTarget())])
      return "no error"
    } catch {
      return error.description
    }
  }

  @Test func whatIsReplacedCannotBeReadAgain() throws {
    #expect(try error(.init(.tanh("first"), into: second)) == "no error")
    #expect(try error(.init(3 * "first" + 1, into: first)) == "no error")
    #expect(
      try error(.init(.tanh("first"), into: first))
        == "derivation: there is no way back through a map that is not linear in 'first', which is "
        + "replaced afterwards.")
  }

  /// A triangle's product has a way back to the triangle alone.
  @Test func trianglesAreDerivedByThemselves() throws {
    func error(
      _ input: Tensor, _ form: (Tensor) -> Triangle.Form
    ) throws -> String {
      var builder = ProgramBuilder("test")
      let lower = Tensor("lower", .matrix(rows: 4, columns: 1), .temporary)
      let moved = Tensor("moved", .matrix(rows: 4, columns: 2), .temporary)
      try builder.append(.multiply(Multiply(input: x, weight: weight, output: h)))
      let heads = Tensor("heads", .matrix(rows: 1, columns: 3), .parameter)
      try builder.append(.multiply(Multiply(input: x, weight: heads, output: lower)))
      try builder.append(.triangle(Triangle(form(lower), input: input, output: moved)))
      var derivation = Derivation()
      derivation.add(BoundFormula(1, reading: []), to: moved)
      do throws(ProgramError) {
        try derivation.walk(0..<3, of: &builder)
        return "no error"
      } catch {
        return error.description
      }
    }
    let noise = Tensor("e", .matrix(rows: 4, columns: 2), .input)
    #expect(try error(noise) { .product(lower: $0) } == "no error")
    #expect(
      try error(h) { .product(lower: $0) }
        == "derivation: there is no way back through a triangle to 'h', which is no noise.")
    #expect(
      try error(noise) { .solve(lower: $0, diagonal: noise) }
        == "derivation: there is no way back through 'triangleSolve'.")
  }

  /// A row's value meets every element of its row.
  @Test func rowsHaveAWayBackFromElements() throws {
    #expect(try error(.init(sumOf: "h" * "first", into: second)) == "no error")
  }
}
