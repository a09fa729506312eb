import Artifacts
import Commands
import Datasets
import Experiments
import Foundation
import Testing

@testable import iwae_gpu

/// Standardized data, and the look of data, through the command line.
@Suite struct StandardizeCommandTests {
  private let densities: Densities
  private var out: String { densities.path("run") }

  init() throws { densities = try Densities() }

  private func write(_ name: String, _ values: NumberArray.Values) throws -> String {
    let path = densities.path("\(name).npy")
    let array = NumberArray(shape: [60, values.count / 60], values: values)
    try array.numPy.write(to: URL(fileURLWithPath: path))
    return path
  }

  /// 60 rows of five columns in units of their own, the last of them constant.
  private func reals(times factor: Float = 1) throws -> String {
    let values = (0..<60).flatMap { row in
      let t = Float(row * 37 % 60) / 60
      return [5000 + 900 * t, 0.01 * t * t, -3 + sin(7 * t), 1e-3 * cos(9 * t), 7.5]
    }
    return try write("reals", .floats(values.map { factor * $0 }))
  }

  private func train(_ more: String...) -> Outcome {
    run(
      [
        "train", "--layers", "8:2", "-k", "3", "--passes", "2", "--batch", "10", "--test-samples",
        "10", "--out", out, "--overwrite", "--quiet",
      ] + more)
  }

  private func array(_ path: String) throws -> [Float] {
    try DataFile(path).array().rowMajor.values.floats
  }

  @Test func resultsAreInTheDataUnits() throws {
    defer { densities.remove() }
    let data = try reals()
    let trained = train("--data", data, "--likelihood", "gaussian", "--standardize")
    #expect(trained.status == .done, "\(trained.error)")
    #expect(trained.output.contains("NLL in the data's own units"))
    #expect(try RunConfiguration(file: "\(out)/config.json").standardize)
    let stored = try #require(try Checkpoint(at: out).standardization)
    #expect(stored.deviation[4] == 1 && stored.mean[4] == 7.5 && stored.deviation[0] > 100)
    // The training images alone, of which the last tenths validate and test.
    let training = try array(data).prefix(5 * 48).enumerated().filter { $0.offset % 5 == 0 }
    let mean = training.reduce(0) { $0 + Double($1.element) } / 48
    #expect(abs(Double(stored.mean[0]) - mean) < 0.01, "\(stored.mean[0]), \(mean)")

    struct Report: Decodable {
      var nll: Double
      var nllInDataUnits: Double
    }
    func evaluate(_ arguments: String...) throws -> Report {
      let outcome = run(["evaluate"] + arguments + ["--samples", "10", "--json"])
      return try decoder.decode(Report.self, from: Data(outcome.output.utf8))
    }
    let report = try evaluate(out)
    let lower = stored.deviation.reduce(0) { $0 + log(Double($1)) }
    #expect(abs(report.nllInDataUnits - report.nll - lower) < 1e-6)
    // A checkpoint carries them with it.
    let alone = densities.path("alone.safetensors")
    try FileManager.default.copyItem(atPath: "\(out)/best.safetensors", toPath: alone)
    #expect(try evaluate(alone, "--data", data).nll.isFinite)

    for command in ["sample", "reconstruct", "look", "report"] {
      let outcome = run(command, out, "--quiet")
      #expect(outcome.status == .done && !outcome.output.contains("nan"), "\(outcome.error)")
    }
    let bounds = run("bounds", out, "--samples", "10")
    #expect(bounds.status == .done && bounds.error.contains("those of standardized data"))
    let page = try String(contentsOfFile: "\(out)/report.html", encoding: .utf8)
    #expect(page.contains("each column") && page.contains("own units"))

    let arrays = densities.path("arrays")
    let exported = run("export", out, "--arrays", arrays, "--onnx", densities.path("onnx"))
    #expect(exported.status == .done && exported.output.contains("data.deviation.npy"))
    let images = try array("\(arrays)/images.npy")
    #expect(zip(images, try array(data).suffix(30)).allSatisfy { abs($0 - $1) < 1e-3 })
    let made = try array("\(arrays)/reconstructions.npy")
    #expect(made.indices.filter { $0 % 5 == 0 }.allSatisfy { (4500...6500).contains(made[$0]) })
    #expect(try array(densities.path("onnx/data.mean.npy")) == stored.mean)
  }

