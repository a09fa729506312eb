import Commands
import Datasets
import Experiments
import Foundation
import Testing

@testable import iwae_gpu

/// Missing values, through the command line.
@Suite struct ImputeCommandTests {
  private let densities: Densities
  private var out: String { densities.path("run") }
  private var filled: String { densities.path("filled.npy") }

  init() throws { densities = try Densities() }

  private struct Report: Decodable {
    struct Truth: Decodable {
      struct Measures: Decodable {
        var rmse: Double?
        var accuracy: Double?
        var f1: Double?
      }
      var values: Int
      var model: Measures
      var marginalMean: Measures
      var heldOutLogLikelihood: Double
    }
    var images: Int
    var missing: Int
    var draws: Int
    var truth: Truth?
    var out: String
  }

  /// Writes an array of 60 images; returns its path.
  private func write(_ name: String, _ values: NumberArray.Values) throws -> String {
    let path = densities.path("\(name).npy")
    let array = NumberArray(shape: [60, values.count / 60], values: values)
    try array.numPy.write(to: URL(fileURLWithPath: path))
    return path
  }

  private func bits() -> [UInt8] { (0..<60 * Densities.width).map { UInt8($0 * $0 / 7 % 2) } }

  private func isObserved(_ index: Int) -> Bool { index % 4 != 1 }

  private func holes() throws -> String {
    try write(
      "holes",
      .floats(bits().enumerated().map { isObserved($0) ? Float($1) : .nan }))
  }

  private func train(_ more: String...) -> Outcome {
    run(
      [
        "train", "--layers", "8:2", "-k", "3", "--passes", "2", "--batch", "10", "--test-samples",
        "10", "--out", out, "--overwrite", "--quiet",
      ] + more)
  }

  private func array(_ path: String) throws -> NumberArray {
    try DataFile(path).array().rowMajor
  }

  @Test func valuesAreFilledIn() throws {
    defer { densities.remove() }
    let (holes, truth) = (try holes(), try write("truth", .bytes(bits())))
    let trained = train("--data", holes)
    #expect(trained.status == .done && !trained.output.contains("nan"), "\(trained.error)")
    for command in ["evaluate", "look", "reconstruct"] {
      let outcome = run(command, out, "--quiet")
      #expect(outcome.status == .done && !outcome.output.contains("nan"), "\(outcome.error)")
    }
    let outcome = run(
      "impute", out, "--data", holes, "--truth", truth, "--samples", "40", "--out", filled,
      "--json")
    let report = try decoder.decode(Report.self, from: Data(outcome.output.utf8))
    #expect(report.images == 60 && report.missing == 90 && report.out == filled)
    let measured = try #require(report.truth)
    #expect(measured.values == 90 && measured.heldOutLogLikelihood < 0)
    let ones = try #require(measured.model.accuracy)
    #expect(ones >= 0 && ones <= 1 && measured.marginalMean.f1 != nil)
    let values = try array(filled)
    #expect(values.shape == [60, Densities.width])
    for (index, value) in values.values.floats.enumerated() {
      #expect(isObserved(index) ? value == Float(bits()[index]) : value > 0 && value < 1)
    }
    let drawn = run(
      "impute", out, "--data", holes, "--draws", "3", "--samples", "40", "--out", filled)
    #expect(drawn.status == .done && drawn.output.contains("3 draws"), "\(drawn.error)")
    let copies = try array(filled)
    #expect(copies.shape == [3, 60, Densities.width])
    #expect(copies.values.floats.allSatisfy { $0 == 0 || $0 == 1 })
    // Nothing to do is no mistake.
    let same = run("impute", out, "--data", truth, "--out", filled)
    #expect(same.status == .done && same.output.contains("No values are missing"))
    #expect(try array(filled).values == .bytes(bits()))
  }

