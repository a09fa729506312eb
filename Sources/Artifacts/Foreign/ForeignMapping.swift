import Files
import Foundation
import IWAE

/// What a user says of another program's file: where its layers belong.
///
///     {"layers": {"enc1": "encoder.0.hidden.0", "mu": "encoder.0.mean", "spread": "encoder.0.log_variance",
///                 "dec1": "decoder.0.hidden.0", "out": "decoder.0.logits", "counter": null},
///      "activation": "tanh"}
///
/// A layer is all of `NAME.weight` and `NAME.bias`; a single tensor is named whole, on both sides. What is
/// null is left out.
public struct ForeignMapping: Sendable {
  /// Their names, and ours; nil for what is left out.
  public var layers: [String: String?]
  /// True if every `log_sigma` is a log-variance there.
  public var isLogVariance = false
  /// True if weights are `(inputs, outputs)` there.
  public var isTransposed = false
  public var activation: String?
  public var likelihood: Likelihood?

  private static let fields = [
    "layers", "log_variance", "transpose", "activation", "likelihood",
  ]

  public init(layers: [String: String?]) { self.layers = layers }

  /// Reads a file.
  public init(_ path: String) throws {
    let data = try Files.read(path, atMost: Files.mostOfJSON)
    func problem(_ text: String) -> FormatError { FormatError(file: path, problem: text) }
    guard case .object(let values)? = try? JSONDecoder().decode(JSONValue.self, from: data) else {
      throw problem("expected an object of JSON that maps their layers to ours.")
    }
    if let unknown = values.keys.sorted().first(where: { !Self.fields.contains($0) }) {
      throw problem(
        "the mapping has an unknown field '\(unknown)'. Known: "
          + "\(Self.fields.joined(separator: ", ")).")
    }
    layers = [:]
    if let value = values["layers"] {
      guard case .object(let pairs) = value else {
        throw problem("layers: expected an object of names.")
      }
      for (theirs, ours) in pairs {
        switch ours {
        case .string(let name): layers[theirs] = .some(name)
        case .null: layers.updateValue(nil, forKey: theirs)
        default: throw problem("layers, \(theirs): expected a name, or null to leave it out.")
        }
      }
    }
    func flag(_ field: String) throws(FormatError) -> Bool {
      switch values[field] {
      case nil: return false
      case .bool(let value)?: return value
      default: throw problem("\(field): expected true or false.")
      }
    }
    (isLogVariance, isTransposed) = (try flag("log_variance"), try flag("transpose"))
    switch values["activation"] {
    case nil: break
    case .string(let name)?: activation = name
    default: throw problem("activation: expected a name.")
    }
    if let value = values["likelihood"] {
      do {
        likelihood = try JSONDecoder().decode(Likelihood.self, from: JSONEncoder().encode(value))
      } catch {
        throw problem("likelihood: \(FormatError.words(error)).")
      }
    }
  }
}

/// What a model's names and shapes do not tell, as options say it; nil where they do not.
public struct ForeignSettings: Hashable, Sendable {
  public var activation: String?
  public var hiddenKind: HiddenKind?
  public var likelihood: Likelihood?
  public var posterior: Posterior?
  public var prior: Prior?
  public var condition: Int?

  public init() {}
}
