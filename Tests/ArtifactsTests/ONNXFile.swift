import Foundation
import Testing

@testable import Artifacts

/// A graph as the file has it.
struct ONNXFile {
  struct Node {
    let operation: String
    let inputs: [String]
    let outputs: [String]
    let attributes: [String: Int]
  }

  struct Array {
    let shape: [Int]
    let values: [Float]
  }

  let name: String
  let nodes: [Node]
  let arrays: [String: Array]
  let inputs: [String: [String]]
  let outputs: [String: [String]]

  init(_ data: Data) throws {
    let model = try ProtocolBufferReader(data)
    #expect(model.integers(1) == [8])
    #expect(model.texts(2) == ["iwae-gpu"])
    #expect(try model.message(8).integers(2) == [13])
    let graph = try model.message(7)
    name = try #require(graph.texts(2).first)
    nodes = try graph.messages(1).map { node in
      let attributes = try node.messages(5).map { attribute in
        #expect(attribute.integers(20) == [2])
        return (attribute.texts(1)[0], attribute.integers(3)[0])
      }
      return Node(
        operation: node.texts(4)[0], inputs: node.texts(1), outputs: node.texts(2),
        attributes: Dictionary(uniqueKeysWithValues: attributes))
    }
    let named = try graph.messages(5).map { array in
      let type = array.integers(2)
      #expect(type == [1] || type == [7])
      let values = array.data(9)[0].withUnsafeBytes { buffer in
        // Whole numbers of 64 bits, or numbers of single precision.
        type == [7]
          ? (0..<buffer.count / 8).map {
            Float(
              Int64(littleEndian: buffer.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)))
          }
          : (0..<buffer.count / 4).map {
            Float(
              bitPattern: UInt32(
                littleEndian: buffer.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
          }
      }
      return (array.texts(8)[0], Array(shape: array.integers(1), values: values))
    }
    arrays = Dictionary(uniqueKeysWithValues: named)
    inputs = try Self.declarations(graph.messages(11))
    outputs = try Self.declarations(graph.messages(12))
  }

  /// Names and shapes, sizes as text.
  private static func declarations(
    _ messages: [ProtocolBufferReader]
  ) throws -> [String: [String]] {
    let named = try messages.map { message in
      let array = try message.message(2).message(1)
      #expect(array.integers(1) == [1])
      let sizes = try array.message(2).messages(1).map { size in
        size.texts(2).first ?? "\(size.integers(1)[0])"
      }
      return (message.texts(1)[0], sizes)
    }
    return Dictionary(uniqueKeysWithValues: named)
  }
}

extension ONNXFile {
  /// The columns of every value, each node's inputs being there before it; 0 for a single number.
  func columns() throws -> [String: Int] {
    var columns: [String: Int] = arrays.mapValues { $0.shape.last ?? 0 }
    for (name, shape) in inputs {
      #expect(shape.count == 2 && shape[0] == "N")
      columns[name] = Int(shape[1])
    }
    for node in nodes {
      let sizes = try node.inputs.map { name in
        try #require(columns[name], "\(node.operation) takes '\(name)', which is not there yet")
      }
      try #require(node.outputs.count == 1)
      let result = try self.columns(of: node, sizes)
      #expect(columns.updateValue(result, forKey: node.outputs[0]) == nil)
    }
    return columns
  }

  private func columns(of node: Node, _ sizes: [Int]) throws -> Int {
    switch node.operation {
    case "Gemm":
      #expect(node.attributes == ["transB": 1] && node.inputs.count == 3)
      let weight = try #require(arrays[node.inputs[1]])
      #expect(weight.shape.count == 2 && weight.shape[1] == sizes[0])
      #expect(arrays[node.inputs[2]]?.shape == [weight.shape[0]])
      return weight.shape[0]
    case "Expand": return sizes[1]
    default:
      #expect(node.attributes == (node.operation == "Cast" ? ["to": 1] : [:]))
      let largest = try #require(sizes.max())
      // Rows of one number repeat it.
      #expect(sizes.allSatisfy { $0 <= 1 || $0 == largest })
      return largest
    }
  }
}
