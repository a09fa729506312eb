import Artifacts
import Commands
import Experiments
import Foundation
import Report
import Testing

@testable import iwae_gpu

/// Looking at a model: its figures.
@Suite struct LookCommandTests {
  private let folder = NSTemporaryDirectory() + "look-\(UUID().uuidString)"

  private func train(_ layers: String, _ more: String...) {
    let result = run(
      [
        "train", "--passes", "1", "--layers", layers, "-k", "2", "--test-samples", "10",
        "--validation-samples", "2", "--batch", "200", "--quiet", "--out", folder,
      ] + more)
    #expect(result.status == .done, "\(result.error)")
  }

  @Test func everyFigureOfTwoLatentsIsDrawn() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    train("20:2")
    let result = run("look", folder, "--images", "60", "--json")
    #expect(result.status == .done, "\(result.error)")
    let figures = try FigureFolder(run: folder).read()
    #expect(
      figures.map(\.name) == [
        "active-units", "interpolations", "latents", "log-weights", "posterior", "reconstructions",
        "samples",
      ])
    for figure in figures {
      #expect(!figure.summary.isEmpty)
      switch figure.content {
      case .bars(let plot):
        let values = plot.groups.flatMap(\.values)
        if figure.name == "active-units" {
          #expect(values.count == 2 && values[0] >= values[1])
          #expect(plot.labels?.sorted() == ["1", "2"])
        }
        // Every sample of every image is in a bar.
        if figure.name == "log-weights" { #expect(values.reduce(0, +) == 60_000) }
      case .scatter(let plot):
        #expect(plot.series.map(\.name) == (0..<10).map { "\($0)" })
        #expect(plot.series.map(\.points.count).reduce(0, +) == 60)
      case .picture(let picture):
        #expect(picture.png.count > 100 && picture.width > 0)
      case .panels(let grid):
        #expect(figure.name == "posterior" && grid.rows.map(\.count) == [4, 4, 4, 4, 4, 4])
        try checkPosterior(try #require(grid.table))
      case .lines, .heat: Issue.record("\(figure.name) is of another kind")
      }
    }
  }

  /// The windows of posteriors that only draws tell the shape of.
  @Test(arguments: ["full", #"{"family": "flow", "steps": 2, "hidden": [4], "context": 2}"#])
  func posteriorsOfAnyShapeAreDrawn(_ posterior: String) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    train("20:2", "--posterior", posterior)
    let result = run("look", folder, "--only", "posterior")
    #expect(result.status == .done, "\(result.error)")
    let figure = try #require(try FigureFolder(run: folder).read().first)
    #expect(figure.summary.contains("as \(EncoderDistribution.draws) draws tell"))
    guard case .panels(let grid) = figure.content else {
      Issue.record("\(figure.name) is of another kind")
      return
    }
    try checkPosterior(try #require(grid.table))
  }

  @Test(arguments: [["mixture:3", "--condition", "10"], ["vamp:12"]])
  func componentsArePictures(_ prior: [String]) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let isMixture = prior[0].hasPrefix("mixture")
    let result = run(
      [
        "train", "--passes", "1", "--layers", isMixture ? "20:3/8:2" : "20:3", "-k", "2",
        "--test-samples", "10", "--batch", "200", "--quiet", "--out", folder, "--prior",
      ] + prior)
    #expect(result.status == .done, "\(result.error)")
    #expect(run("look", folder, "--only", "components").status == .done)
    let figure = try #require(try FigureFolder(run: folder).read().first)
    guard case .picture(let picture) = figure.content else {
      Issue.record("\(figure.name) is no picture")
      return
    }
    // A margin and twice 28 pixels for each image, ten in a row.
    #expect(picture.width == 10 * 58 + 2)
    #expect(picture.height == (prior.count > 1 ? 3 : 2) * 58 + 2)
    if isMixture {
      let weights = try #require(picture.table).rows.compactMap { Double($0[1].exact) }
      #expect(abs(weights.reduce(0, +) - 1) < 1e-6 && weights == weights.sorted(by: >))
    } else {
      #expect(figure.summary.contains("12 of 12 inputs"))
    }
  }

  /// What is told of each posterior agrees with itself.
  private func checkPosterior(_ table: FigureTable) throws {
    #expect(table.rows.count == 6)
    for row in table.rows {
      let values = Dictionary(
        uniqueKeysWithValues: zip(table.columns, row.map { Double($0.exact) ?? .nan }))
      func value(_ name: String) throws -> Double { try #require(values[name]) }
      for unit in 1...2 {
        let (center, width) = (
          try value("window centre, unit \(unit)"), try value("window width, unit \(unit)")
        )
        #expect(abs(try value("mean, unit \(unit)") - center) < width / 2)
        let deviation = try value("sd, unit \(unit)")
        // Wide enough to hold it, and narrow enough to show it.
        #expect(deviation < width / 4 && deviation > width / 60)
        #expect(try value("encoder sd, unit \(unit)") > 0)
      }
      #expect((0...1).contains(try value("total variation")))
      #expect((0..<0.01).contains(try value("posterior outside")))
      #expect((0...1).contains(try value("encoder outside")))
      #expect((0..<200).contains(try value("samples outside")))
    }
  }

  @Test(arguments: [
    ("encoder.0.log_sigma.bias", Float(50)), ("encoder.0.log_sigma.bias", -1000),
    ("encoder.0.log_sigma.bias", 1000), ("encoder.0.mean.bias", 1e25),
  ])
  func extremeParametersAreNoPosterior(_ name: String, _ value: Float) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    train("20:2")
    let file = folder + "/best.safetensors"
    var checkpoint = try Checkpoint(Data(contentsOf: URL(fileURLWithPath: file)), file: file)
    for (tensor, values) in checkpoint.parameters where tensor.name == name {
      checkpoint.parameters[tensor] = values.map { _ in value }
    }
    try checkpoint.data.write(to: URL(fileURLWithPath: file))
    let result = run("look", file, "--images", "20", "--only", "posterior")
    #expect(result.status == .done, "\(result.error)")
    #expect(result.output.contains("No posterior: the densities or the weights of test image 1"))
  }

  @Test func whatAModelCannotShowIsSaid() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    train("20:1")
    let result = run("look", folder, "--images", "20", "--only", "posterior,latents,samples")
    #expect(result.status == .done)
    #expect(result.output.contains("No posterior: a grid needs a single layer of two latents"))
    #expect(run("look", folder, "--only", "components").output.contains("has no components."))
    #expect(result.output.contains("No latents: the lowest layer has one latent unit."))
    let single = run("look", folder, "--images", "1", "--only", "active-units")
    #expect(single.output.contains("No active-units: a variance over images needs at least 2"))
    #expect(try FigureFolder(run: folder).read().map(\.name) == ["samples"])
    #expect(run("look", folder, "--only", "postrior").status == .usage)
    #expect(run("look", folder + "x").status == .fileAccess)
  }
}
