import Datasets
import Files
import Foundation
import IWAE
import ReferenceDevice
import Report
import Testing

@testable import Experiments

/// Models compared on the same images, one by one.
@Suite struct PairedDifferenceTests {
  private func tested(_ key: String, _ values: [Double]) -> TestedImages {
    TestedImages(key: key, logLikelihoods: values)
  }

  @Test func onlyTheDifferencesCount() throws {
    // The images differ by hundreds of nats, the models by 0.5 and 0.7.
    let one = tested("a", [-100, -200, -300, -400])
    let other = tested("a", [-100.5, -200.7, -300.5, -400.7])
    let found = try #require(PairedDifference(of: [other], than: [one], named: "one"))
    #expect(abs(found.difference - 0.6) < 1e-9 && found.images == 4 && found.runs == 1)
    // Deviations of 0.1 each: the square root of 4 * 0.01 / 3 / 4.
    #expect(abs((found.standardError ?? 0) - (0.01 / 3.0).squareRoot()) < 1e-9)
    #expect(!found.isNone && found.text(of: "other").contains("0.600 ± 0.058 nats above one's"))
    let back = try #require(PairedDifference(of: [one], than: [other], named: "other"))
    #expect(abs(back.difference + 0.6) < 1e-9)
  }

  @Test func seedsAreMatchedByTheirImages() throws {
    let first = [tested("a", [-1, -2]), tested("b", [-3, -4])]
    let second = [tested("b", [-3, -5]), tested("c", [0, 0]), tested("a", [-2, -2])]
    let found = try #require(PairedDifference(of: second, than: first, named: "first"))
    #expect(found.runs == 2 && abs(found.difference - 0.5) < 1e-9)
    #expect(PairedDifference(of: second, than: [tested("d", [0, 0])], named: "x") == nil)
    #expect(PairedDifference(of: [tested("a", [0])], than: first, named: "x") == nil)
    #expect(PairedDifference(of: [], than: first, named: "x") == nil)
  }

  @Test func foldersKeepTheirImages() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let source = try DataSource("linear-gaussian", in: DataFolders([]))
    var runs: [ReportRun] = []
    for (name, samples) in [("one", 1), ("two", 5)] {
      var configuration = RunConfiguration(data: "linear-gaussian")
      (configuration.passes, configuration.limit, configuration.testSamples) = (1, 30, 20)
      (configuration.samples, configuration.validationSamples) = (samples, 5)
      configuration.model = LinearGaussian().model
      let folder = RunFolder("\(path)/\(name)")
      let run = try Run(
        configuration, in: folder, images: RunImages(source, for: configuration))
      _ = try run.train(on: ReferenceDevice())
      let found = try #require(folder.tested())
      let report = try JSONText.value(EvaluationReport.self, Files.read(folder.evaluation))
      #expect(found.logLikelihoods.count == 30)
      #expect(abs(found.logLikelihoods.reduce(0, +) / 30 + report.nll) < 1e-9)
      runs.append(try ReportRun(folder, name: name))
    }
    let comparison = RunComparison(runs)
    let differences = comparison.groups.compactMap(\.difference)
    #expect(differences.count == 1 && differences[0].images == 30 && differences[0].difference >= 0)
    #expect(comparison.differencesText.count == 1)
    #expect(comparison.table.columns.contains { $0.title == "above the best" })
    // The same images in other units, as probabilities, or with labels are not the same.
    let (folder, other) = (RunFolder("\(path)/one"), RunFolder("\(path)/two"))
    let one = try #require(folder.tested())
    let plain = try RunConfiguration(file: other.configuration)
    for change in [
      { $0.standardize = true }, { $0.model.likelihood = .poisson }, { $0.model.condition = 3 },
    ] as [(inout RunConfiguration) -> Void] {
      var changed = plain
      change(&changed)
      try Files.write(changed.file, to: other.configuration)
      let two = try #require(other.tested())
      #expect(PairedDifference(of: [two], than: [one], named: "one") == nil)
    }
    try Files.write(plain.file, to: other.configuration)
    let two = try #require(other.tested())
    #expect(PairedDifference(of: [two], than: [one], named: "one") != nil)
    // Numbers that are not those of the evaluation say nothing.
    let others = NumberArray(shape: [30], values: .doubles(Array(repeating: -1, count: 30)))
    try Files.write(others.numPy, to: folder.imageLikelihoods)
    #expect(folder.tested() == nil)
    try Files.write(Data("none".utf8), to: folder.imageLikelihoods)
    #expect(folder.tested() == nil)
    // As many images as no file has numbers for.
    var report = try JSONText.value(EvaluationReport.self, Files.read(folder.evaluation))
    report.images = 1 << 60
    try Files.write(JSONText.data(report), to: folder.evaluation)
    #expect(folder.tested() == nil)
  }
}