  /// Of classes, what counts is the likeliest one.
  @Test func classesAreRightOrNot() throws {
    defer { densities.remove() }
    let classes = bits().indices.map { UInt8($0 * $0 / 7 % 3) }
    let truth = try write("truth", .bytes(classes))
    let holes = try write(
      "holes", .floats(classes.enumerated().map { isObserved($0) ? Float($1) : .nan }))
    let trained = train("--data", holes, "--likelihood", "categorical:3")
    #expect(trained.status == .done, "\(trained.error)")
    let impute = [
      "impute", out, "--data", holes, "--truth", truth, "--samples", "40", "--out", filled,
    ]
    let report = try decoder.decode(Report.self, from: Data(run(impute + ["--json"]).output.utf8))
    let measured = try #require(report.truth)
    #expect(measured.model.rmse == nil && measured.model.f1 == nil && measured.values == 90)
    #expect((0...1).contains(try #require(measured.model.accuracy)))
    // The most frequent class of each variable, by hand.
    var right = 0
    for column in 0..<Densities.width {
      let places = stride(from: column, to: classes.count, by: Densities.width)
      let counts = (0..<3).map { value in
        places.filter { isObserved($0) && classes[$0] == value }.count
      }
      let usual = counts.firstIndex(of: counts.max() ?? 0) ?? 0
      right += places.filter { !isObserved($0) && classes[$0] == usual }.count
    }
    #expect(abs(try #require(measured.marginalMean.accuracy) - Double(right) / 90) < 1e-12)
    #expect(run(impute).output.contains("\nmost frequent class  "))
  }

