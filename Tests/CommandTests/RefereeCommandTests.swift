import Artifacts
import Foundation
import IWAE
import Testing

@testable import iwae_gpu

/// Judgements of models that stand in files of several kinds.
@Suite struct RefereeCommandTests {
  private struct Judged: Decodable {
    struct Bound: Decodable {
      var samples: Int
      var nll: Double
    }
    struct Claim: Decodable {
      var nll: Double
      var verdict: String
    }
    struct Training: Decodable {
      var objective: String
      var source: String
      var batches: Int
    }
    var nll: Double
    var bounds: [Bound]
    var activeUnits: [Int]
    var claim: Claim?
    var training: Training?
    var notes: [String]
    var isStopped: Bool
  }

  private let folder = FileManager.default.temporaryDirectory.appending(
    path: "iwae-gpu-referee-\(UUID())"
  ).path

  private func judged(_ arguments: [String]) throws -> Judged {
    let outcome = run(
      ["referee"] + arguments + [
        "--samples", "60", "--certify", "1", "--limit", "12", "--json", "--quiet",
      ])
    #expect(outcome.status == .done, "\(outcome.error)")
    return try decoder.decode(Judged.self, from: Data(outcome.output.utf8))
  }

  /// A run, its checkpoint without metadata, the same under pythae's names, and its graphs give the same
  /// numbers.
  @Test func everyKindOfFileGivesTheSameNumbers() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/run"
    let trained = run(
      "train", "--data", "strokes", "--layers", "20:3", "--activation", "relu", "-k", "5",
      "--passes", "1", "--out", path, "--test-samples", "10", "--limit", "20", "--quiet")
    #expect(trained.status == .done, "\(trained.error)")
    let own = try judged([path])
    #expect(own.bounds.map(\.samples) == [1, 50, 60] && own.activeUnits.count == 1)
    let file = "\(path)/best.safetensors"
    let checkpoint = try Safetensors(
      Data(contentsOf: URL(fileURLWithPath: file)), file: file)
    let parameters = checkpoint.entries.filter {
      $0.key.hasPrefix("encoder.") || $0.key.hasPrefix("decoder.")
    }
    let bare = "\(folder)/bare.safetensors"
    try Safetensors(entries: parameters).data.write(to: URL(fileURLWithPath: bare))
    let data = ["--data", "strokes"]
    #expect(try judged([bare, "--activation", "relu"] + data).nll == own.nll)
    let names = [
      "encoder.0.hidden.0": "encoder.layers.0.0", "encoder.0.mean": "encoder.embedding",
      "encoder.0.log_sigma": "encoder.log_var", "decoder.0.hidden.0": "decoder.layers.0.0",
      "decoder.0.logits": "decoder.layers.1.0",
    ]
    var theirs: [String: Safetensors.Entry] = [:]
    for (name, var entry) in parameters {
      let layer = name.split(separator: ".").dropLast().joined(separator: ".")
      let suffix = name.split(separator: ".").last ?? ""
      if layer.hasSuffix("log_sigma"), case .float32(let values) = entry.values {
        entry.values = .float32(values.map { 2 * $0 })
      }
      theirs["\(try #require(names[layer])).\(suffix)"] = entry
    }
    let pythae = "\(folder)/pythae.safetensors"
    try Safetensors(entries: theirs).data.write(to: URL(fileURLWithPath: pythae))
    let byNames = try judged([pythae] + data)
    #expect(byNames.nll == own.nll && byNames.notes.contains { $0.contains("names of pythae") })
    #expect(byNames.notes.contains { $0.contains("taken to be bernoulli") })
    #expect(run("export", path, "--onnx", folder, "--quiet").status == .done)
    let graphs = ["\(folder)/encoder.onnx", "--decoder", "\(folder)/decoder.onnx"]
    let claimed = String(format: "%.2f", own.nll)
    let found = try judged(
      graphs + data + ["--claimed", claimed, "--objective", "iwae", "-k", "5"])
    #expect(found.nll == own.nll && found.claim?.nll == Double(claimed))
    #expect(["supported", "is_bound"].contains(found.claim?.verdict))
    #expect(found.training?.objective == "iwae" && found.training?.batches == 64)
    #expect(found.training?.source == "'strokes', its training images")
    let text = run(
      ["referee"] + graphs + data + [
        "--samples", "20", "--certify", "2", "--limit", "5", "--claimed", "1", "--quiet",
      ])
    #expect(text.status == .done && text.output.contains("not supported"), "\(text.output)")
    let table = run(
      ["referee", path, "--samples", "20", "--certify", "2", "--limit", "5", "--format", "csv"])
    #expect(table.output.hasPrefix("estimate,nll,nll_standard_error"))
  }

  @Test func whatMakesNoSenseIsRefused() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let model = Model(
      dataSize: 784, encoder: [.init(hidden: [4], latent: 2)], decoder: [.init(hidden: [4])])
    let parameters = model.initialParameters(seed: 1)
    let bare = "\(folder)/bare.safetensors"
    let entries = Dictionary(
      uniqueKeysWithValues: parameters.map {
        ($0.key.name, Safetensors.Entry(shape: $0.key.shape.dimensions, values: .float32($0.value)))
      })
    try Safetensors(entries: entries).data.write(to: URL(fileURLWithPath: bare))
    let graph = "\(folder)/graph.onnx"
    try Data([0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f]).write(to: URL(fileURLWithPath: graph))
    let data = ["--data", "strokes"]
    for arguments in [
      ["--claimed", "much"], ["--claimed", "nan"], ["--certify", "0"], ["--budget", "soon"],
      ["--decoder", graph], ["--groups", "2"], ["--objective", "iwea"], ["--likelihood", "x"],
      ["--trained-on", "strokes"], ["--beta", "0.5"], ["--samples", "1"],
      ["--objective", "iwae", "--mask", graph],
    ] {
      let outcome = run(["referee", bare, "--activation", "tanh"] + data + arguments)
      #expect(outcome.status == .usage, "\(arguments): \(outcome.output)\(outcome.error)")
    }
    #expect(run("referee", bare, "--activation", "tanh").error.contains("Missing the images"))
    // A file has no training images beside those that test.
    let images = "\(folder)/images.csv"
    let line = [String](repeating: "0", count: 784).joined(separator: ",") + "\n"
    try Data(String(repeating: line, count: 5).utf8).write(to: URL(fileURLWithPath: images))
    let whole = run(
      "referee", bare, "--activation", "tanh", "--data", images, "--objective", "iwae")
    #expect(whole.status == .usage && whole.error.contains("'--trained-on <name|file>'"))
    let untold = run(["referee", bare] + data)
    #expect(untold.status == .badInput && untold.error.contains("'--activation'"))
    #expect(run(["referee", graph] + data).status == .usage)
    let damaged = run(["referee", graph, "--decoder", graph] + data)
    #expect(damaged.status == .badInput && damaged.error.contains("it is not ONNX"))
    #expect(run(["referee", "\(folder)/none.safetensors"] + data).status == .fileAccess)
    let mapping = "\(folder)/mapping.json"
    try Data("{\"names\": {}}".utf8).write(to: URL(fileURLWithPath: mapping))
    let unknown = run(["referee", bare, "--mapping", mapping] + data)
    #expect(unknown.status == .badInput && unknown.error.contains("unknown field 'names'"))
  }
}
