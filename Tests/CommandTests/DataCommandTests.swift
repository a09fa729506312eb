import Commands
import Datasets
import Foundation
import Testing

@testable import iwae_gpu

/// The data command, and data in every other command, through the command line.
@Suite struct DataCommandTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-data-\(UUID())").path

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  /// Grey images of 3 by 2 pixels as an IDX file, each of one level.
  private func write(_ name: String, count: Int, cutOff: Int = 0) throws -> String {
    var bytes: [UInt8] = [0, 0, 8, 3, 0, 0, 0, UInt8(count), 0, 0, 0, 2, 0, 0, 0, 3]
    for index in 0..<count { bytes += [UInt8](repeating: UInt8(index * 5), count: 6) }
    let path = "\(folder)/\(name)"
    try Data(bytes.dropLast(cutOff)).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func remove() { try? FileManager.default.removeItem(atPath: folder) }

  @Test func columnsOfATableAreDescribed() throws {
    defer { remove() }
    let path = "\(folder)/table.csv"
    try Data("age,\"two, three\"\n1,\n3,NA\n5,0.5\n".utf8).write(to: URL(fileURLWithPath: path))
    struct Info: Decodable {
      struct Column: Decodable, Equatable {
        var index: Int
        var name: String?
        var missing: Int
        var mean: Double?
        var minimum: Double?
        var maximum: Double?
      }
      var columns: [Column]?
    }
    let info = try JSONDecoder().decode(
      Info.self, from: Data(run("data", "info", path, "--json").output.utf8))
    #expect(
      info.columns == [
        .init(index: 0, name: "age", missing: 0, mean: 3, minimum: 1, maximum: 5),
        .init(index: 1, name: "two, three", missing: 2, mean: 0.5, minimum: 0.5, maximum: 0.5),
      ])
    #expect(run("data", "info", path).output.contains("\ntwo, three   0.5"))
    let strokes = run("data", "info", "strokes", "--json").output
    #expect(try JSONDecoder().decode(Info.self, from: Data(strokes.utf8)).columns == nil)
  }

  @Test func anActionThatThereIsNotIsRefused() {
    defer { remove() }
    for (command, action, meant) in [("data", "inof", "info"), ("cache", "claer", "clear")] {
      let result = run(command, action)
      #expect(result.status == .usage)
      #expect(result.error.contains("Unexpected action '\(action)'. Did you mean '\(meant)'?"))
    }
  }

  @Test func setsAreListedAndDescribed() throws {
    defer { remove() }
    let list = run("data", "list")
    #expect(list.status == .done)
    for name in ["mnist", "omniglot", "binarized-mnist", "frey", "silhouettes", "strokes"] {
      #expect(list.output.contains("\n\(name) "))
    }
    struct Info: Decodable {
      struct Part: Decodable {
        var name: String
        var images: Int
        var width: Int
        var height: Int?
        var mean: Double
        var classes: Int?
      }
      struct Look: Decodable {
        struct Count: Decodable {
          var images: Int
        }
        var classes: [Count]?
      }
      var format: String
      var parts: [Part]
      var look: Look
    }
    let strokes = try decoder.decode(
      Info.self, from: Data(run("data", "info", "strokes", "--json").output.utf8))
    #expect(strokes.parts.map(\.images) == [5000, 500, 500])
    #expect(strokes.parts[0].classes == 10)

    let file = try write("grey", count: 40)
    let info = try decoder.decode(
      Info.self, from: Data(run("data", "info", file, "--json").output.utf8))
    #expect(info.format == "IDX" && info.parts.count == 1)
    #expect(info.parts[0].images == 40 && info.parts[0].height == 2)
    #expect(abs(info.parts[0].mean - 19.5 * 5 / 255) < 1e-6)
    let text = run("data", "info", file)
    #expect(text.output.contains("training      40  2 x 3    0.382353"))
    #expect(!text.output.contains("of each class") && info.look.classes == nil)

    let labels = "\(folder)/labels.txt"
    let classes = (0..<40).map { $0 % 4 == 0 ? "7" : "2" }.joined(separator: "\n")
    try Data(classes.utf8).write(to: URL(fileURLWithPath: labels))
    let labelled = run("data", "info", file, "--labels", labels)
    #expect(labelled.output.contains("\nTraining images of each class: 30 of 2, 10 of 7.\n"))
    let counted = try decoder.decode(
      Info.self, from: Data(run("data", "info", file, "--labels", labels, "--json").output.utf8))
    #expect(counted.parts[0].classes == 2 && counted.look.classes?.map(\.images) == [30, 10])
    #expect(run("data", "info", file, "--labels", file).status == .badInput)
  }

  @Test func picturesHaveTheShapeOfTheImages() throws {
    defer { remove() }
    let file = try write("grey", count: 12)
    let out = "\(folder)/sheet.png"
    let shown = run("data", "preview", file, "--out", out, "--count", "4")
    #expect(shown.status == .done && shown.output == "4 images in \(out)")
    // Two by two images of 3 by 2 pixels, twice as large, with margins of 2.
    let png = [UInt8](try Data(contentsOf: URL(fileURLWithPath: out)))
    #expect(png[16..<24].elementsEqual([0, 0, 0, 18, 0, 0, 0, 14]))
    #expect(run("data", "preview", file, "--part", "test").status == .usage)
  }

  @Test func wrongDataIsRefused() throws {
    defer { remove() }
    let short = try write("short", count: 12, cutOff: 5)
    for arguments in [["data", "info", short], ["train", "--data", short]] {
      let outcome = run(arguments)
      #expect(outcome.status == .badInput, "\(arguments)")
      #expect(
        outcome.error
          == "Error: \(short), byte 16: it is cut off: the shape [12, 2, 3] of uint8 needs 72 bytes, "
          + "67 are left.")
    }
    let missing = run("data", "info", "mnits")
    #expect(missing.status == .fileAccess && missing.error.contains("Did you mean 'mnist'?"))
    #expect(run("data", "inof", "strokes").error.contains("Did you mean 'info'?"))
    #expect(run("data").status == .usage && run("data", "info").status == .usage)
    #expect(run("data", "list", "mnist").error.contains("list takes no set"))
    #expect(run("train", "--test-samples", "0").status == .usage)
    #expect(run("data", "fetch", "strokes").error.contains("drawn by the program"))
    #expect(run("data", "fetch", "mnits").error.contains("Did you mean 'mnist'?"))
    let good = try write("good", count: 20)
    for value in ["fixd", "fixed:", "fixed:x", "none:1"] {
      #expect(run("train", "--data", good, "--binarize", value).status == .usage, "\(value)")
    }
    #expect(run("train", "--data", good, "--split", "half").status == .usage)
    let released = run("train", "--data", good, "--split", "released", "--passes", "0")
    #expect(released.status == .usage && released.error.contains("no split of these images"))
  }

  @Test func runsTrainOnFilesAndExport() throws {
    defer { remove() }
    let file = try write("grey", count: 50)
    let out = "\(folder)/run"
    let trained = run(
      "train", "--data", file, "--out", out, "--layers", "8:2", "-k", "3", "--passes", "2",
      "--split", "7", "--binarize", "fixed:3", "--test-samples", "20", "--quiet")
    #expect(trained.status == .done, "\(trained.error)")
    #expect(trained.output.contains("over 5 images"))
    let config = try String(contentsOfFile: "\(out)/config.json", encoding: .utf8)
    #expect(config.contains("\"split\" : \"7\"") && config.contains("\"binarize\" : \"fixed:3\""))
    let events = try FileManager.default.contentsOfDirectory(atPath: out)
    #expect(events.count { $0.hasPrefix("events.out.tfevents.") } == 1)

    // The same images again: whoever names the run gets what it was tested on.
    let arrays = "\(folder)/arrays"
    let exported = run("export", out, "--onnx", "\(folder)/onnx", "--arrays", arrays, "--json")
    #expect(exported.status == .done, "\(exported.error)")
    let first = try Data(contentsOf: URL(fileURLWithPath: "\(arrays)/images.npy"))
    #expect(run("export", out, "--arrays", arrays, "--draw").status == .done)
    #expect(first == (try Data(contentsOf: URL(fileURLWithPath: "\(arrays)/images.npy"))))
    for name in ["mean.0", "log_sigma.0", "latent.0", "noise.0", "reconstructions"] {
      #expect(FileManager.default.fileExists(atPath: "\(arrays)/\(name).npy"), "\(name)")
    }
    // Any part: five images test and seven validate.
    for (part, count) in [("test", 5), ("validation", 7), ("training", 38)] {
      #expect(run("export", out, "--arrays", arrays, "--part", part).status == .done)
      #expect(try DataFile("\(arrays)/latent.0.npy").array().shape == [count, 2], "\(part)")
    }
    #expect(FileManager.default.fileExists(atPath: "\(folder)/onnx/decoder.onnx"))
    #expect(run("export", out).status == .usage)
    let inTheWay = run("export", out, "--onnx", file)
    #expect(inTheWay.status == .fileAccess, "\(inTheWay.error)")
  }

  /// Images that only test must fit the model too, before anything is trained.
  @Test(arguments: [8, 9])
  func imagesOfEveryPartAreChecked(row: Int) throws {
    defer { remove() }
    var rows = [String](repeating: "0 0.5 1 0.25", count: 10)
    rows[row] = "0 0.5 200 0.25"
    let file = "\(folder)/rows.txt"
    try Data((rows.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: file))
    let out = "\(folder)/run"
    let outcome = run("train", "--data", file, "--out", out, "--layers", "4:2", "--quiet")
    #expect(outcome.status == .badInput)
    #expect(outcome.error.contains("value 3: expected a number from 0 to 1, found 200.0"))
    #expect(!FileManager.default.fileExists(atPath: out))
  }

  /// A file that is called like a set is not that set.
  @Test func namesOfFilesMeanNothing() throws {
    defer { remove() }
    let file = try write("linear-gaussian.idx", count: 20)
    let out = "\(folder)/run"
    let trained = run(
      "train", "--data", file, "--out", out, "--layers", ":2", "-k", "2", "--passes", "1",
      "--test-samples", "5", "--likelihood", "gaussian", "--quiet")
    #expect(trained.status == .done, "\(trained.error)")
    #expect(!trained.output.contains("the data's own density"))
  }

  @Test func aRunWithoutValidationKeepsItsLast() throws {
    defer { remove() }
    let file = try write("grey", count: 30)
    let out = "\(folder)/run"
    let trained = run(
      "train", "--data", file, "--out", out, "--layers", "8:2", "-k", "3", "--passes", "1",
      "--split", "full", "--test-samples", "20", "--quiet")
    #expect(trained.status == .done, "\(trained.error)")
    #expect(!FileManager.default.fileExists(atPath: "\(out)/best.safetensors"))
    #expect(!trained.output.contains("best.safetensors"))
    #expect(run("evaluate", out, "--samples", "10", "--quiet").status == .done)
  }
}
