import Datasets
import Foundation
import Testing

@testable import iwae_gpu

/// Certificates and results image by image, through the command line.
@Suite struct CertifyCommandTests {
  private struct Certificate: Decodable {
    var logLikelihood: Double
    var lower: Double?
    var upper: Double?
    var isMet: Bool
    var images: Int
    var knownImages: Int
    var annealedImages: Int
  }

  private struct Evaluated: Decodable {
    var nll: Double
    var exactNll: Double?
    var certificate: Certificate?
  }

  private struct Images: Decodable {
    struct Row: Decodable {
      var image: Int
      var estimate: Double
      var error: Double?
      var method: String
      var samples: Int
      var shape: Double?
    }
    var images: [Row]
  }

  private func decode<Value: Decodable>(_ type: Value.Type, _ data: Data) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: data)
  }

  private func folder() throws -> String {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "iwae-gpu-certify-\(UUID())").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  /// A small run in a folder; returns its path.
  private func trainedRun(in folder: String) -> String {
    let path = "\(folder)/run"
    let trained = run(
      "train", "--data", "strokes", "--layers", "20:3", "-k", "5", "--passes", "1", "--out", path,
      "--test-samples", "10", "--limit", "20", "--quiet")
    #expect(trained.status == .done, "\(trained.error)")
    return path
  }

  @Test func theExactModelIsCertified() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let outcome = run(
      "evaluate", "linear-gaussian", "--limit", "30", "--certify", "0.02", "--json",
      "--per-image", "\(folder)/images.json", "--samples", "100", "--quiet")
    #expect(outcome.status == .done, "\(outcome.error)")
    let found = try decode(Evaluated.self, Data(outcome.output.utf8))
    let certificate = try #require(found.certificate)
    #expect(certificate.isMet && certificate.images == 30 && certificate.knownImages == 30)
    let (lower, upper) = (certificate.lower ?? .nan, certificate.upper ?? .nan)
    #expect(
      upper - lower <= 0.04 && lower < -(found.exactNll ?? .nan)
        && -(found.exactNll ?? .nan) < upper)
    let rows = try decode(
      Images.self, Data(contentsOf: URL(fileURLWithPath: "\(folder)/images.json"))
    ).images
    #expect(
      rows.map(\.image) == Array(0..<30)
        && rows.allSatisfy { $0.samples % 16 == 0 || $0.samples % 250 == 0 })
    let mean = rows.reduce(0) { $0 + $1.estimate } / 30
    #expect(abs(mean - certificate.logLikelihood) < 1e-9)
    #expect(rows.allSatisfy { ($0.error ?? .nan) <= 0.2 })
    #expect(rows.count { $0.method == "importance" } > 20)
  }

  @Test func resultsOfImagesAreAnArray() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let outcome = run(
      "evaluate", "linear-gaussian", "--limit", "7", "--json", "--samples", "50",
      "--per-image", "\(folder)/images.npy")
    let array = try DataFile("\(folder)/images.npy").array()
    #expect(array.shape == [7])
    guard case .doubles(let values) = array.values else {
      Issue.record("expected doubles")
      return
    }
    let found = try decode(Evaluated.self, Data(outcome.output.utf8))
    #expect(abs(values.reduce(0, +) / 7 + found.nll) < 1e-9 && found.certificate == nil)
  }

  /// Shapes are those that 'bounds' finds of the same samples; few samples tell none.
  @Test func plainEvaluationsKnowTheirShapes() throws {
    struct Bounds: Decodable {
      struct Image: Decodable { var paretoShape: Double? }
      var perImage: [Image]
    }
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func rows(_ samples: String) throws -> [Images.Row] {
      let outcome = run(
        "evaluate", "linear-gaussian", "--limit", "7", "--samples", samples, "--chunk", "60",
        "--per-image", "\(folder)/images.json")
      #expect(outcome.status == .done, "\(outcome.error)")
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/images.json"))
      return try decode(Images.self, data).images
    }
    let shapes = try rows("200").map(\.shape)
    let outcome = run(
      "bounds", "linear-gaussian", "--limit", "7", "--samples", "200", "--json", "--out",
      "\(folder)/bounds.svg")
    let bounds = try decode(Bounds.self, Data(outcome.output.utf8)).perImage.map(\.paretoShape)
    #expect(shapes == bounds && shapes.count == 7 && shapes.allSatisfy { $0 != nil })
    #expect(try rows("10").allSatisfy { $0.shape == nil })
  }

  /// What a run's folder knows of its images is gone on from, and is that of the same parameters alone.
  @Test func aRunGoesOnFromWhatItKnows() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = trainedRun(in: folder)
    let arguments = ["evaluate", path, "--limit", "12", "--certify", "0.2", "--samples", "50"]
    let first = run(arguments + ["--json"])
    #expect(first.status == .done, "\(first.error)")
    let again = run(arguments)
    #expect(again.status == .done && again.error.contains("12 images known from before"))
    let certificate = try #require(
      try decode(Evaluated.self, Data(first.output.utf8)).certificate)
    let text = String(format: "log p(x) %.3f", certificate.logLikelihood)
    #expect(again.output.contains(text), "\(again.output)")
    // Other draws, and another error, are kept beside it.
    let others = run(arguments + ["--seed", "9"])
    #expect(others.status == .done && !others.error.contains("known from before"))
    #expect(run(arguments).error.contains("12 images known from before"))
    // No time is left for more than the least.
    let short = run(
      "evaluate", path, "--limit", "12", "--certify", "0.001", "--budget", "0.001s", "--samples",
      "50",
      "--json")
    let unmet = try #require(try decode(Evaluated.self, Data(short.output.utf8)).certificate)
    #expect(short.status == .done && !unmet.isMet && unmet.knownImages == 12)
    // With more time the same goes on, to a narrower interval.
    let longer = run(
      "evaluate", path, "--limit", "12", "--certify", "0.001", "--budget", "2s", "--samples", "50",
      "--json")
    let nearer = try #require(try decode(Evaluated.self, Data(longer.output.utf8)).certificate)
    #expect((nearer.upper ?? .nan) - (nearer.lower ?? .nan) < 1)
    #expect(nearer.annealedImages > 0 && unmet.annealedImages == 0)
    let kept = try FileManager.default.contentsOfDirectory(atPath: path).filter {
      $0.hasPrefix("certificate-")
    }
    #expect(kept.count == 3)
    for file in kept { try Data("{".utf8).write(to: URL(fileURLWithPath: "\(path)/\(file)")) }
    let anew = run(arguments + ["--quiet"])
    #expect(anew.status == .done && anew.error.contains("holds nothing to go on from"))
    // What cannot be kept is told all the same.
    for file in kept {
      try FileManager.default.removeItem(atPath: "\(path)/\(file)")
      try FileManager.default.createDirectory(
        atPath: "\(path)/\(file)", withIntermediateDirectories: false)
    }
    let unkept = run(arguments + ["--quiet"])
    #expect(unkept.status == .done && unkept.error.contains("the certificate was not kept"))
    #expect(unkept.output.contains(text), "\(unkept.output)")
    for file in kept { try FileManager.default.removeItem(atPath: "\(path)/\(file)") }
    // Somebody else works there: it is said before, and after if that did not end.
    let lock = open("\(path)/.lock", O_RDWR | O_CREAT, 0o644)
    defer { close(lock) }
    #expect(flock(lock, LOCK_EX) == 0)
    let beside = run(arguments + ["--quiet"])
    #expect(beside.status == .done && beside.output.contains(text), "\(beside.output)")
    for words in ["will not be kept unless this changes: '\(path)' is in use", "was not kept"] {
      #expect(beside.error.contains("the certificate \(words)"), "\(beside.error)")
    }
    #expect(flock(lock, LOCK_UN) == 0)
    let row = run(arguments + ["--quiet", "--format", "csv"]).output
    #expect(row.contains("log_likelihood,log_likelihood_error,lower,upper,is_met"), "\(row)")
    // Where all is known, it does not matter who works there.
    #expect(flock(lock, LOCK_EX) == 0)
    #expect(!run(arguments + ["--quiet"]).error.contains("will not be kept"))
  }

  /// A file whose numbers no certificate has would be annealed with more temperatures than memory holds.
  @Test func impossibleNumbersAreNotGoneOnFrom() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = trainedRun(in: folder)
    let arguments = [
      "evaluate", path, "--limit", "4", "--certify", "0.5", "--samples", "10", "--quiet",
    ]
    #expect(run(arguments).status == .done)
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: path).first {
        $0.hasPrefix("certificate-")
      })
    let file = URL(fileURLWithPath: "\(path)/\(name)")
    let good = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    #expect(!run(arguments).error.contains("holds nothing to go on from"))
    let damages: [[String: Any]] = [
      ["samples": 1 << 40], ["samples": 0], ["samples": Int.min], ["error": -1], ["error": "nan"],
      ["estimate": 1e300], ["shape": "inf"],
      ["method": "annealing", "temperatures": 1 << 40], ["method": "annealing", "temperatures": 0],
      ["method": "annealing"], ["method": "importance", "temperatures": 50],
    ]
    for damage in damages {
      var images = try #require(good["images"] as? [[String: Any]])
      images[0].removeValue(forKey: "temperatures")
      images[0].merge(damage) { $1 }
      var damaged = good
      damaged["images"] = images
      try JSONSerialization.data(withJSONObject: damaged).write(to: file)
      let outcome = run(arguments)
      #expect(outcome.status == .done, "\(damage): \(outcome.error)")
      #expect(outcome.error.contains("holds nothing to go on from"), "\(damage)")
    }
  }

  /// Images of noise are told from those of strokes, and a set is not told from itself.
  @Test func otherImagesAreTold() throws {
    struct Told: Decodable {
      struct Against: Decodable {
        var images: Int
        var auroc: Double
        var ratioAuroc: Double?
      }
      var against: Against?
    }
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/run"
    let trained = run(
      "train", "--data", "strokes", "--layers", "20:3", "-k", "2", "--passes", "2", "--out", path,
      "--test-samples", "10", "--limit", "20", "--quiet")
    #expect(trained.status == .done, "\(trained.error)")
    let noise: [UInt8] = (0..<30 * 784).map { UInt8(($0 * 7919) % 251) }
    let others = NumberArray(shape: [30, 28, 28], values: .bytes(noise))
    try others.numPy.write(to: URL(fileURLWithPath: "\(folder)/noise.npy"))
    func told(_ arguments: String...) throws -> Told.Against {
      let outcome = run(
        ["evaluate", path, "--limit", "20", "--samples", "20", "--json", "--against"] + arguments)
      #expect(outcome.status == .done, "\(outcome.error)")
      return try #require(try decode(Told.self, Data(outcome.output.utf8)).against)
    }
    let apart = try told("\(folder)/noise.npy")
    #expect(apart.images == 20 && apart.auroc > 0.95 && apart.ratioAuroc == nil)
    let same = try told("strokes", "--ratio", path)
    #expect(same.auroc == 0.5 && same.ratioAuroc == 0.5)
    #expect(run("evaluate", path, "--ratio", path).status == .usage)
    #expect(run("evaluate", path, "--against", "\(folder)/none.npy").status == .fileAccess)
    let narrow = NumberArray(shape: [3, 5], values: .bytes([UInt8](repeating: 1, count: 15)))
    try narrow.numPy.write(to: URL(fileURLWithPath: "\(folder)/narrow.npy"))
    #expect(run("evaluate", path, "--against", "\(folder)/narrow.npy").status == .badInput)
    #expect(
      run("evaluate", path, "--against", "strokes", "--ratio", "linear-gaussian").status
        == .badInput)
  }

  @Test func whatMakesNoSenseIsRefused() {
    for arguments in [
      ["--certify", "0"], ["--certify", "nan"], ["--certify", "-1"], ["--budget", "5m"],
      ["--certify", "0.1", "--budget", "soon"], ["--per-image", "images.csv"],
    ] {
      let outcome = run(["evaluate", "linear-gaussian"] + arguments)
      #expect(outcome.status == .usage, "\(arguments): \(outcome.output)\(outcome.error)")
    }
    #expect(
      run("evaluate", "linear-gaussian", "--per-image", "none/images.npy").status == .fileAccess)
    // As many weights as a shape needs have no room.
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).json").path
    let many = run("evaluate", "linear-gaussian", "-k", "1073741824", "--per-image", file)
    #expect(many.status == .usage && many.error.contains("at most 268435456"), "\(many.error)")
    #expect(!FileManager.default.fileExists(atPath: file))
  }
}
