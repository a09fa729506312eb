import Compute
import Files
import Foundation
import IWAE

extension ForeignModel {
  /// Reads an encoder's and a decoder's graph, which are chains of dense layers.
  ///
  /// - Parameters:
  ///   - encoder: The encoder's graph, and the name of its file.
  ///   - decoder: The decoder's.
  ///   - mapping: The heads that their outputs are; nil for as their names say.
  ///   - settings: What the graphs do not tell.
  public init(
    encoder: (content: Data, file: String), decoder: (content: Data, file: String),
    mapping: ForeignMapping? = nil, _ settings: ForeignSettings = ForeignSettings()
  ) throws(FormatError) {
    if let mapping, mapping.isLogVariance || mapping.isTransposed {
      throw FormatError(
        file: encoder.file,
        problem:
          "'log_variance' and 'transpose' are of files of tensors. Of a graph, map the output to "
          + "'encoder.0.log_variance'.")
    }
    var tensors = ForeignTensors(file: encoder.file)
    let likelihood = settings.likelihood ?? mapping?.likelihood
    let graphs = [
      try ONNXHeads(encoder.content, .encoder, mapping, file: encoder.file),
      try ONNXHeads(
        decoder.content, .decoder(likelihood), mapping, file: decoder.file),
    ]
    let used = graphs.reduce(into: Set<String>()) { $0.formUnion($1.mapped) }
    if let name = mapping?.layers.keys.sorted().first(where: { !used.contains($0) }) {
      throw FormatError(
        file: encoder.file,
        problem:
          "the mapping has '\(name)', which is no output of a graph that it is put in: places "
          + "begin with 'encoder.0.' for the encoder's outputs, and 'decoder.0.' for the decoder's."
      )
    }
    for graph in graphs { try graph.place(in: &tensors) }
    let functions = Set(graphs.flatMap(\.hidden).compactMap(\.activation).map { "\($0)" })
    let gates = graphs.flatMap(\.hidden).count { $0.gate != nil }
    guard functions.count + (gates > 0 ? 1 : 0) <= 1 else {
      throw FormatError(
        file: encoder.file,
        problem: "hidden units of several kinds ("
          + (functions.sorted() + (gates > 0 ? ["gates"] : [])).joined(separator: ", ")
          + "), in it or in '\(decoder.file)'; expected the same function in all.")
    }
    tensors.activation = functions.first
    try self.init(tensors, mapping: mapping, settings, file: encoder.file)
  }
}

/// The dense layers on a graph's input, and the heads on top.
struct ONNXHeads {
  /// The side that a graph is of.
  enum Side {
    case encoder
    /// With the likelihood, where it is known.
    case decoder(Likelihood?)

    var name: String { if case .encoder = self { "encoder.0" } else { "decoder.0" } }
  }

  let hidden: [ONNXChain.Hidden]
  /// The outputs that the mapping says something of.
  let mapped: Set<String>
  private let heads: [(place: String, linear: ONNXChain.Linear)]
  private let side: Side

  init(
    _ data: Data, _ side: Side, _ mapping: ForeignMapping?, file: String
  ) throws(FormatError) {
    self.side = side
    let content = try ONNXContent(data, file: file)
    guard let input = content.inputs.first(where: { !$0.name.hasPrefix("noise") }) else {
      throw FormatError(file: file, problem: "the graph has no input.")
    }
    let trace = try ONNXTrace(content, from: input.name, file: file)
    let ours = (mapping?.layers ?? [:]).filter { output, place in
      content.outputs.contains(output) && place?.hasPrefix("\(side.name).") ?? true
    }
    mapped = Set(ours.keys)
    var heads: [(place: String, chain: ONNXChain)] = []
    var failure: String?
    for output in content.outputs {
      guard case .chain(let chain)? = trace.values[output], let linear = chain.linear,
        !linear.bias.isEmpty
      else {
        if case .other(let title)? = trace.values[output] { failure = failure ?? title }
        continue
      }
      let head =
        if let known = ours[output] {
          known.map { String($0.dropFirst(side.name.count + 1)) }
        } else {
          Self.place(of: output, chain, side)
        }
      guard let place = head else { continue }
      guard chain.ending.fits(place, side) else {
        throw FormatError(
          file: file,
          problem: "the output '\(output)' is mapped to '\(side.name).\(place)', but ends in "
            + "\(chain.ending.words), which that head has not.")
      }
      heads.append((place, chain))
    }
    let wanted = Self.wanted(side)
    let found = Set(heads.map(\.place))
    guard wanted.contains(where: { $0.isSubset(of: found) }) else {
      throw Self.error(content, found, side, failure, file)
    }
    // A head may come twice, as logits and as their mean.
    var used: Set<String> = []
    let once = heads.filter { used.insert($0.place).inserted }
    guard let first = once.first, once.allSatisfy({ $0.chain.stands(besides: first.chain) }) else {
      throw FormatError(
        file: file,
        problem: "its heads stand on different hidden layers; expected the same for all.")
    }
    hidden = first.chain.hidden
    self.heads = once.compactMap { head in head.chain.linear.map { (head.place, $0) } }
  }

