import Compute
import Files
import Foundation
import IWAE
import Testing

@testable import Artifacts

/// Models under the names of other programs.
@Suite struct ForeignModelTests {
  static let one = Model(
    dataSize: 9, activation: .relu, encoder: [.init(hidden: [5, 4], latent: 3)],
    decoder: [.init(hidden: [4, 5])])
  private static let two = Model(
    dataSize: 9, activation: .relu,
    encoder: [.init(hidden: [6, 5], latent: 4), .init(hidden: [3, 4], latent: 2)],
    decoder: [.init(hidden: [4, 3]), .init(hidden: [5, 6])])

  static let models: [Model] = {
    var gated = one
    (gated.hiddenKind, gated.likelihood, gated.prior) = (.gated, .gaussian, .mixture(3))
    var full = two
    full.encoder[0].posterior = .full
    return [one, two, gated, full]
  }()

  private func values(_ model: Model) -> [String: Safetensors.Entry] {
    let parameters = model.initialParameters(seed: 3)
    return Dictionary(
      uniqueKeysWithValues: model.parameters.map { parameter in
        // Biases start at 0, where no place tells.
        let values = (parameters[parameter] ?? []).enumerated().map {
          $1 + Float($0 % 7) / 16
        }
        return (
          parameter.name,
          Safetensors.Entry(shape: parameter.shape.dimensions, values: .float32(values))
        )
      })
  }

  /// The same entries under other names, ours with a prefix and theirs.
  func renamed(
    _ model: Model, _ names: [(ours: String, theirs: String)], factor: Float = 1
  ) -> [String: Safetensors.Entry] {
    var result: [String: Safetensors.Entry] = [:]
    for (name, var entry) in values(model) {
      for (ours, theirs) in names where name == "\(ours).weight" || name == "\(ours).bias" {
        if ours.hasSuffix("log_sigma"), case .float32(let values) = entry.values {
          entry.values = .float32(values.map { $0 * factor })
        }
        result[name.replacing(ours, with: theirs)] = entry
      }
    }
    return result
  }