  /// A mask for whole numbers makes the run that NaN makes; the run keeps it.
  @Test func aMaskIsAsGoodAsNaN() throws {
    defer { densities.remove() }
    let whole = try write("whole", .bytes(bits()))
    let mask = try write("mask", .bytes(bits().indices.map { isObserved($0) ? 1 : 0 }))
    func result() throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: "\(out)/checkpoint.safetensors"))
    }
    #expect(train("--data", try holes()).status == .done)
    let expected = try result()
    let masked = train("--data", whole, "--mask", mask)
    #expect(masked.status == .done, "\(masked.error)")
    let found = try result()
    // Times differ in the metadata; the tensors at the end do not.
    #expect(found.suffix(1000) == expected.suffix(1000))
    #expect(try RunConfiguration(file: "\(out)/config.json").mask == mask)
    #expect(run("train", "--resume", out, "--passes", "3", "--quiet").status == .done)
    let other = run("train", "--resume", out, "--mask", whole)
    #expect(other.status == .usage && other.error.contains("'--mask' cannot change"))
    // A configuration's mask is of its own data.
    let next = densities.path("next")
    let configured = ["train", "--config", "\(out)/config.json", "--out", next, "--overwrite"]
    #expect(run(configured + ["--quiet"]).status == .done)
    #expect(try RunConfiguration(file: "\(next)/config.json").mask == mask)
    #expect(run(configured + ["--data", whole, "--quiet"]).status == .done)
    #expect(try RunConfiguration(file: "\(next)/config.json").mask.isEmpty)
  }

  /// Every command that reads images reads them through a mask.
  @Test func imagesToTestOnHaveMasksToo() throws {
    defer { densities.remove() }
    let (holes, whole) = (try holes(), try write("whole", .bytes(bits())))
    let mask = try write("mask", .bytes(bits().indices.map { isObserved($0) ? 1 : 0 }))
    #expect(train("--data", whole).status == .done)
    func nll(_ more: String...) throws -> Double {
      struct Report: Decodable { var nll: Double }
      let outcome = run(["evaluate", out, "--samples", "20", "--json"] + more)
      return try decoder.decode(Report.self, from: Data(outcome.output.utf8)).nll
    }
    let known = try nll("--data", holes)
    #expect(try nll("--data", whole, "--mask", mask) == known)
    #expect(try nll("--data", whole) > known)
    let few = ["--limit", "2", "--samples", "20"]
    for arguments in [
      ["bounds", out] + few,
      ["sandwich", out, "--temperatures", "2", "--chains", "2", "--fit-steps", "2"] + few,
      ["snr", out, "--objectives", "iwae", "--samples", "2", "--groups", "1", "--draws", "80"]
        + ["--batch", "2", "--out", densities.path("figures")],
      ["look", out, "--only", "reconstructions,log-weights", "--out", densities.path("figures")],
      ["reconstruct", out, "--out", densities.path("pairs.png")],
      ["export", out, "--arrays", densities.path("arrays")],
    ] {
      let outcome = run(arguments + ["--data", whole, "--mask", mask, "--quiet"])
      #expect(outcome.status == .done, "\(arguments[0]): \(outcome.error)")
    }
    let images = try array(densities.path("arrays/images.npy")).values.floats
    #expect(images.indices.allSatisfy { images[$0].isNaN != isObserved($0) })
    var completed: [NumberArray] = []
    for data in [["--data", holes], ["--data", whole, "--mask", mask]] {
      let outcome = run(["impute", out, "--samples", "20", "--out", filled] + data)
      #expect(outcome.status == .done, "\(outcome.error)")
      completed.append(try array(filled))
    }
    #expect(completed[0].values == completed[1].values)
    // Without '--data' the images are the test part of the run's own.
    let other = run("evaluate", out, "--mask", mask)
    #expect(
      other.status == .badInput && other.error.contains("to test on, ")
        && other.error.contains("found 60 images of 6 values"), "\(other.error)")
    #expect(run("snr", "--mask", mask).error.contains("'--mask' needs a checkpoint"))
  }

  @Test func whatCannotBeIsRefused() throws {
    defer { densities.remove() }
    let (holes, whole) = (try holes(), try write("whole", .bytes(bits())))
    #expect(train("--data", holes).status == .done)
    func refused(_ outcome: Outcome, _ status: ExitCode, _ words: String) {
      #expect(outcome.status == status && outcome.error.contains(words), "\(outcome.error)")
    }
    refused(run("impute", out, "--data", holes), .usage, "--out")
    refused(run("impute", out, "--out", filled), .usage, "--data")
    refused(
      run("impute", out, "--data", holes, "--out", densities.path("no/where.npy")), .fileAccess,
      "must be a file")
    let narrow = try write("narrow", .bytes([UInt8](repeating: 1, count: 300)))
    refused(
      run("impute", out, "--data", narrow, "--out", filled), .badInput,
      "expected images of 6 values, found 5")
    refused(
      run("impute", out, "--data", holes, "--truth", narrow, "--out", filled), .badInput,
      "expected images of 6 values, found 5")
    refused(
      run("impute", out, "--data", holes, "--out", filled, "--draws", "1000000"), .usage,
      "'--draws'")
    var values = [Float](repeating: 1, count: 360)
    values.replaceSubrange(12..<18, with: [Float](repeating: .nan, count: 6))
    let empty = try write("empty", .floats(values))
    for command in [
      ["impute", out, "--out", filled], ["evaluate", out], ["train", "--out", out],
    ] {
      refused(
        run(command + ["--data", empty]), .badInput, "image 3: all of its values are missing")
    }
    let nothing = try write(
      "nothing", .bytes((0..<360).map { (12..<18).contains($0) ? 0 : 1 }))
    for command in [
      ["impute", out, "--out", filled], ["evaluate", out], ["train", "--out", out, "--overwrite"],
    ] {
      refused(
        run(command + ["--data", whole, "--mask", nothing]), .badInput,
        "nothing.npy: image 3: the mask leaves none of its values")
    }
    refused(train("--data", whole, "--mask", narrow), .badInput, "found 60 images of 5 values")
    let grey = try write("grey", .bytes(bits().map { 7 * $0 }))
    refused(train("--data", whole, "--mask", grey), .badInput, "expected a mask of 0 and 1")
    // A likelihood that cannot be drawn from.
    let student = try densities.write("student", Densities.student)
    #expect(train("--data", holes, "--likelihood", student).status == .done)
    refused(
      run("impute", out, "--data", holes, "--out", filled, "--draws", "2"), .badInput,
      "no formula that draws data")
  }

  @Test func infoCountsWhatIsMissing() throws {
    defer { densities.remove() }
    let outcome = run("data", "info", try holes(), "--json")
    struct Info: Decodable {
      struct Part: Decodable {
        var missing: Int
        var mean: Double
        var isBinary: Bool
      }
      var parts: [Part]
    }
    let part = try decoder.decode(Info.self, from: Data(outcome.output.utf8)).parts[0]
    let known = bits().enumerated().filter { isObserved($0.offset) }.map { Double($0.element) }
    #expect(part.missing == 90 && part.isBinary)
    #expect(abs(part.mean - known.reduce(0, +) / 270) < 1e-9)
  }
}
