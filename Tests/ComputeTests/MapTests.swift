import Testing

@testable import Compute

@Suite struct MapTests {
  let a = Tensor("a", .matrix(rows: 4, columns: 3), .input)
  let b = Tensor("b", .matrix(rows: 2, columns: 3), .input)
  let row = Tensor("r", .vector(4), .input)
  let output = Tensor("y", .matrix(rows: 4, columns: 3), .output)
  let sum = Tensor("s", .vector(4), .output)

  private func error(_ results: [Map.Result], _ tensors: Tensor...) -> String {
    var builder = ProgramBuilder("test")
    do throws(ProgramError) {
      try builder.append(.map(Map(results, reading: tensors)))
      return "no error"
    } catch {
      return error.description
    }
  }

  private func parameter(_ shape: Shape) -> Tensor { Tensor("p", shape, .parameter) }

  @Test func operandsAreReadAsTheyLie() {
    let map = Map([.init("a" * "r" + "b" * "p", into: output)], reading: [a, b, row, sum])
    #expect(map.inputs == [a, b, row] && map.rows == 4 && map.columns == 3)
    #expect(map.reading(of: b) == .element && map.reading(of: row) == .rowValue)
    #expect(map.reading(of: parameter(.vector(3))) == .columnValue)
    #expect(map.reading(of: parameter(.vector(1))) == .single)
    #expect(map.operands.map(\.sharing) == [1, 2, 1, 1])
  }

  @Test func whatFitsIsAccepted() {
    let (column, matrix) = (
      parameter(.vector(3)), Tensor("m", .matrix(rows: 4, columns: 1), .output)
    )
    #expect(error([.init("a" * "b" + "p", into: output)], a, b, column) == "no error")
    #expect(error([.init(sumOf: "b" * "r", into: sum)], b, row) == "no error")
    #expect(error([.init(sumOf: "r" * "p", into: matrix)], row, column) == "no error")
    #expect(error([.init("r" * "p", into: sum)], row, parameter(.vector(1))) == "no error")
    #expect(
      error([.init(Control.Value.klWeight.formula * "a", into: output)], a) == "no error")
    let state = Tensor("x", .matrix(rows: 4, columns: 3), .state)
    #expect(error([.init("x" + "a", into: state)], state, a) == "no error")
  }

  @Test func operandsThatDoNotFitAreNamed() {
    let narrow = Tensor("n", .matrix(rows: 4, columns: 2), .input)
    let three = Tensor("t", .matrix(rows: 3, columns: 3), .input)
    #expect(
      error([.init("a" + "n", into: output)], a, narrow)
        == "map: expected 'n' to have shape [a divisor of 4, 3], found [4, 2].")
    #expect(
      error([.init("a" + "t", into: output)], a, three)
        == "map: expected 't' to have shape [a divisor of 4, 3], found [3, 3].")
    #expect(
      error([.init("a" * "r", into: output)], a, Tensor("r", .vector(3), .input))
        == "map: expected the 4 rows to be divided among the 3 of 'r'.")
    #expect(
      error([.init("a" * "p", into: output)], a, parameter(.vector(2)))
        == "map: expected 'p' to have shape [3], found [2].")
    #expect(
      error([.init("r" + "h", into: sum)], row, Tensor("h", .vector(2), .input))
        == "map: expected 'h' to have 4 values, found 2.")
    #expect(error([.init("a" + "q", into: output)], a) == "map: no operand is named 'q'.")
    #expect(
      error([.init("a" + "a", into: output)], a, Tensor("a", .vector(4), .input))
        == "map: two operands have one name.")
  }

  @Test func onlyVectorsAreParametersOfFormulas() {
    #expect(
      error([.init("a" * "p", into: output)], a, parameter(.matrix(rows: 4, columns: 3)))
        == "map: expected 'p' to be a vector, as every parameter in a formula, found [4, 3].")
    #expect(
      error([.init("r" * "p", into: sum)], row, parameter(.vector(3)))
        == "map: expected 'p' to have one value, for vectors have no columns, found [3].")
  }

  @Test func resultsThatDoNotFitAreNamed() {
    #expect(error([]) == "map: expected at least one result.")
    #expect(
      error([.init("a", into: output), .init("a" + 1, into: output)], a)
        == "map: every result needs a tensor of its own.")
    #expect(
      error(
        [.init(sumOf: "a", into: Tensor("s", .vector(2), .output)), .init("a", into: output)], a
      )
      .hasPrefix("map: expected"))
    #expect(
      error(
        [.init(sumOf: "x" + "a", into: Tensor("x", .vector(4), .state))], a,
        Tensor("x", .vector(4), .state))
        == "map: the sum 'x' cannot replace what it is a sum of.")
    #expect(error([.init("a", into: sum)], a) == "map: vectors are made of vectors.")
    let many = (0..<16).map { Tensor("y\($0)", .matrix(rows: 4, columns: 3), .output) }
    #expect(
      error(many.map { .init("a", into: $0) }, a)
        == "map: expected at most 16 operands, found 17.")
  }
}
