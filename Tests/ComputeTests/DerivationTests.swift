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

  /// A row's value meets every element of its row.
  @Test func rowsHaveAWayBackFromElements() throws {
    #expect(try error(.init(sumOf: "h" * "first", into: second)) == "no error")
  }
}