  private static func error(
    _ content: ONNXContent, _ found: Set<String>, _ side: Side, _ failure: String?, _ file: String
  ) -> FormatError {
    if let failure {
      return FormatError(
        file: file,
        problem:
          "\(failure) is no part of a chain of dense layers. Expected Gemm, MatMul and Add with "
          + "constant weights, Tanh, Relu, Softplus or a gate by Sigmoid, and heads on top.")
    }
    let outputs = content.outputs.map { "'\($0)'" }.joined(separator: ", ")
    let example = "{\"layers\": {\"\(content.outputs.first ?? "output")\": \"\(side.name).mean\"}}"
    return FormatError(
      file: file,
      problem:
        "its outputs (\(outputs)) do not tell the heads. Say it with '--mapping', as \(example); "
        + "places are the heads' names, or 'encoder.0.log_variance'.")
  }

  /// The sets of heads of which one has to be there.
  private static func wanted(_ side: Side) -> [Set<String>] {
    switch side {
    case .encoder: [["mean", "log_sigma"], ["mean", "log_variance"]]
    case .decoder(let likelihood?): [Set(likelihood.heads)]
    case .decoder(nil):
      [Likelihood.bernoulli, .gaussian, .poisson, .logistic].map { Set($0.heads) }
    }
  }

  /// The head that an output is; nil for what is none.
  private static func place(
    of output: String, _ chain: ONNXChain, _ side: Side
  ) -> String? {
    let name = output.lowercased().replacing(/\.0$/, with: "")
    if case .decoder(let likelihood) = side {
      if chain.ending == .logistic {
        return chain.ending.fits("logits", side) ? "logits" : nil
      }
      guard chain.ending == .none else { return nil }
      if let likelihood, likelihood.heads.count == 1 { return likelihood.heads[0] }
      let heads = likelihood?.heads ?? ["logits", "mean", "log_sigma", "log_rate", "log_scale"]
      return heads.first {
        name == $0 || name.replacing("_", with: "") == $0.replacing("_", with: "")
      }
    }
    let plain = name.replacing("_", with: "")
    switch chain.ending {
    case .none:
      if ["mean", "mu", "loc", "zmean", "zmu", "embedding"].contains(plain) { return "mean" }
      if ["logsigma", "logstd", "logscale", "logstddev"].contains(plain) { return "log_sigma" }
      return ["logvar", "logvariance", "zlogvar"].contains(plain) ? "log_variance" : nil
    case .exponential:
      if ["sigma", "std", "stddev", "scale"].contains(plain) { return "log_sigma" }
      return ["var", "variance"].contains(plain) ? "log_variance" : nil
    case .logistic: return nil
    }
  }

  /// Puts the layers in their places.
  func place(in tensors: inout ForeignTensors) throws(FormatError) {
    func put(_ linear: ONNXChain.Linear, _ place: String) throws(FormatError) {
      let name = "\(side.name).\(place)"
      try tensors.put(
        .init(shape: [linear.bias.count, linear.inputs], values: .float32(linear.weight)),
        as: "\(name).weight", from: name)
      try tensors.put(
        .init(shape: [linear.bias.count], values: .float32(linear.bias)), as: "\(name).bias",
        from: name)
    }
    for (index, layer) in hidden.enumerated() {
      try put(layer.linear, "hidden.\(index)")
      if let gate = layer.gate { try put(gate, "hidden.\(index).gate") }
    }
    for (place, linear) in heads { try put(linear, place) }
  }
}

extension ONNXChain.Ending {
  /// True if a head's linear layer is all that stands before the ending, and the likelihood or the posterior
  /// has the ending itself.
  fileprivate func fits(_ head: String, _ side: ONNXHeads.Side) -> Bool {
    switch (self, side) {
    case (.none, _): true
    case (.exponential, _): head.hasPrefix("log_")
    case (.logistic, .encoder): false
    case (.logistic, .decoder(let likelihood)):
      head == "logits" && likelihood?.hasLogisticMean ?? true
    }
  }

  fileprivate var words: String {
    switch self {
    case .none: "no function"
    case .exponential: "an Exp"
    case .logistic: "a Sigmoid"
    }
  }
}