  func expectSame(_ found: ForeignModel, as model: Model) throws {
    #expect(found.checkpoint.model == model)
    let expected = values(model)
    for parameter in model.parameters {
      let entry = try #require(expected[parameter.name])
      #expect(
        found.checkpoint.parameters[parameter].map { .float32($0) } == entry.values,
        "\(parameter.name)")
    }
  }

  @Test(arguments: models) func namesAndShapesTellTheModel(model: Model) throws {
    var settings = ForeignSettings()
    settings.activation = "relu"
    let found = try ForeignModel(Safetensors(entries: values(model)), settings, file: "f")
    try expectSame(found, as: model)
  }

  static let pythae = [
    ("encoder.0.hidden.0", "encoder.layers.0.0"), ("encoder.0.hidden.1", "encoder.layers.1.0"),
    ("encoder.0.mean", "encoder.embedding"), ("encoder.0.log_sigma", "encoder.log_var"),
    ("decoder.0.hidden.0", "decoder.layers.0.0"), ("decoder.0.hidden.1", "decoder.layers.1.0"),
    ("decoder.0.logits", "decoder.layers.2.0"),
  ]
  private static let port = [
    ("encoder.0.hidden.0", "encoder_h1.transform.0"),
    ("encoder.0.hidden.1", "encoder_h1.transform.2"), ("encoder.0.mean", "encoder_h1.fc_mu"),
    ("encoder.0.log_sigma", "encoder_h1.fc_logsigma"), ("decoder.0.hidden.0", "decoder_x.0"),
    ("decoder.0.hidden.1", "decoder_x.2"), ("decoder.0.logits", "decoder_x.4"),
  ]
  private static let sequence = [
    ("encoder.0.hidden.0", "encoder.0"), ("encoder.0.hidden.1", "encoder.2"),
    ("encoder.0.mean", "fc_mu"), ("encoder.0.log_sigma", "fc_logvar"),
    ("decoder.0.hidden.0", "decoder.0"), ("decoder.0.hidden.1", "decoder.2"),
    ("decoder.0.logits", "decoder.10"),
  ]

  @Test(arguments: [(pythae, 2, nil), (port, 1, "relu"), (sequence, 2, "relu")])
  func otherProgramsNamesAreKnown(
    names: [(String, String)], factor: Float, activation: String?
  ) throws {
    let entries = renamed(Self.one, names.map { (ours: $0, theirs: $1) }, factor: factor)
    #expect(entries.count == 14)
    var settings = ForeignSettings()
    settings.activation = activation
    let found = try ForeignModel(Safetensors(entries: entries), settings, file: "f")
    try expectSame(found, as: Self.one)
    #expect(found.notes.contains { $0.contains("bernoulli") })
    // Numbers in double precision are as good.
    let doubles = entries.mapValues {
      Safetensors.Entry(shape: $0.shape, values: .float64($0.values.doubles))
    }
    try expectSame(
      ForeignModel(Safetensors(entries: doubles), settings, file: "f"), as: Self.one)
  }

  @Test func portsOfTwoLayersAreKnown() throws {
    let names = [
      ("encoder.0.hidden.0", "encoder_h1.transform.0"),
      ("encoder.0.hidden.1", "encoder_h1.transform.2"), ("encoder.0.mean", "encoder_h1.fc_mu"),
      ("encoder.0.log_sigma", "encoder_h1.fc_logsigma"),
      ("encoder.1.hidden.0", "encoder_h2.transform.0"),
      ("encoder.1.hidden.1", "encoder_h2.transform.2"), ("encoder.1.mean", "encoder_h2.fc_mu"),
      ("encoder.1.log_sigma", "encoder_h2.fc_logsigma"),
      ("decoder.0.hidden.0", "decoder_h1.transform.0"),
      ("decoder.0.hidden.1", "decoder_h1.transform.2"), ("decoder.0.mean", "decoder_h1.fc_mu"),
      ("decoder.0.log_sigma", "decoder_h1.fc_logsigma"), ("decoder.1.hidden.0", "decoder_x.0"),
      ("decoder.1.hidden.1", "decoder_x.2"), ("decoder.1.logits", "decoder_x.4"),
    ].map { (ours: $0, theirs: $1) }
    var settings = ForeignSettings()
    settings.activation = "relu"
    let found = try ForeignModel(
      Safetensors(entries: renamed(Self.two, names)), settings, file: "f")
    try expectSame(found, as: Self.two)
  }

  @Test func aMappingSaysWhereLayersBelong() throws {
    var entries: [String: Safetensors.Entry] = [:]
    let names = Self.pythae.enumerated().map { ($1.0, "part\($0)") }
    for (name, entry) in renamed(
      Self.one, names.map { (ours: $0, theirs: $1) }, factor: 2)
    {
      var entry = entry
      // Weights as `(inputs, outputs)`.
      if entry.shape.count == 2, case .float32(let values) = entry.values {
        let (rows, columns) = (entry.shape[0], entry.shape[1])
        entry.values = .float32(
          values.indices.map { values[$0 % rows * columns + $0 / rows] })
        entry.shape = [columns, rows]
      }
      entries[name] = entry
    }
    entries["counter"] = .init(shape: [1], values: .int64([7]))
    let layers = names.map { "\"\($0.1)\": \"\($0.0)\"" }.joined(separator: ", ")
    let folder = FileManager.default.temporaryDirectory.path
    let path = "\(folder)/mapping-\(UUID()).json"
    defer { try? FileManager.default.removeItem(atPath: path) }
    func mapping(_ text: String) throws -> ForeignMapping {
      try Files.write(Data(text.utf8), to: path)
      return try ForeignMapping(path)
    }
    let content = Safetensors(entries: entries)
    let whole = try mapping(
      "{\"layers\": {\(layers), \"counter\": null}, \"log_variance\": true, \"transpose\": true, "
        + "\"activation\": \"relu\", \"likelihood\": \"bernoulli\"}")
    try expectSame(ForeignModel(content, mapping: whole, file: "f"), as: Self.one)
    func refusal(_ text: String) -> String {
      let error = #expect(throws: FormatError.self) {
        try ForeignModel(content, mapping: mapping(text), file: "f")
      }
      return error?.description ?? ""
    }
    #expect(refusal("{\"layers\": {\(layers)}}").contains("'counter' has no place"))
    #expect(refusal("{\"layer\": {}}").contains("unknown field 'layer'"))
    #expect(
      refusal("{\"layers\": {\(layers), \"counter\": null, \"x\": null}}").contains("has 'x'"))
    #expect(refusal("[]").contains("expected an object"))
    #expect(refusal("{\"layers\": 3}").contains("expected an object of names"))
    #expect(refusal("{\"transpose\": 1}").contains("transpose: expected true or false"))
    #expect(
      refusal("{\"layers\": {\(layers), \"counter\": \"encoder.0.hidden.0.bias\"}}")
        .contains("two tensors are put"))
    // Without transposing, shapes do not fit.
    #expect(
      refusal("{\"layers\": {\(layers), \"counter\": null}, \"activation\": \"relu\"}")
        .contains("expected the shape"))
  }

  @Test func whatNamesDoNotTellIsAskedFor() throws {
    let entries = values(Self.one)
    func refusal(
      _ settings: ForeignSettings = ForeignSettings(),
      _ change: (inout [String: Safetensors.Entry]) -> Void = { _ in }
    ) -> String {
      var entries = entries
      change(&entries)
      let error = #expect(throws: FormatError.self) {
        try ForeignModel(Safetensors(entries: entries), settings, file: "f")
      }
      return error?.description ?? ""
    }
    #expect(refusal().contains("'--activation'"))
    var settings = ForeignSettings()
    settings.activation = "relu"
    #expect(refusal(settings) { $0 = [:] }.contains("'--mapping'"))
    #expect(
      refusal(settings) { $0["conv1.weight"] = .init(shape: [1], values: .float32([1])) }
        .contains("'conv1.weight' belongs"))
    #expect(
      refusal(settings) {
        $0["encoder.0.hidden.0.weight"] = .init(
          shape: [1, 1, 3, 3], values: .float32([Float](repeating: 1, count: 9)))
      }.contains("Only dense layers"))
    #expect(
      refusal(settings) { $0["encoder.0.extra.weight"] = $0["encoder.0.mean.weight"] }
        .contains("'encoder.0.extra.bias' is no part"))
    #expect(
      refusal(settings) {
        $0["encoder.0.mean.bias"] = .init(shape: [3], values: .float32([1, .nan, 2]))
      }
      .contains("finite"))
    #expect(
      refusal(settings) { $0["decoder.0.shape.weight"] = $0["decoder.0.logits.weight"] }
        .contains("'--likelihood'"))
    settings.activation = "sine"
    #expect(refusal(settings).contains("found 'sine'"))
    settings.activation = "relu"
    settings.likelihood = .poisson
    #expect(refusal(settings).contains("log_rate"))
  }
}
