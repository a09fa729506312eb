import Artifacts
import Commands
import Experiments
import Foundation
import Report
import Testing

@testable import iwae_gpu

/// Reports of run folders, through the command line.
@Suite struct ReportCommandTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-report-\(UUID())").path

  /// A run folder as training and other commands leave it.
  private func makeRun(_ name: String, objective: String = "iwae") throws -> String {
    let run = RunFolder("\(folder)/\(name)")
    try run.create()
    try write(#"{"data": "strokes", "objective": "\#(objective)"}"#, run.configuration)
    try write("{\"epoch\":1,\"step\":9,\"bound\":-100.5}\n{\"epoch\":2,\"bo", run.metrics)
    try write(
      """
      {"nll": 99.25, "standard_error": null, "samples": 50, "images": 10, "bound": -101,
       "effective_sample_size": 9, "active_units": [3], "reconstruction": -80, "divergence": 21,
       "seconds": 1, "backend": "cpu", "device": "reference", "from_a_later_version": [1]}
      """, run.evaluation)
    try FigureFolder(run: run.path).write(
      Figure(
        name: "bounds", title: "L_k", summary: "It rises.",
        content: .lines(
          LinePlot(xLabel: "k", yLabel: "nats", curves: [.init("L_k", [.init(x: 1, y: -99)])]))))
    return run.path
  }

  private func write(_ text: String, _ path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }

  @Test func runsAreCompared() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let first = try makeRun("first <run>")
    let second = try makeRun("second", objective: "vae")
    let outcome = run("report", first, second, "--json")
    #expect(outcome.status == .done, "\(outcome.error)")
    struct Summary: Decodable {
      var out: String
      var runs: [String]
      var figures: Int
      var bytes: Int
      struct Group: Decodable {
        var run: String
        var runs: [String]
        var nll: Double?
        var testSamples: Int?
        var devices: [String]
      }
      var groups: [Group]
    }
    let summary = try decoder.decode(Summary.self, from: Data(outcome.output.utf8))
    #expect(summary.out == "\(first)/report.html" && summary.runs == [first, second])
    #expect(summary.groups.map(\.run) == ["first <run>", "second"])
    #expect(summary.groups.map(\.runs) == [[first], [second]])
    #expect(summary.groups.allSatisfy { $0.nll == 99.25 && $0.testSamples == 50 })
    #expect(summary.groups.allSatisfy { $0.devices == ["reference"] })
    // The bounds of both, and the bound by pass.
    #expect(summary.figures == 3)
    let html = try String(contentsOfFile: summary.out, encoding: .utf8)
    #expect(html.utf8.count == summary.bytes)
    #expect(html.contains("<title>2 runs compared</title>"))
    #expect(html.contains("first &lt;run&gt;") && !html.contains("<run>"))
    #expect(
      html.contains("vae, M = 1, K = 50") && html.contains("99.25") && html.contains("-100.50"))

    let elsewhere = "\(folder)/elsewhere.html"
    let other = run("report", second, "--out", elsewhere, "--title", "A & B", "--quiet")
    #expect(other.status == .done && other.output.isEmpty)
    #expect(try String(contentsOfFile: elsewhere, encoding: .utf8).contains("<h1>A &amp; B</h1>"))
    #expect(!FileManager.default.fileExists(atPath: "\(second)/report.html"))
    // A new run in the same folder does not keep the figures of the old one.
    try RunFolder(second).clear()
    #expect(try FigureFolder(run: second).read().isEmpty)
  }

  @Test func whatWasEvaluatedSinceIsShown() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let trained = run(
      "train", "--data", "linear-gaussian", "--out", folder, "--layers", ":2", "-k", "2",
      "--passes", "1", "--test-samples", "5", "--quiet")
    #expect(trained.status == .done, "\(trained.error)")
    func samples() throws -> String {
      let table = run("report", folder, "--format", "csv", "--quiet").output
        .split(separator: "\r\n").map { $0.split(separator: ",") }
      let column = try #require(table[0].firstIndex(of: "test_samples"))
      return String(table[1][column - table[0].count + table[1].count])
    }
    #expect(try samples() == "5")
    #expect(run("evaluate", folder, "-k", "30", "--quiet").status == .done)
    #expect(try samples() == "30")
    let html = try String(contentsOfFile: "\(folder)/report.html", encoding: .utf8)
    #expect(html.contains(">after steps</th>"))
  }

  @Test func aConfigurationIsToldAltogether() throws {
    var configuration = RunConfiguration()
    let task = configuration.task
    configuration.model.likelihood = .gaussian
    #expect(configuration.task != task)
    (configuration.schedule, configuration.order) = (.burdaReleased, .fixed)
    (configuration.keep, configuration.activityImages) = (.last, 100)
    let facts = Dictionary(
      uniqueKeysWithValues: configuration.facts.map { ($0.name, $0) })
    #expect(facts["schedule"]?.text == "burda-released")
    for (name, text) in [
      ("order of images", "fixed"), ("parameters kept", "last"),
      ("active units counted on", "100 training images"),
    ] {
      #expect(facts[name]?.text == text && facts[name]?.isNotable == true)
    }
    #expect(RunConfiguration().facts.first { $0.name == "order of images" }?.isNotable == false)
  }

  @Test func countsThatCannotBeAreRefused() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = try makeRun("run")
    let file = "\(path)/evaluation.json"
    let good = try String(contentsOfFile: file, encoding: .utf8)
    for (field, part, damage) in [
      ("images", #""images": 10"#, #""images": 1152921504606846976"#),
      ("images", #""images": 10"#, #""images": -1"#),
      ("samples", #""samples": 50"#, #""samples": 0"#),
      ("active_units", "[3]", "[9223372036854775807]"),
      ("step", #""seconds": 1"#, #""seconds": 1, "step": -9223372036854775808"#),
      ("step", #""seconds": 1"#, #""seconds": 1, "step": 9223372036854775807"#),
    ] {
      try write(good.replacing(part, with: damage), file)
      let outcome = run("report", path, "--quiet")
      #expect(outcome.status == .badInput, "\(damage): \(outcome.error)")
      #expect(outcome.error.contains("'\(field)': expected a whole number"), "\(outcome.error)")
    }
    try write(good, file)
    #expect(run("report", path, "--quiet").status == .done)
  }

  @Test func wrongInputsHaveTheirExitCodes() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = try makeRun("run")
    #expect(run("report").error.contains("Missing expected argument '<run> ...'."))
    #expect(
      run("report", "--help").output.contains("USAGE: iwae-gpu report <run> ... [options]"))
    #expect(run("report", path, path + "/").error.contains("was given twice"))
    #expect(run("report", path, "\(folder)/none").status == .fileAccess)
    #expect(run("report", path + "/config.json").status == .badInput)
    #expect(run("report", folder).error.contains("there is no run in this folder"))
    let both = run("report", path, folder, "--quiet")
    #expect(both.status == .done && both.error.contains("'\(folder)' is left out"))
    #expect(run("report", path, "--out", "/dev/null/x.html").status == .fileAccess)
    for file in ["config.json", "metrics.jsonl", "evaluation.json", "figures/bounds.json"] {
      let good = try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(file)"))
      try write("[garbage]\n", "\(path)/\(file)")
      let outcome = run("report", path)
      #expect(outcome.status == .badInput && outcome.error.contains(file), "\(outcome.error)")
      if file == "evaluation.json" {
        try write(#"{"nll": 99.25}"#, "\(path)/\(file)")
        let short = run("report", path).error
        #expect(short.contains("no evaluation as 'evaluate' writes it"), "\(short)")
      }
      // Unreadable: a folder in its place.
      try FileManager.default.removeItem(atPath: "\(path)/\(file)")
      if !file.hasPrefix("figures") {
        try FileManager.default.createDirectory(
          atPath: "\(path)/\(file)", withIntermediateDirectories: false)
        #expect(run("report", path).status == .fileAccess, "\(file)")
        try FileManager.default.removeItem(atPath: "\(path)/\(file)")
      }
      // Each may be missing.
      #expect(run("report", path, "--quiet").status == .done, "\(file)")
      try good.write(to: URL(fileURLWithPath: "\(path)/\(file)"))
    }
    #expect(!FileManager.default.fileExists(atPath: "\(folder)/report.html"))
  }
}
