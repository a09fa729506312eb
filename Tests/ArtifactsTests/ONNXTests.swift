import Compute
import Foundation
import IWAE
import Testing

@testable import Artifacts

@Suite struct ONNXTests {
  /// Models of one to three stochastic layers, with and without hidden layers.
  static let models: [Model] = Model.activations.flatMap { activation in
    Model.Likelihood.allCases.flatMap { likelihood in
      [[[5, 4]], [[]], [[6], [3, 4]], [[], [7], []]].map { (hidden: [[Int]]) in
        Model(
          dataSize: 9, activation: activation, likelihood: likelihood,
          encoder: hidden.enumerated().map { .init(hidden: $1, latent: 3 - $0) },
          decoder: hidden.reversed().map { .init(hidden: $0) })
      }
    }
  }

  /// A graph as the file has it.
  private struct Graph {
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
        #expect(array.integers(2) == [1])
        let values = array.data(9)[0].withUnsafeBytes { buffer in
          (0..<buffer.count / 4).map {
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

  private func graphs(_ model: Model) throws -> (encoder: Graph, decoder: Graph) {
    let files = try ONNXModel(model, parameters: model.initialParameters(seed: 3))
    return (try Graph(files.encoder), try Graph(files.decoder))
  }

  /// The columns of every value, each node's inputs being there before it.
  private func columns(_ graph: Graph) throws -> [String: Int] {
    var columns: [String: Int] = [:]
    for (name, shape) in graph.inputs {
      #expect(shape.count == 2 && shape[0] == "N")
      columns[name] = Int(shape[1])
    }
    for node in graph.nodes {
      let sizes = try node.inputs.filter { graph.arrays[$0] == nil }.map { name in
        try #require(columns[name], "\(node.operation) takes '\(name)', which is not there yet")
      }
      var result = sizes[0]
      if node.operation == "Gemm" {
        #expect(node.attributes == ["transB": 1] && node.inputs.count == 3)
        let weight = try #require(graph.arrays[node.inputs[1]])
        #expect(weight.shape.count == 2 && weight.shape[1] == sizes[0])
        #expect(graph.arrays[node.inputs[2]]?.shape == [weight.shape[0]])
        result = weight.shape[0]
      } else {
        #expect(node.attributes.isEmpty && sizes.allSatisfy { $0 == result })
      }
      try #require(node.outputs.count == 1)
      #expect(columns.updateValue(result, forKey: node.outputs[0]) == nil)
      #expect(graph.arrays[node.outputs[0]] == nil)
    }
    return columns
  }

  @Test(arguments: models) func graphsAreWhole(model: Model) throws {
    let (encoder, decoder) = try graphs(model)
    for graph in [encoder, decoder] {
      let columns = try columns(graph)
      for (name, shape) in graph.outputs {
        #expect(shape == ["N", "\(try #require(columns[name]))"])
      }
      let used = Set(graph.nodes.flatMap(\.inputs))
      #expect(used.isSuperset(of: graph.arrays.keys) && used.isSuperset(of: graph.inputs.keys))
    }
    let operations = Set((encoder.nodes + decoder.nodes).map(\.operation))
    let activation = try #require(
      [.tanh: "Tanh", .relu: "Relu", .softplus: "Softplus"][model.activation])
    let hasHidden = model.encoder.contains { !$0.hidden.isEmpty }
    #expect(operations.contains(activation) == hasHidden)
    #expect(operations.isSubset(of: ["Gemm", activation, "Exp", "Mul", "Add", "Sigmoid"]))
  }

  @Test(arguments: models) func inputsAndOutputsAreThePromisedOnes(model: Model) throws {
    let (encoder, decoder) = try graphs(model)
    let layers = model.encoder.indices
    func names(_ prefixes: [String], _ layers: Range<Int>) -> [String] {
      prefixes.flatMap { prefix in layers.map { "\(prefix).\($0)" } }
    }
    let sample = ["mean", "log_sigma", "latent"]
    #expect(encoder.name == "encoder" && decoder.name == "decoder")
    #expect(Set(encoder.inputs.keys) == Set(["images"] + names(["noise"], layers)))
    #expect(Set(encoder.outputs.keys) == Set(names(sample, layers)))
    let below = layers.dropLast()
    #expect(
      Set(decoder.inputs.keys) == Set(["latent.\(layers.last!)"] + names(["noise"], below)))
    let data =
      model.likelihood == .bernoulli ? ["logits", "probabilities"] : ["mean", "log_sigma"]
    #expect(Set(decoder.outputs.keys) == Set(data + names(sample, below)))
    for name in data { #expect(decoder.outputs[name] == ["N", "9"]) }
  }

  @Test(arguments: models) func weightsAreThoseOfTheCheckpoint(model: Model) throws {
    let parameters = model.initialParameters(seed: 3)
    let (encoder, decoder) = try graphs(model)
    let arrays = encoder.arrays.merging(decoder.arrays) { first, _ in first }
    #expect(arrays.count == encoder.arrays.count + decoder.arrays.count)
    #expect(arrays.count == model.parameters.count)
    for parameter in model.parameters {
      let array = try #require(arrays[parameter.name])
      #expect(array.shape == parameter.shape.dimensions)
      #expect(array.values == parameters[parameter])
    }
  }

  @Test func modelsThatDoNotFitAreRefusedBeforeTheyAreBuilt() {
    let side = 1 << 15
    let model = Model(
      dataSize: side, encoder: [.init(hidden: [side], latent: 2)], decoder: [.init(hidden: [])])
    #expect {
      try ONNXModel(model, parameters: [:])
    } throws: { error in
      "\(error)".contains("The encoder takes 4295622672 bytes")
        && "\(error)".contains("at most 2147483647.")
    }
  }

  @Test func theLimitHoldsForTheWholeFile() throws {
    let model = Self.models[0]
    let parameters = model.initialParameters(seed: 3)
    let files = try ONNXModel(model, parameters: parameters)
    let largest = max(files.encoder.count, files.decoder.count)
    #expect(try ONNXModel(model, parameters: parameters, sizeLimit: largest) == files)
    #expect(throws: ONNXError.self) {
      try ONNXModel(model, parameters: parameters, sizeLimit: largest - 1)
    }
  }

  @Test func missingParametersAreErrors() {
    let model = Self.models[0]
    var parameters = model.initialParameters(seed: 3)
    parameters[model.parameters[1]] = nil
    #expect {
      try ONNXModel(model, parameters: parameters)
    } throws: { error in
      "\(error)".contains("'encoder.0.hidden.0.bias' should have 5 values, found none.")
    }
  }
}
