import Compute
import Files
import Foundation
import IWAE
import Testing

@testable import Artifacts

/// Models that are read from graphs.
@Suite struct ForeignGraphTests {
  static let models: [Model] = Model.activations.flatMap { activation in
    [Likelihood.bernoulli, .gaussian, .poisson].flatMap { likelihood in
      [[5, 4], []].map { (hidden: [Int]) in
        Model(
          dataSize: 9, activation: activation, likelihood: likelihood,
          encoder: [.init(hidden: hidden, latent: 3)], decoder: [.init(hidden: hidden.reversed())])
      }
    }
  }

  func read(
    _ encoder: Data, _ decoder: Data, mapping: ForeignMapping? = nil
  ) throws -> ForeignModel {
    try ForeignModel(
      encoder: (encoder, "e.onnx"), decoder: (decoder, "d.onnx"), mapping: mapping)
  }

  @Test(arguments: models) func ourOwnGraphsAreReadBack(model: Model) throws {
    let parameters = model.initialParameters(seed: 3)
    let graphs = try ONNXModel(model, parameters: parameters)
    let found = try read(graphs.encoder, graphs.decoder).checkpoint
    if model.encoder[0].hidden.isEmpty {
      // Nothing tells the function of units that there are not.
      #expect(found.model.encoder == model.encoder && found.model.likelihood == model.likelihood)
    } else {
      #expect(found.model == model)
    }
    #expect(found.parameters == parameters)
  }

  /// A graph of another program: nodes in words, `output = Operation input input key=integer`.
  func graph(
    _ lines: [String], _ outputs: [String], arrays: [String: ONNXArray], title: String? = nil,
    change: (inout ProtocolBuffer) -> Void = { _ in }
  ) -> Data {
    var graph = ProtocolBuffer()
    for line in lines {
      let words = line.split(separator: " ").map(String.init)
      var node = ProtocolBuffer()
      node.add(2, words[0])
      node.add(3, title ?? "/\(words[0])")
      node.add(4, words[2])
      for word in words.dropFirst(3) {
        let parts = word.split(separator: "=")
        guard parts.count == 2, let value = Int(parts[1]) else {
          node.add(1, word)
          continue
        }
        var attribute = ProtocolBuffer()
        attribute.add(1, String(parts[0]))
        attribute.add(3, value)
        node.add(5, attribute)
      }
      graph.add(1, node)
    }
    for (name, array) in arrays.sorted(by: { $0.key < $1.key }) {
      var message = ProtocolBuffer()
      for size in array.shape { message.add(1, size) }
      message.add(2, 1)
      message.add(8, name)
      // One by one, as old writers have them.
      for value in array.values { message.add(4, value) }
      change(&message)
      graph.add(5, message)
    }
    var input = ProtocolBuffer()
    input.add(1, "x")
    graph.add(11, input)
    for output in outputs {
      var message = ProtocolBuffer()
      message.add(1, output)
      graph.add(12, message)
    }
    var model = ProtocolBuffer()
    model.add(7, graph)
    return model.data
  }

  func array(_ shape: Int...) -> ONNXArray {
    let count = shape.reduce(1, *)
    return ONNXArray(shape: shape, values: (0..<count).map { Float($0 % 5) - 1.5 })
  }

  var decoder: Data {
    graph(
      ["h = MatMul x w", "b = Add h c", "r = Relu b", "l = Gemm r v d transB=1", "p = Sigmoid l"],
      ["p"],
      arrays: ["w": array(2, 3), "c": array(3), "v": array(4, 3), "d": array(4)])
  }

