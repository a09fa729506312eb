import Compute
import Files

/// The values of a graph, node by node.
struct ONNXTrace {
  private(set) var values: [String: ONNXValue] = [:]

  /// The most numbers that nodes may make: a gigabyte.
  private static let mostNumbers = 1 << 28

  /// - Parameters:
  ///   - content: The graph.
  ///   - input: The name of its input that the chains begin with.
  ///   - file: The file's name in errors.
  init(_ content: ONNXContent, from input: String, file: String) throws(FormatError) {
    values = content.arrays.mapValues { .array($0) }
    for other in content.inputs {
      values[other.name] =
        other.name == input
        ? .chain(ONNXChain(columns: other.columns)) : .other("")
    }
    var numbers = 0
    for node in content.nodes {
      for output in node.outputs.dropFirst() where !output.isEmpty {
        values[output] = .other(node.title)
      }
      guard let output = node.outputs.first else { continue }
      let value = value(of: node)
      numbers += value.numbers
      guard numbers <= Self.mostNumbers else {
        throw FormatError(
          file: file,
          problem:
            "up to \(node.title), its nodes make more than \(Self.mostNumbers) numbers. Save the "
            + "model with constants folded.")
      }
      values[output] = value
    }
  }

  private func value(of node: ONNXContent.Node) -> ONNXValue {
    let operands = node.inputs.map { $0.isEmpty ? nil : values[$0] }
    // The first node that makes something else is the one to name, or the first that takes it.
    for case .other(let title)? in operands { return .other(title.isEmpty ? node.title : title) }
    let known = operands.compactMap(\.self)
    guard known.count == operands.count || node.operation == "Dropout",
      let result = Self.value(node, known)
    else { return .other(node.title) }
    return result
  }

  private static func value(_ node: ONNXContent.Node, _ operands: [ONNXValue]) -> ONNXValue? {
    let chains = operands.compactMap(\.chain)
    switch (node.operation, operands.count) {
    case ("Constant", 0):
      return node.arrays["value"].map { .array($0) }
        ?? node.numbers["value_float"].map { .array(ONNXArray(shape: [], values: [$0])) }
        ?? node.integers["value_ints"].map {
          .array(ONNXArray(shape: [$0.count], values: $0.map { Float($0) }))
        }
    case ("Identity", 1), ("Dropout", 1...): return operands[0]
    case ("Cast", 1): return node.integers["to"] == [1] ? operands[0] : nil
    case ("Flatten", 1):
      return [nil, [1]].contains(node.integers["axis"]) ? operands[0] : nil
    case ("Reshape", 2): return reshaped(operands[0], to: operands[1])
    case ("Transpose", 1): return transposed(operands[0], node)
    case ("Gemm", 2...3): return product(node, operands)
    case ("MatMul", 2):
      guard let chain = chains.first, let weight = operands[1].array else { return nil }
      return layer(chain, weight, isTransposed: false, bias: nil)
    case ("Add", 2), ("Sub", 2), ("Mul", 2), ("Div", 2):
      return combined(node, operands)
    case ("Tanh", 1), ("Relu", 1), ("Softplus", 1), ("Sigmoid", 1), ("Exp", 1), ("Sqrt", 1):
      return chains.first.flatMap { applied(node, $0) }
    default: return seen(node, operands)
    }
  }

  // MARK: Layers

  private static func product(
    _ node: ONNXContent.Node, _ operands: [ONNXValue]
  ) -> ONNXValue? {
    guard let chain = operands[0].chain, let weight = operands[1].array,
      [nil, [0]].contains(node.integers["transA"]), [nil, 1].contains(node.numbers["alpha"]),
      [nil, 1].contains(node.numbers["beta"])
    else { return nil }
    let bias = operands.count > 2 ? operands[2].array : nil
    guard (bias == nil) == (operands.count == 2) else { return nil }
    return layer(chain, weight, isTransposed: node.integers["transB"] == [1], bias: bias)
  }

  /// - Parameters:
  ///   - chain: What the layer reads.
  ///   - weight: `(inputs, outputs)`, or the other way round.
  ///   - isTransposed: True for the other way round.
  ///   - bias: `(outputs)`; nil for zeros.
  private static func layer(
    _ chain: ONNXChain, _ weight: ONNXArray, isTransposed: Bool, bias: ONNXArray?
  ) -> ONNXValue? {
    guard chain.linear == nil, weight.shape.count == 2, !weight.values.isEmpty else { return nil }
    let inputs = weight.shape[isTransposed ? 1 : 0]
    let outputs = weight.shape[isTransposed ? 0 : 1]
    guard chain.columns.map({ $0 == inputs }) ?? true,
      bias.map({ $0.values.count == outputs && $0.shape.last == outputs }) ?? true
    else { return nil }
    var result = chain
    result.linear = ONNXChain.Linear(
      weight.values, isTransposed: !isTransposed,
      bias: bias?.values ?? [Float](repeating: 0, count: outputs))
    result.columns = outputs
    return .chain(result)
  }

