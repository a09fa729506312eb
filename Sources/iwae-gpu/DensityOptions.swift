import Commands
import Compute
import Experiments
import IWAE

/// The flags that give a model its distributions: each takes a name, JSON, or a file of JSON.
enum DensityOptions {
  private static let placeholder = "name|json|file"

  static let options = [
    Command.Option(
      "--likelihood", placeholder,
      help:
        "The distribution of the data: \(Likelihood.spellings), or JSON, or a file of JSON. (default: what suits the data, else bernoulli)"
    ),
    Command.Option(
      "--posterior", placeholder,
      help: "The distribution of each layer's latents given what lies below: "
        + "\(Posterior.spellings), or JSON, or a file of JSON. "
        + "(default: gaussian)"),
    Command.Option(
      "--prior", placeholder,
      help: "The distribution of the topmost latents: \(Prior.spellings), or JSON, or a file "
        + "of JSON. (default: standard-normal)"),
  ]

  /// Gives a model the distributions that the flags name.
  static func apply(_ arguments: ParsedArguments, to model: inout Model) throws {
    if let likelihood: Likelihood = try density("--likelihood", arguments) {
      model.likelihood = likelihood
    }
    if let posterior: Posterior = try density("--posterior", arguments) {
      for layer in model.encoder.indices { model.encoder[layer].posterior = posterior }
    }
    if let prior: Prior = try density("--prior", arguments) { model.prior = prior }
  }

  /// The distribution that a flag says; nil where it is absent.
  private static func density<Member: Density>(
    _ flag: String, _ arguments: ParsedArguments
  ) throws -> Member? {
    guard let text = arguments.string(flag) else { return nil }
    let family = String(text.prefix { $0 != ":" })
    if !Member.names.contains(family), DescriptionFile.isMeant(by: text) {
      return try DescriptionFile.read(text)
    }
    do throws(DescriptionError) {
      return try Member(named: text)
    } catch {
      if DescriptionFile.isJSON(text) {
        throw arguments.error("The value of '\(flag)' is invalid: \(error)")
      }
      let isUnknown = if case .unknownFamily = error { true } else { false }
      throw arguments.error(
        "The value '\(text)' is invalid for '\(flag) <\(placeholder)>': \(error)"
          + (isUnknown ? " JSON, or a file of JSON, describes one of your own." : ""))
    }
  }
}
