import Compute
import Files
import IWAE

/// A model of another program: its parameters under this program's names, and the architecture that names
/// and shapes tell.
public struct ForeignModel: Sendable {
  public let checkpoint: Checkpoint
  /// What was taken for granted, a sentence each.
  public let notes: [String]

  /// Reads arrays, whose names are a known convention's or have a mapping.
  ///
  /// - Parameters:
  ///   - content: The arrays.
  ///   - mapping: Where they belong; nil for as their names say.
  ///   - settings: What the names do not tell.
  ///   - file: The file's name in errors.
  public init(
    _ content: Safetensors, mapping: ForeignMapping? = nil,
    _ settings: ForeignSettings = ForeignSettings(), file: String
  ) throws(FormatError) {
    let tensors = try ForeignTensors(content, mapping: mapping, file: file)
    try self.init(tensors, mapping: mapping, settings, file: file)
  }

  init(
    _ tensors: ForeignTensors, mapping: ForeignMapping?, _ settings: ForeignSettings, file: String
  ) throws(FormatError) {
    var tensors = tensors
    let architecture = try Architecture(
      &tensors, activation: settings.activation ?? mapping?.activation,
      likelihood: settings.likelihood ?? mapping?.likelihood, settings, file: file)
    let model = architecture.model
    if let problem = model.problem {
      throw FormatError(file: file, problem: "the model: \(problem)")
    }
    let names = Set(model.parameters.map(\.name))
    if let extra = tensors.entries.keys.filter({ !names.contains($0) }).min() {
      throw FormatError(
        file: file,
        problem: "tensor '\(extra)' is no part of the model that the others make.")
    }
    checkpoint = try Checkpoint(Safetensors(entries: tensors.entries), of: model, file: file)
    notes = tensors.notes + architecture.notes
  }

}

/// A model that names and shapes describe.
private struct Architecture {
  var model: Model
  var notes: [String] = []

  init(
    _ tensors: inout ForeignTensors, activation: String?, likelihood: Likelihood?,
    _ settings: ForeignSettings, file: String
  ) throws(FormatError) {
    func problem(_ text: String) -> FormatError { FormatError(file: file, problem: text) }
    try tensors.nameChain(of: likelihood ?? .bernoulli)
    let biases = tensors.addMissingBiases()
    if !biases.isEmpty {
      notes.append("the file has no \(biases.joined(separator: ", ")): they are taken for zeros")
    }
    let entries = tensors.entries
    func rows(_ name: String) -> Int? { entries["\(name).weight"]?.shape.first }
    func hidden(_ network: String) -> [Int] {
      (0..<entries.count).lazy.map { rows("\(network).hidden.\($0)") }.prefix { $0 != nil }
        .compactMap(\.self)
    }
    var encoder: [Model.EncoderLayer] = []
    while encoder.count < NoisePurpose.maximumLayers {
      let name = "encoder.\(encoder.count)"
      guard let latent = rows("\(name).mean") ?? rows("\(name).logits") else { break }
      if entries.keys.contains(where: { $0.hasPrefix("\(name).flow.") }), settings.posterior == nil
      {
        throw problem("it has a flow at '\(name)'. Describe it with '--posterior'.")
      }
      let known: Posterior =
        rows("\(name).lower") != nil ? .full : rows("\(name).mean") == nil ? .bernoulli : .gaussian
      encoder.append(
        .init(hidden: hidden(name), latent: latent, posterior: settings.posterior ?? known))
    }
    guard !encoder.isEmpty else {
      throw problem(
        "no layer gives the mean of the latents: expected 'encoder.0.mean.weight' among what its names "
          + "were taken for.")
    }
    let decoder = encoder.indices.map { Model.DecoderLayer(hidden: hidden("decoder.\($0)")) }
    let last = "decoder.\(encoder.count - 1)"
    let found = Set(
      entries.keys.filter { $0.hasPrefix("\(last).") && $0.hasSuffix(".weight") }
        .map { $0.dropFirst(last.count + 1).dropLast(".weight".count) }
        .filter { !$0.contains(".") }.map(String.init))
    let named: Likelihood
    if let likelihood {
      named = likelihood
    } else {
      named = try Self.likelihood(ofHeads: found, file: file)
    }
    if likelihood == nil {
      notes.append(
        "its likelihood is taken to be \(named), of which its heads may be; '--likelihood' says another"
      )
    }
    guard let head = named.heads.first, let columns = rows("\(last).\(head)") else {
      throw problem(
        "the likelihood '\(named)' wants the head '\(last).\(named.heads.first ?? "")', found "
          + (found.isEmpty ? "none." : "\(found.sorted().joined(separator: ", "))."))
    }
    let isGated = entries.keys.contains { $0.hasSuffix(".gate.weight") }
    let kind = settings.hiddenKind ?? (isGated ? .gated : .dense)
    let isCurved =
      kind != .gated && (encoder.map(\.hidden) + decoder.map(\.hidden)).contains { !$0.isEmpty }
    let function = try Self.activation(
      activation ?? tensors.activation, isNeeded: isCurved, file: file)
    let prior: Prior
    if let known = settings.prior {
      prior = known
    } else {
      prior = try Self.prior(entries, file: file)
    }
    model = Model(
      dataSize: columns / max(named.headColumns, 1), activation: function, hiddenKind: kind,
      likelihood: named, encoder: encoder, decoder: decoder,
      prior: prior, condition: settings.condition)
  }

  private static func activation(
    _ name: String?, isNeeded: Bool, file: String
  ) throws(FormatError) -> Activation {
    guard let name else {
      guard isNeeded else { return .tanh }
      throw FormatError(
        file: file,
        problem: "its names do not tell the function of hidden units. Say it with '--activation'.")
    }
    guard let found = Model.activations.first(where: { "\($0)" == name }) else {
      throw FormatError(
        file: file, problem: "expected the activation tanh, relu or softplus, found '\(name)'.")
    }
    return found
  }

  private static func likelihood(
    ofHeads heads: Set<String>, file: String
  ) throws(FormatError) -> Likelihood {
    let known: [(Set<String>, Likelihood)] = [
      (["logits"], .bernoulli), (["mean", "log_sigma"], .gaussian), (["log_rate"], .poisson),
      (["mean", "log_scale"], .logistic),
    ]
    if let likelihood = known.first(where: { $0.0 == heads })?.1 { return likelihood }
    throw FormatError(
      file: file,
      problem: "its decoder's heads (\(heads.sorted().joined(separator: ", "))) do not tell the "
        + "likelihood. Say it with '--likelihood'.")
  }

  private static func prior(
    _ entries: [String: Safetensors.Entry], file: String
  ) throws(FormatError) -> Prior {
    let names = entries.keys.filter { $0.hasPrefix("prior.") }
    if names.isEmpty { return .standardNormal }
    let components = (entries["prior.inputs"] ?? entries["prior.mean"])?.shape.first
    let family = entries["prior.inputs"] == nil ? "mixture" : "vamp"
    let text = components.map { "\(family):\($0)" } ?? "bernoulli"
    guard components != nil || names == ["prior.logits"], let prior = try? Prior(named: text) else {
      throw FormatError(
        file: file,
        problem: "it has a prior of its own ('\(names.min() ?? "")'). Describe it with '--prior'.")
    }
    return prior
  }
}
