import Compute
import Foundation
import IWAE
import Testing

@testable import Artifacts

@Suite struct ONNXTests {
  /// Models of one to three stochastic layers, with and without hidden layers.
  static let models: [Model] = Model.activations.flatMap { activation in
    [Likelihood.bernoulli, .gaussian].flatMap { likelihood in
      [[[5, 4]], [[]], [[6], [3, 4]], [[], [7], []]].map { (hidden: [[Int]]) in
        Model(
          dataSize: 9, activation: activation, likelihood: likelihood,
          encoder: hidden.enumerated().map { .init(hidden: $1, latent: 3 - $0) },
          decoder: hidden.reversed().map { .init(hidden: $0) })
      }
    }
  }

  private func graphs(_ model: Model) throws -> (encoder: ONNXFile, decoder: ONNXFile) {
    let files = try ONNXModel(model, parameters: model.initialParameters(seed: 3))
    return (try ONNXFile(files.encoder), try ONNXFile(files.decoder))
  }

  @Test(arguments: models) func graphsAreWhole(model: Model) throws {
    let (encoder, decoder) = try graphs(model)
    for graph in [encoder, decoder] {
      let columns = try graph.columns()
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
    let seen: Set = ["Abs", "Less", "Where"]
    let sample = seen.union(["Gemm", activation, "Exp", "Mul", "Add"])
    // A sigmoid that keeps its tails.
    let mean: Set = ["Abs", "Neg", "Exp", "Less", "Where", "Add", "Div"]
    let isBernoulli = model.likelihood == .bernoulli
    #expect(operations.isSubset(of: isBernoulli ? sample.union(mean) : sample))
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
    func isNumber(_ name: String) -> Bool { name.hasPrefix("formula.number.") }
    let arrays = encoder.arrays.merging(decoder.arrays) { first, _ in first }
    let numbers = arrays.filter { isNumber($0.key) }
    #expect(numbers.allSatisfy { $0.value.shape == [] && $0.value.values.count == 1 })
    let weights = [encoder, decoder].flatMap { $0.arrays.keys.filter { !isNumber($0) } }
    #expect(weights.count == model.parameters.count)
    #expect(arrays.count == model.parameters.count + numbers.count)
    for parameter in model.parameters {
      let array = try #require(arrays[parameter.name])
      #expect(array.shape == parameter.shape.dimensions)
      #expect(array.values == parameters[parameter])
    }
  }

  @Test func labelsAreAnInputOfBoth() throws {
    let model = Model(
      dataSize: 9, encoder: [.init(hidden: [5], latent: 3), .init(hidden: [], latent: 2)],
      decoder: [.init(hidden: []), .init(hidden: [6])], condition: 4)
    let (encoder, decoder) = try graphs(model)
    for (graph, output, parts) in [
      (encoder, "encoder.0.input", ["images.seen", "labels"]),
      (decoder, "decoder.1.input", ["latent.0", "labels"]),
    ] {
      #expect(graph.inputs["labels"] == ["N", "4"])
      let joined = graph.nodes.filter { $0.operation == "Concat" }
      #expect(joined.map(\.inputs) == [parts] && joined.map(\.outputs) == [[output]])
      #expect(graph.nodes.contains { $0.operation == "Gemm" && $0.inputs.first == output })
    }
  }

  /// Columns of one matrix side by side with those of another; gaps have no form.
  @Test func columnsAreSlices() throws {
    let (a, b) = (
      Tensor("a", .matrix(rows: 1, columns: 5), .input),
      Tensor("b", .matrix(rows: 1, columns: 2), .input)
    )
    let output = Tensor("y", .matrix(rows: 1, columns: 4), .output)
    var program = ProgramBuilder("parts")
    try program.append(.columns(Columns(input: a, from: 3, count: 2, to: 2, output: output)))
    #expect {
      try ONNXGraph(program.build(), parameters: [:])
    } throws: { error in
      "\(error)".contains("the columns of 'y', of which some stay empty")
    }
    try program.append(.columns(Columns(input: b, accumulates: true, output: output)))
    let graph = try ONNXFile(ONNXGraph(program.build(), parameters: [:]).file)
    let slice = try #require(graph.nodes.first { $0.operation == "Slice" })
    #expect(slice.inputs == ["a", "integers.3", "integers.5", "integers.1"])
    #expect(slice.inputs.dropFirst().map { graph.arrays[$0]?.values } == [[3], [5], [1]])
    #expect(graph.nodes.last?.inputs == ["b"] + slice.outputs)
  }

  /// Every encoder takes 0 for NaN.
  @Test(arguments: models) func missingValuesAreSeenAsZero(model: Model) throws {
    let (encoder, _) = try graphs(model)
    let node = try #require(encoder.nodes.first { $0.outputs == ["images.seen"] })
    #expect(
      node.operation == "Where" && node.inputs.dropFirst() == ["images", "formula.number.0.0"])
    #expect(
      encoder.nodes.filter { $0.inputs.contains("images") }.map(\.operation) == ["Abs", "Where"])
  }

  @Test func trianglesAreUnpacked() throws {
    let shape = Shape.matrix(rows: 1, columns: 3)
    let (lower, noise) = (Tensor("lower", shape, .input), Tensor("noise", shape, .input))
    let output = Tensor("y", shape, .output)
    var program = ProgramBuilder("triangle")
    try program.append(.triangle(Triangle(.product(lower: lower), input: noise, output: output)))
    let graph = try ONNXFile(ONNXGraph(program.build(), parameters: [:]).file)
    #expect(
      graph.nodes.map(\.operation) == [
        "Gather", "Mul", "Reshape", "Unsqueeze", "MatMul", "Squeeze",
      ])
    #expect(graph.nodes[0].inputs[0] == "lower" && graph.nodes[0].attributes == ["axis": 1])
    #expect(graph.arrays[graph.nodes[0].inputs[1]]?.values == [0, 0, 0, 0, 0, 0, 1, 2, 0])
    #expect(graph.arrays[graph.nodes[1].inputs[1]]?.values == [0, 0, 0, 1, 0, 0, 1, 1, 0])
    #expect(graph.arrays[graph.nodes[2].inputs[1]]?.values == [-1, 3, 3])
    #expect(graph.nodes[3].inputs[0] == "noise" && graph.nodes[5].outputs == ["y"])
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

  @Test func whatHasNoGraphIsRefusedByName() throws {
    let input = Tensor("values", .matrix(rows: 1, columns: 3), .input)
    let row = Tensor("row", .vector(1), .output)
    var sums = ProgramBuilder("sums")
    try sums.append(.map(Map([.init(sumOf: input.value, into: row)], reading: [input])))
    var scaled = ProgramBuilder("scaled")
    let output = Tensor("scaled", input.shape, .output)
    let weight = Control.Value.klWeight.formula
    try scaled.append(.map(Map([.init(weight * input.value, into: output)], reading: [input])))
    var noise = ProgramBuilder("noise")
    let indices = Tensor("indices", .vector(1), .input, element: .uint32)
    try noise.append(.noise(Noise(purpose: .data, indices: indices, output: output)))
    for (program, what) in [
      (sums.build(), "the formula of 'row'"), (scaled.build(), "the formula of 'scaled'"),
      (noise.build(), "the operation 'noise'"),
    ] {
      #expect {
        try ONNXGraph(program, parameters: [:])
      } throws: { error in
        "\(error)".contains("There is no ONNX form of \(what).")
      }
    }
  }
}