  /// Two ways to write the same encoder: log sigma as itself, and as half of a log-variance.
  @Test func headsMayBeWrittenInSeveralWays() throws {
    let arrays = [
      "w": array(3, 4), "c": array(3), "v": array(3, 2), "d": array(2), "u": array(3, 2),
      "half": ONNXArray(shape: [], values: [0.5]),
    ]
    let start = [
      "f = Flatten x axis=1", "h = Gemm f w c transB=1", "r = Relu h", "m0 = MatMul r v",
      "mu = Add d m0", "s0 = MatMul r u",
    ]
    func found(_ lines: [String], _ outputs: [String]) throws -> [Tensor: [Float]] {
      try read(graph(start + lines, outputs, arrays: arrays), decoder).checkpoint.parameters
    }
    let plain = try found(["log_sigma = Identity s0"], ["mu", "log_sigma"])
    #expect(try found(["sigma = Exp s0"], ["mu", "sigma"]) == plain)
    let halved = try found(["logvar = Identity s0"], ["mu", "logvar"])
    #expect(halved != plain)
    #expect(try found(["s1 = Mul s0 half", "std = Exp s1"], ["mu", "std"]) == halved)
    #expect(try found(["variance = Exp s0"], ["mu", "variance"]) == halved)
    #expect(try found(["v1 = Exp s0", "std = Sqrt v1"], ["mu", "std"]) == halved)
    let mapping = ForeignMapping(layers: ["7": "encoder.0.mean", "8": "encoder.0.log_variance"])
    let named = try read(
      graph(start + ["7 = Identity mu", "8 = Identity s0"], ["7", "8"], arrays: arrays), decoder,
      mapping: mapping)
    #expect(named.checkpoint.parameters == halved)
    let error = #expect(throws: FormatError.self) {
      try read(
        graph(start + ["7 = Identity mu", "8 = Identity s0"], ["7", "8"], arrays: arrays), decoder)
    }
    #expect(error?.description.contains("'7', '8'") == true, "\(error?.description ?? "")")
  }

  @Test func gatesAreKnown() throws {
    let arrays = [
      "w": array(3, 4), "g": array(3, 4), "c": array(3), "v": array(2, 3), "u": array(2, 3),
      "d": array(2),
    ]
    let gated = [
      "a = Gemm x w c transB=1", "b = Gemm x g c transB=1", "s = Sigmoid b", "h = Mul a s",
      "mean = Gemm h v d transB=1", "log_sigma = Gemm h u d transB=1",
    ]
    let above = graph(
      [
        "a = Gemm x w c transB=1", "b = Gemm x w c transB=1", "s = Sigmoid b", "h = Mul s a",
        "logits = Gemm h v d transB=1",
      ], ["logits"],
      arrays: ["w": array(3, 2), "c": array(3), "v": array(4, 3), "d": array(4)])
    let encoder = graph(gated, ["mean", "log_sigma"], arrays: arrays)
    let model = try read(encoder, above).checkpoint.model
    #expect(model.hiddenKind == .gated && model.dataSize == 4)
    let error = #expect(throws: FormatError.self) { try read(encoder, decoder) }
    #expect(error?.description.contains("several kinds") == true)
  }

  @Test func anythingElseIsRefusedByItsNode() throws {
    let arrays = ["w": array(3, 4), "c": array(3), "v": array(2, 3), "d": array(2)]
    func refusal(
      _ lines: [String], change: (inout ProtocolBuffer) -> Void = { _ in }
    ) -> String {
      let data = graph(lines, ["mean", "log_sigma"], arrays: arrays, change: change)
      let error = #expect(throws: FormatError.self) { try read(data, decoder) }
      return error?.description ?? ""
    }
    let end = ["mean = Gemm r v d transB=1", "log_sigma = Gemm r v d transB=1"]
    #expect(refusal(["h = Conv x w", "r = Relu h"] + end).contains("node '/h' (Conv)"))
    #expect(
      refusal(["h = Gemm x w c transB=1", "r = LeakyRelu h"] + end).contains("'/r' (LeakyRelu)"))
    // Two linear layers, a weight of another shape, a transposed input, what is not there.
    #expect(refusal(["r = Gemm x w c transB=1"] + end).contains("'/mean' (Gemm)"))
    #expect(refusal(["h = Gemm x w c", "r = Relu h"] + end).contains("'/h' (Gemm)"))
    #expect(
      refusal(["h = Gemm x w c transA=1 transB=1", "r = Relu h"] + end).contains("'/h' (Gemm)"))
    #expect(refusal(["h = Gemm y w c transB=1", "r = Relu h"] + end).contains("'/h' (Gemm)"))
    // A circle has no beginning.
    #expect(refusal(["h = Relu r", "r = Relu h"] + end).contains("'/h' (Relu)"))
    let start = ["h = Gemm x w c transB=1", "r = Relu h"]
    #expect(refusal(start + end) { $0.add(14, 1) }.contains("another file"))
    #expect(refusal(start + end) { $0.add(1, 3) }.contains("wants"))
    #expect(refusal(start + end) { $0.add(1, -1) }.contains("has the shape"))
    #expect(refusal(start + end) { $0.add(1, Int.max) }.contains("has the shape"))
    // Several stochastic layers are no chain.
    let deep = ONNXTests.models.first { $0.encoder.count == 3 }
    let model = try #require(deep)
    let graphs = try ONNXModel(model, parameters: model.initialParameters(seed: 1))
    let error = #expect(throws: FormatError.self) { try read(graphs.encoder, graphs.decoder) }
    #expect(error?.description.contains("node '") == true, "\(error?.description ?? "")")
  }

  @Test func damagedFilesAreRefused() throws {
    let model = Self.models[0]
    let graphs = try ONNXModel(model, parameters: model.initialParameters(seed: 3))
    for count in stride(from: 0, to: graphs.encoder.count, by: 7) {
      #expect(throws: FormatError.self) {
        try read(graphs.encoder.prefix(count), graphs.decoder)
      }
    }
    // A length of 2^63, and one of nearly as much.
    for tail in [
      [UInt8](repeating: 0xff, count: 9) + [1],
      [0x3a] + [UInt8](repeating: 0xff, count: 8) + [0x7f],
    ] {
      #expect(throws: FormatError.self) { try read(Data([0x3a] + tail), graphs.decoder) }
    }
    // Any byte may be another: what comes is a model or a refusal.
    for place in stride(from: 0, to: graphs.encoder.count, by: 3) {
      for flip in [0x01, 0x80, 0xff] as [UInt8] {
        var damaged = graphs.encoder
        damaged[place] ^= flip
        do {
          _ = try read(damaged, graphs.decoder)
        } catch {
          #expect(error is FormatError, "\(error)")
        }
      }
    }
  }
}