  @Test func runsGoOnWithTheSameData() throws {
    defer { densities.remove() }
    let data = try reals()
    #expect(
      train("--data", data, "--likelihood", "gaussian", "--standardize").status == .done)
    let before = try Checkpoint(at: out).standardization
    #expect(run("train", "--resume", out, "--passes", "3", "--quiet").status == .done)
    #expect(try Checkpoint(at: out).standardization == before)
    let flag = run("train", "--resume", out, "--standardize")
    #expect(flag.status == .usage && flag.error.contains("'--standardize' cannot change"))
    _ = try reals(times: 2)
    let changed = run("train", "--resume", out, "--passes", "4")
    #expect(changed.status == .badInput && changed.error.contains("the data changed"))
  }

  /// What a file says yes to, the command line says no to.
  @Test func flagsOfAFileAreTakenBack() throws {
    defer { densities.remove() }
    let data = try reals()
    #expect(
      train("--data", data, "--likelihood", "gaussian", "--standardize").status == .done)
    let file = densities.path("config.json")
    try FileManager.default.copyItem(atPath: "\(out)/config.json", toPath: file)
    for (flags, standardizes) in [([], true), (["--no-standardize"], false)] {
      #expect(
        run(["train", "--config", file, "--out", out, "--overwrite"] + flags).status == .done)
      #expect(try RunConfiguration(file: "\(out)/config.json").standardize == standardizes)
    }
    let both = train("--data", data, "--standardize", "--no-standardize")
    #expect(both.status == .usage && both.error.contains("was given twice"))
    #expect(train("--no-standardise").error.contains("Did you mean '--no-standardize'?"))
    #expect(run("train", "--help").output.contains("  --standardize, --no-standardize\n"))
  }

  @Test func imputedValuesAreInTheDataUnits() throws {
    defer { densities.remove() }
    let data = try reals()
    let holes = try write(
      "holes", .floats(try array(data).enumerated().map { $0 % 7 == 3 ? .nan : $1 }))
    #expect(
      train("--data", holes, "--likelihood", "gaussian", "--standardize").status == .done)
    let filled = densities.path("filled.npy")
    for draws in [[], ["--draws", "2"]] {
      let outcome = run(
        ["impute", out, "--data", holes, "--truth", data, "--out", filled, "--samples", "20"]
          + draws)
      #expect(outcome.status == .done, "\(outcome.error)")
      let (given, found) = (try array(holes), try array(filled))
      for (index, value) in found.enumerated() {
        let known = given[index % 300]
        if known.isNaN {
          let range: ClosedRange<Float> = index % 5 == 0 ? 3000...8000 : -100...100
          #expect(range.contains(value), "\(index): \(value)")
        } else {
          #expect(value == known)
        }
      }
    }
  }

  @Test func onlyRealNumbersAreStandardized() throws {
    defer { densities.remove() }
    let counts = try densities.counts()
    for likelihood in ["poisson", "continuous-bernoulli", "bernoulli"] {
      let outcome = train("--data", counts, "--likelihood", likelihood, "--standardize")
      #expect(outcome.status == .usage, "\(likelihood)")
      #expect(
        outcome.error.contains(
          "Only real numbers can be standardized, and the likelihood '\(likelihood)' is of others"))
    }
    let student = try densities.write("student", Densities.student)
    let own = train("--data", counts, "--likelihood", student, "--standardize")
    #expect(own.status == .done, "\(own.error)")
  }

  private struct Info: Decodable {
    struct Look: Decodable {
      struct Fit: Decodable {
        var likelihood: String
        var reason: String
      }
      var values: String?
      var least: Double?
      var largest: Double?
      var constantColumns: [Int]
      var emptyColumns: [Int]
      var likelihoods: [Fit]
    }
    var look: Look
  }

  private func look(_ path: String) throws -> Info.Look {
    let outcome = run("data", "info", path, "--json")
    return try decoder.decode(Info.self, from: Data(outcome.output.utf8)).look
  }

  @Test func infoSaysWhichLikelihoodsFit() throws {
    defer { densities.remove() }
    let numbers = (0..<300).map { $0 * $0 % 251 }
    func bytes(_ value: (Int) -> Int) throws -> Info.Look {
      try look(try write("bytes", .bytes(numbers.map { UInt8(value($0)) })))
    }
    func floats(_ value: (Float) -> Float) throws -> Info.Look {
      try look(try write("floats", .floats(numbers.map { value(Float($0)) })))
    }
    let bits = try bytes { $0 % 2 }
    #expect(bits.values == "bits" && bits.likelihoods.first?.likelihood == "bernoulli")
    #expect(!bits.likelihoods.contains { $0.likelihood == "gaussian" })
    let grey = try bytes { $0 }
    #expect(grey.values == "levels")
    #expect(
      Set(grey.likelihoods.map(\.likelihood)).isSuperset(of: ["bernoulli", "logistic", "poisson"]))
    #expect(grey.likelihoods.last?.likelihood == "gaussian")
    let classes = try bytes { $0 % 5 }
    #expect(classes.values == "classes" && classes.least == 0 && classes.largest == 4)
    #expect(!classes.likelihoods.contains { $0.likelihood == "bernoulli" })
    let counts = try floats { 3 * $0 }
    #expect(counts.values == "counts" && counts.likelihoods.first?.likelihood == "poisson")
    #expect(try floats { $0 / 255 }.values == "levels")
    let unit = try floats { $0 / 254 }
    #expect(
      unit.values == "unit"
        && Set(unit.likelihoods.map(\.likelihood))
          == ["bernoulli", "continuous-bernoulli", "gaussian"]
    )
    #expect(try floats { $0 + 0.5 }.values == "positive")
    let reals = try look(try reals())
    #expect(reals.values == "reals" && reals.constantColumns == [4])
    #expect(reals.likelihoods.map(\.likelihood) == ["gaussian"])
    #expect(reals.likelihoods[0].reason.contains("--standardize"))
    let none = try floats { _ in .nan }
    #expect(none.values == nil && none.likelihoods.isEmpty && none.emptyColumns.count == 5)
    let holed = numbers.indices.map { $0 % 5 == 1 ? Float.nan : Float(numbers[$0]) }
    let part = try look(try write("holed", .floats(holed)))
    #expect(part.emptyColumns == [1] && part.constantColumns.isEmpty)
    #expect(
      run("data", "info", densities.path("holed.npy")).output.contains(
        "1 column of the training images holds no value: 2."))
    let text = run("data", "info", densities.path("reals.npy")).output
    #expect(text.contains("1 column of the training images holds one value: 5."))
    #expect(text.contains("likelihood  why it fits\ngaussian    real numbers"))
  }
}
