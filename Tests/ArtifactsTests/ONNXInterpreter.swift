import Foundation
import Testing

@testable import Artifacts

extension ONNXFile {
  /// The values of every array of numbers, given those of the inputs, for graphs of one column that
  /// have no layers. Everything is rounded to single precision after each node.
  func run(_ inputs: [String: [Float]]) throws -> [String: [Float]] {
    let count = try #require(inputs.values.first).count
    var values = inputs.merging(arrays.mapValues(\.values)) { first, _ in first }
    for node in nodes where node.operation != "Shape" {
      let operands = try node.inputs.filter { !$0.hasSuffix(".shape") }
        .map { try #require(values[$0]) }
      let length = node.operation == "Expand" ? count : operands.map(\.count).max() ?? 0
      values[node.outputs[0]] = try (0..<length).map { place in
        try Self.value(node.operation, operands.map { $0[$0.count == 1 ? 0 : place] })
      }
    }
    return values
  }

  /// What the format says of an operator at one place; a truth value is 1 or 0.
  private static func value(_ operation: String, _ x: [Float]) throws -> Float {
    switch operation {
    case "Add": x[0] + x[1]
    case "Sub": x[0] - x[1]
    case "Mul": x[0] * x[1]
    case "Div": x[0] / x[1]
    case "Pow": pow(x[0], x[1])
    case "Neg": -x[0]
    case "Exp": exp(x[0])
    case "Log": log(x[0])
    case "Sqrt": x[0].squareRoot()
    case "Tanh": tanh(x[0])
    case "Abs": x[0].magnitude
    // NumPy's, which pass a NaN on.
    case "Min": x[0].isNaN || x[1].isNaN ? .nan : min(x[0], x[1])
    case "Max": x[0].isNaN || x[1].isNaN ? .nan : max(x[0], x[1])
    case "Less": x[0] < x[1] ? 1 : 0
    case "Where": x[0] == 1 ? x[1] : x[2]
    case "Cast", "Identity", "Expand": x[0]
    default: throw UnknownOperator(name: operation)
    }
  }

  struct UnknownOperator: Error {
    let name: String
  }
}
