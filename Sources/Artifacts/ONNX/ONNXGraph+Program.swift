import Compute
import IWAE

extension ONNXGraph {
  /// The graph of a program's products, columns and maps over elements: its inputs and outputs keep their
  /// names, its parameters become constants, and the number of rows is left open.
  init(_ program: Program, parameters: [Tensor: [Float]]) throws(ONNXError) {
    self.init(program.name)
    for tensor in program.tensors(.input) {
      _ = input(tensor.name, columns: tensor.shape.columns)
    }
    for tensor in program.tensors(.parameter) { try initializer(tensor, of: parameters) }
    var joined: [Tensor: [Columns]] = [:]
    for operation in program.operations {
      switch operation {
      case .multiply(let product): try append(product)
      case .map(let map): try append(map, of: program)
      case .classes(let classes): try append(classes)
      case .columns(let columns):
        let parts = joined[columns.output, default: []] + [columns]
        joined[columns.output] = parts
        if parts.reduce(0, { $0 + $1.count }) == columns.output.shape.columns { try append(parts) }
      case .triangle(let triangle): try append(triangle)
      default: throw Self.refusal("the operation '\(operation.kind)'")
      }
    }
    for (output, parts) in joined
    where parts.reduce(0, { $0 + $1.count }) != output.shape.columns {
      throw Self.refusal("the columns of '\(output.name)', of which some stay empty")
    }
    for tensor in program.tensors(.output) {
      output(tensor.name, columns: tensor.shape.columns)
    }
  }

  private static func refusal(_ what: String) -> ONNXError {
    ONNXError(
      "There is no ONNX form of \(what). Graphs are made of layers and of formulas over elements.")
  }

  /// Adds a layer: `activation(input * transpose(weight) + bias)`.
  private mutating func append(_ product: Multiply) throws(ONNXError) {
    guard !product.transposed, !product.accumulates, product.derivativeAt == nil else {
      throw Self.refusal("the way back that '\(product.output.name)' is part of")
    }
    let operands = [product.input, product.weight] + [product.bias].compactMap(\.self)
    let output = product.output.name
    let activation = Self.operation(product.activation)
    let sum = node(
      "Gemm", operands.map(\.name), activation == nil ? output : "\(output).sum",
      attributes: ["transB": 1])
    if let activation { node(activation, [sum], output) }
  }

  /// Adds a matrix that is made of columns of others, side by side.
  private mutating func append(_ parts: [Columns]) throws(ONNXError) {
    let output = parts[0].output
    var names: [String] = []
    var end = 0
    for part in parts.sorted(by: { $0.to < $1.to }) {
      guard part.to == end, part.input.shape.rows == output.shape.rows else {
        throw Self.refusal("the columns of '\(output.name)', which are not side by side")
      }
      end += part.count
      if part.count == part.input.shape.columns {
        names.append(part.input.name)
        continue
      }
      let bounds = [[part.from], [part.from + part.count], [1]].map { integers($0) }
      names.append(
        node("Slice", [part.input.name] + bounds, "\(output.name).part.\(names.count)"))
    }
    node("Concat", names, output.name, attributes: ["axis": 1])
  }

  /// Adds the mean of variables whose classes have logits side by side.
  private mutating func append(_ classes: Classes) throws(ONNXError) {
    guard classes.result == .mean else { throw Self.refusal("the \(classes.result) of classes") }
    let (name, logits) = (classes.output.name, classes.logits.name)
    let shape = integers([-1, classes.variables, classes.count])
    let apart = node("Reshape", [logits, shape], "\(name).logits")
    let shares = node("Softmax", [apart], "\(name).shares", attributes: ["axis": 2])
    let values = numbers((0..<classes.count).map { Float($0) }, named: "\(name).classes")
    node("MatMul", [shares, values], name)
  }

  /// Adds a product by triangles, each of which is unpacked to a square whose other elements are 0.
  private mutating func append(_ triangle: Triangle) throws(ONNXError) {
    guard case .product(let lower) = triangle.form,
      lower.shape.rows == triangle.output.shape.rows,
      triangle.input.shape.rows == triangle.output.shape.rows
    else { throw Self.refusal("the operation '\(triangle.kind)'") }
    let (units, output) = (triangle.units, triangle.output.name)
    var columns: [Int] = []
    var isBelow: [Float] = []
    for row in 0..<units {
      for column in 0..<units {
        // Elsewhere any column will do, for it is multiplied by 0.
        columns.append(column < row ? row * (row - 1) / 2 + column : 0)
        isBelow.append(column < row ? 1 : 0)
      }
    }
    let places = integers(columns, named: "\(output).places")
    let mask = numbers(isBelow, named: "\(output).mask")
    let spread = node("Gather", [lower.name, places], "\(output).spread", attributes: ["axis": 1])
    let masked = node("Mul", [spread, mask], "\(output).masked")
    let squares = node(
      "Reshape", [masked, integers([-1, units, units])], "\(output).squares")
    let vectors = node(
      "Unsqueeze", [triangle.input.name, integers([2])], "\(output).vectors")
    let products = node("MatMul", [squares, vectors], "\(output).products")
    node("Squeeze", [products, integers([2])], output)
  }

  /// Adds the formulas of a map.
  private mutating func append(_ map: Map, of program: Program) throws(ONNXError) {
    var rows: [String: String] = [:]
    var vectors: [String: String] = [:]
    for input in map.inputs {
      switch map.reading(of: input) {
      case .element: rows[input.name] = input.name
      case .columnValue, .single: vectors[input.name] = input.name
      case .rowValue: throw Self.refusal("a formula that reads the vector '\(input.name)'")
      }
    }
    for result in map.results {
      let (formula, tensor) = (result.formula, result.tensor)
      guard !result.isSum, !tensor.shape.isVector, rows[tensor.name] == nil,
        formula.variables.allSatisfy({ rows[$0] ?? vectors[$0] != nil }),
        let like = program.tensors.prefix(while: { $0 != tensor })
          .first(where: { $0.role != .parameter && $0.shape == tensor.shape })
      else { throw Self.refusal("the formula of '\(tensor.name)'") }
      append(formula, rows: rows, vectors: vectors, like: like.name, to: tensor.name)
    }
  }

  /// Adds a parameter's values.
  private mutating func initializer(
    _ tensor: Tensor, of parameters: [Tensor: [Float]]
  ) throws(ONNXError) {
    guard let values = parameters[tensor], values.count == tensor.shape.count else {
      let found = parameters[tensor].map { "\($0.count)" } ?? "none"
      throw ONNXError(
        "The parameter '\(tensor.name)' should have \(tensor.shape.count) values, found \(found). "
          + "Give the model and the parameters of the same checkpoint.")
    }
    initializer(tensor, values)
  }

  /// The operator of an activation; nil for the identity.
  private static func operation(_ activation: Activation) -> String? {
    switch activation {
    case .tanh: "Tanh"
    case .relu: "Relu"
    case .softplus: "Softplus"
    case .logistic: "Sigmoid"
    case .identity: nil
    }
  }
}
