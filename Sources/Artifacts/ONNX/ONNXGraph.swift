import Compute
import Files
import Foundation

/// A graph of the Open Neural Network Exchange format: nodes that name what they take and what they
/// make, on float32 arrays of shape `(N, columns)`.
struct ONNXGraph {
  private let name: String
  private var nodes: [ProtocolBuffer] = []
  private var initializers: [ProtocolBuffer] = []
  private var inputs: [ProtocolBuffer] = []
  private var outputs: [ProtocolBuffer] = []
  /// The names of the numbers that are initializers already.
  private var numbers: Set<String> = []

  init(_ name: String) {
    self.name = name
  }

  /// The format's version, and that of the operators: what runtimes have understood for years, and
  /// all that formulas need.
  private static let formatVersion = 8
  private static let operatorVersion = 13
  static let float32 = 1
  private static let int64 = 7

  /// Declares an input, `(N, columns)`, and gives its name back.
  mutating func input(_ name: String, columns: Int) -> String {
    inputs.append(Self.declaration(name, columns: columns))
    return name
  }

  /// Declares that a value is an output, `(N, columns)`.
  mutating func output(_ name: String, columns: Int) {
    outputs.append(Self.declaration(name, columns: columns))
  }

  /// Adds a tensor's values as a constant array.
  mutating func initializer(_ tensor: Tensor, _ values: [Float]) {
    initializer(tensor.name, tensor.shape.dimensions, values)
  }

  /// Gives the name of a number that all nodes share, rounded to single precision.
  mutating func number(_ value: Double) -> String {
    let single = Float(value)
    // No density names anything in three parts.
    let name = "formula.number.\(single)"
    if numbers.insert(name).inserted { initializer(name, [], [single]) }
    return name
  }

  /// Gives the name of a list of numbers.
  mutating func numbers(_ values: [Float], named name: String) -> String {
    initializer(name, [values.count], values)
    return name
  }

  /// Gives the name of a list of whole numbers; without a name of its own, of one that all nodes share.
  mutating func integers(_ values: [Int], named own: String? = nil) -> String {
    let name = own ?? "integers.\(values.map(String.init).joined(separator: "."))"
    if numbers.insert(name).inserted {
      initializer(
        name, [values.count], Self.int64, littleEndian(values.map { UInt64(bitPattern: Int64($0)) })
      )
    }
    return name
  }

  private mutating func initializer(_ name: String, _ dimensions: [Int], _ values: [Float]) {
    initializer(name, dimensions, Self.float32, littleEndian(values.map(\.bitPattern)))
  }

  private mutating func initializer(
    _ name: String, _ dimensions: [Int], _ type: Int, _ content: Data
  ) {
    var message = ProtocolBuffer()
    for size in dimensions { message.add(Field.dimensions, size) }
    message.add(Field.dataType, type)
    message.add(Field.tensorName, name)
    message.add(Field.rawData, content)
    initializers.append(message)
  }

  /// Adds a node with one output, and gives the output's name back.
  @discardableResult
  mutating func node(
    _ operation: String, _ inputs: [String], _ output: String, attributes: [String: Int] = [:]
  ) -> String {
    var node = ProtocolBuffer()
    for input in inputs { node.add(Field.nodeInput, input) }
    node.add(Field.nodeOutput, output)
    node.add(Field.nodeName, "\(output).\(operation)")
    node.add(Field.operation, operation)
    for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
      var attribute = ProtocolBuffer()
      attribute.add(Field.attributeName, name)
      attribute.add(Field.integer, value)
      attribute.add(Field.attributeType, Field.integerType)
      node.add(Field.attribute, attribute)
    }
    nodes.append(node)
    return output
  }

  /// A file's content.
  var file: Data {
    var graph = ProtocolBuffer()
    for node in nodes { graph.add(Field.node, node) }
    graph.add(Field.graphName, name)
    for initializer in initializers { graph.add(Field.initializer, initializer) }
    for input in inputs { graph.add(Field.graphInput, input) }
    for output in outputs { graph.add(Field.graphOutput, output) }
    var operators = ProtocolBuffer()
    operators.add(Field.version, Self.operatorVersion)
    var model = ProtocolBuffer()
    model.add(Field.formatVersion, Self.formatVersion)
    model.add(Field.producer, "iwae-gpu")
    model.add(Field.graph, graph)
    model.add(Field.operatorSet, operators)
    return model.data
  }

  /// A value's name, type and shape; the number of rows is left open under the name N.
  private static func declaration(_ name: String, columns: Int) -> ProtocolBuffer {
    var rowCount = ProtocolBuffer()
    rowCount.add(Field.sizeName, "N")
    var columnCount = ProtocolBuffer()
    columnCount.add(Field.size, columns)
    var shape = ProtocolBuffer()
    shape.add(Field.dimension, rowCount)
    shape.add(Field.dimension, columnCount)
    var array = ProtocolBuffer()
    array.add(Field.elementType, float32)
    array.add(Field.shape, shape)
    var type = ProtocolBuffer()
    type.add(Field.tensorType, array)
    var value = ProtocolBuffer()
    value.add(Field.valueName, name)
    value.add(Field.valueType, type)
    return value
  }
}

/// The field numbers of onnx.proto.
private enum Field {
  // ModelProto, and OperatorSetIdProto
  static let formatVersion = 1
  static let producer = 2
  static let graph = 7
  static let operatorSet = 8
  static let version = 2
  // GraphProto
  static let node = 1
  static let graphName = 2
  static let initializer = 5
  static let graphInput = 11
  static let graphOutput = 12
  // NodeProto
  static let nodeInput = 1
  static let nodeOutput = 2
  static let nodeName = 3
  static let operation = 4
  static let attribute = 5
  // AttributeProto
  static let attributeName = 1
  static let integer = 3
  static let attributeType = 20
  static let integerType = 2
  // TensorProto
  static let dimensions = 1
  static let dataType = 2
  static let tensorName = 8
  static let rawData = 9
  // ValueInfoProto, TypeProto, TypeProto.Tensor, TensorShapeProto and its Dimension
  static let valueName = 1
  static let valueType = 2
  static let tensorType = 1
  static let elementType = 1
  static let shape = 2
  static let dimension = 1
  static let size = 1
  static let sizeName = 2
}
