import Artifacts
import Compute
import Experiments
import Files
import Foundation
import IWAE

/// The flags that give a model its distributions: each takes a name, JSON, or a file of JSON.
enum DensityOptions {
  private static let placeholder = "name|json|file"

  static let options = [
    Command.Option(
      "--likelihood", placeholder,
      help: "The distribution of the data: \(Likelihood.names.joined(separator: ", ")), or JSON, "
        + "or a file of JSON. (default: what suits the data, else bernoulli)"),
    Command.Option(
      "--posterior", placeholder,
      help: "The distribution of each layer's latents given what lies below: "
        + "\(Posterior.names.joined(separator: ", ")), or JSON, or a file of JSON. "
        + "(default: gaussian)"),
    Command.Option(
      "--prior", placeholder,
      help: "The distribution of the topmost latents: \(Prior.names.joined(separator: ", ")), or "
        + "JSON, or a file of JSON. (default: standard-normal)"),
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
    let isJSON = text.first { !$0.isWhitespace } == "{"
    let family = String(text.prefix { $0 != ":" })
    if !isJSON, !Member.names.contains(family), isFile(text) { return try decode(text) }
    do throws(DensityError) {
      return try Member(named: text)
    } catch {
      if isJSON { throw arguments.error("The value of '\(flag)' is invalid: \(error)") }
      let isUnknown = if case .unknownFamily = error { true } else { false }
      throw arguments.error(
        "The value '\(text)' is invalid for '\(flag) <\(placeholder)>': \(error)"
          + (isUnknown ? " JSON, or a file of JSON, describes one of your own." : ""))
    }
  }

  /// True if a value that names no family can only be a file.
  private static func isFile(_ text: String) -> Bool {
    text.contains("/") || text.hasSuffix(".json") || FileManager.default.fileExists(atPath: text)
  }

  private static func decode<Member: Density>(_ path: String) throws -> Member {
    let data = try Files.read(path)
    do {
      return try JSONDecoder().decode(Member.self, from: data)
    } catch {
      throw FormatError(file: path, problem: sentence(FormatError.words(error)))
    }
  }
}