  private static func transposed(_ value: ONNXValue, _ node: ONNXContent.Node) -> ONNXValue? {
    guard let array = value.array, array.shape.count == 2,
      [nil, [1, 0]].contains(node.integers["perm"])
    else { return nil }
    return .array(
      ONNXArray(
        shape: [array.shape[1], array.shape[0]],
        values: ONNXArray.transposed(array.values, array.shape[0], array.shape[1])))
  }

  private static func applied(_ node: ONNXContent.Node, _ chain: ONNXChain) -> ONNXValue? {
    guard let linear = chain.linear else { return nil }
    var result = chain
    switch (node.operation, chain.ending) {
    case ("Sigmoid", .none): result.ending = .logistic
    case ("Exp", .none): result.ending = .exponential
    case ("Sqrt", .exponential): result.linear = linear.scaled(0.5)
    case ("Tanh", .none), ("Relu", .none), ("Softplus", .none):
      let names: [String: Activation] = ["Tanh": .tanh, "Relu": .relu, "Softplus": .softplus]
      return chain.adding(
        .init(output: node.output, linear: linear, activation: names[node.operation])
      ).map { ONNXValue.chain($0) }
    default: return nil
    }
    return .chain(result)
  }

  /// A sum, a difference, a product or a quotient: with a constant, or a layer with its gate.
  private static func combined(_ node: ONNXContent.Node, _ operands: [ONNXValue]) -> ONNXValue? {
    if node.operation == "Mul", let one = operands[0].chain, let other = operands[1].chain {
      return one.ending == .logistic ? gated(node, other, by: one) : gated(node, one, by: other)
    }
    let isCommutative = node.operation == "Add" || node.operation == "Mul"
    let isFirst = operands[0].chain != nil
    guard isFirst || isCommutative, var chain = operands[isFirst ? 0 : 1].chain,
      let constant = operands[isFirst ? 1 : 0].array, let linear = chain.linear,
      chain.ending == .none
    else { return nil }
    let (count, values) = (linear.bias.count, constant.values)
    guard values.count == 1 || values.count == count && constant.shape.last == count else {
      return nil
    }
    switch node.operation {
    case "Add", "Sub":
      chain.linear = linear.adding(values, times: node.operation == "Add" ? 1 : -1)
    default:
      guard values.count == 1 else { return nil }
      chain.linear = linear.scaled(node.operation == "Mul" ? values[0] : 1 / values[0])
    }
    return .chain(chain)
  }

  private static func gated(
    _ node: ONNXContent.Node, _ value: ONNXChain, by gate: ONNXChain
  ) -> ONNXValue? {
    guard gate.ending == .logistic, value.ending == .none, value.stands(besides: gate),
      let linear = value.linear, let other = gate.linear, value.columns == gate.columns
    else { return nil }
    return value.adding(.init(output: node.output, linear: linear, gate: other)).map {
      ONNXValue.chain($0)
    }
  }

  // MARK: The input

  /// A shape that leaves rows as they are.
  private static func reshaped(_ value: ONNXValue, to shape: ONNXValue) -> ONNXValue? {
    guard var chain = value.chain, let shape = shape.array?.values, shape.count == 2 else {
      return nil
    }
    if shape[1] == -1 { return shape[0] == 0 ? value : nil }
    guard shape[0] <= 0, let columns = Int(exactly: shape[1]), columns > 0,
      chain.columns.map({ $0 == columns }) ?? true
    else { return nil }
    chain.columns = columns
    return .chain(chain)
  }

  /// Zeros for what is missing, as this program's own graphs put them.
  private static func seen(_ node: ONNXContent.Node, _ operands: [ONNXValue]) -> ONNXValue? {
    switch (node.operation, operands.first, operands.dropFirst().first) {
    case ("Abs", .chain(let chain)?, nil) where chain.hidden.isEmpty && chain.linear == nil:
      return .inputSize
    case ("Less", .array(let least)?, .inputSize?) where least.values.allSatisfy { $0 < 0 }:
      return .inputIsNumber
    case ("Where", .inputIsNumber?, .chain(let chain)?)
    where chain.linear == nil && chain.hidden.isEmpty && operands.count == 3
      && operands[2].array?.values == [0]:
      return .chain(chain)
    default: return nil
    }
  }
}
