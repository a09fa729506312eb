import Artifacts
import Commands
import Compute
import Files
import Foundation
import IWAE
import Report

@testable import Datasets
@testable import Experiments

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Input that another parser takes.
struct OtherFormat: Error {}

/// Something that reads what the program did not write.
struct Parser: Sendable {
  /// Inputs to begin with, most of which it accepts.
  let seeds: [[UInt8]]
  /// Words that mean something to it.
  let words: [String]
  /// Reads an input; what was read is written and read once more where it can be.
  let read: @Sendable ([UInt8]) throws -> Void

  init(_ seeds: [[UInt8]], read: @escaping @Sendable ([UInt8]) throws -> Void) {
    (self.seeds, words, self.read) = (seeds, [], read)
  }

  init(
    _ seeds: [String], words: [String] = [], read: @escaping @Sendable ([UInt8]) throws -> Void
  ) {
    (self.seeds, self.words, self.read) = (seeds.map { Array($0.utf8) }, words, read)
  }

  /// Writes the seeds, and the words as a dictionary of libFuzzer.
  func writeBeginnings(to folder: URL) throws {
    let corpus = folder.appending(path: "corpus")
    try FileManager.default.createDirectory(at: corpus, withIntermediateDirectories: true)
    for (index, seed) in seeds.enumerated() {
      try Data(seed).write(to: corpus.appending(path: "seed-\(index)"))
    }
    // It must not be empty.
    let lines = ["# words"] + words.map { "\"\($0)\"" }
    try Data(lines.joined(separator: "\n").utf8).write(to: folder.appending(path: "words"))
  }

  static let all: [String: Parser] = [
    "amat": Parser(Seeds.amat) { try readNumbers($0, NumberArray.isText) },
    "csv": Parser(Seeds.csv) {
      try readNumbers($0) { !NumberArray.isText($0) && NumberArray.isCSV($0) }
    },
    "arguments": Parser(
      Seeds.arguments, words: command.options.flatMap(\.names), read: readArguments),
    "certificate": Parser(Seeds.certificate, read: readCertificate),
    "configuration": Parser(
      Seeds.configuration, words: Setting.all.map(\.key), read: readConfiguration),
    "evaluation": Parser(Seeds.evaluation) { try readRun("evaluation.json", $0) },
    "figure": Parser(Seeds.figure) { try readRun("figures/figure.json", $0) },
    "formula": Parser(
      Seeds.formula, words: Formula.Function.allCases.map(\.rawValue), read: readFormula),
    "gzip": Parser(Seeds.gzip) { try readNumbers($0) { $0.starts(with: [0x1f, 0x8b]) } },
    "idx": Parser(Seeds.idx) { try readNumbers($0, NumberArray.isIDX) },
    "mapping": Parser(
      Seeds.mapping, words: Seeds.foreign.entries.keys.sorted(), read: readMapping),
    "mat": Parser(Seeds.mat) { try readNumbers($0, MATFile.isMAT) },
    "metrics": Parser(Seeds.metrics) { try readRun("metrics.jsonl", $0) },
    "npy": Parser(Seeds.npy) { try readNumbers($0, NumberArray.isNumPy) },
    "onnx": Parser(Seeds.onnx.map { Array($0) }, read: readGraph),
    "npz": Parser(Seeds.npz) { try readNumbers($0, ZipArchive.isZip) },
    "png": Parser(Seeds.png, read: readPNG),
    "response": Parser(Seeds.response, read: readResponse),
    "safetensors": Parser(Seeds.safetensors, read: readSafetensors),
    "sweep": Parser(Seeds.sweep, words: Setting.all.map(\.key), read: readSweep),
  ]

  /// The most bytes that an array may take.
  private static let limit = 1 << 20

  // MARK: Numbers

  private static func readNumbers(
    _ bytes: [UInt8], _ isOfFormat: (ArraySlice<UInt8>) -> Bool
  ) throws {
    guard isOfFormat(bytes.prefix(1 << 12)) else { throw OtherFormat() }
    let file = try DataFile(FileBytes(bytes, name: "t"), limit: limit)
    for variable in file.variables where variable.problem == nil {
      let array = try file.array(variable.name).rowMajor
      precondition(array.values.count == array.shape.reduce(1, *))
      // By its bits, since NaN is not itself.
      let written = array.numPy
      let again = try! DataFile(FileBytes([UInt8](written), name: "t"), limit: limit)
      precondition(try! again.array().numPy == written)
    }
    _ = try ImageCollection(file, name: "t")
  }

  private static func readPNG(_ bytes: [UInt8]) throws {
    let image = try PNGImage(FileBytes(FileBuilder.resummed(bytes), name: "t"), limit: limit)
    precondition(image.pixels.count == image.width * image.height)
  }

  private static func readSafetensors(_ bytes: [UInt8]) throws {
    let file = try Safetensors(Data(bytes), file: "t")
    precondition(try! Safetensors(file.data, file: "t").data == file.data)
    var settings = ForeignSettings()
    settings.activation = "tanh"
    _ = try? ForeignModel(file, settings, file: "t")
    let checkpoint = try Checkpoint(Data(bytes), file: "t")
    let data = try checkpoint.data
    precondition(try! Checkpoint(data, file: "t").data == data)
  }

  /// As an encoder's graph, and as a decoder's.
  private static func readGraph(_ bytes: [UInt8]) throws {
    let (data, known) = (Data(bytes), Seeds.onnx)
    _ = try? ForeignModel(encoder: (data, "t"), decoder: (known[1], "decoder"))
    _ = try ForeignModel(encoder: (known[0], "encoder"), decoder: (data, "t"))
  }

  /// Reads where another program's layers belong, and puts a model's and two graphs' there.
  private static func readMapping(_ bytes: [UInt8]) throws {
    let mapping = try ForeignMapping("\(write("mapping.json", bytes).path)/mapping.json")
    let graphs = Seeds.onnx
    _ = try? ForeignModel(
      encoder: (graphs[0], "encoder"), decoder: (graphs[1], "decoder"), mapping: mapping)
    _ = try ForeignModel(Seeds.foreign, mapping: mapping, file: "t")
  }

  // MARK: Text

  private static func readFormula(_ bytes: [UInt8]) throws {
    let variables = ["x", "mean", "log_scale"]
    let formula = try Formula(
      parsing: String(decoding: bytes, as: UTF8.self), variables: variables)
    let text = formula.description
    // 1e15 is printed in full, so that a text may become longer than what is parsed.
    if text.count <= Formula.maximumLength {
      precondition(try! Formula(parsing: text, variables: variables) == formula, text)
    }
    for variable in variables { _ = try formula.derivative(by: variable) }
  }

  /// A command that takes every setting.
  private static let command = Command(
    name: "fuzz", abstract: "", arguments: [.init("run", isRepeated: true, help: "")],
    options: RunOptions.options + [.init(.seed)] + StepOptions.objective,
    run: { _, _ in .done })

  /// Reads lines as arguments.
  private static func readArguments(_ bytes: [UInt8]) throws {
    let lines = String(decoding: bytes, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    let arguments = try ParsedArguments(lines.map(String.init), for: command)
    var configuration = RunConfiguration()
    configuration.model = try ModelOptions.model(arguments)
    try configuration.apply(arguments, Setting.all)
    _ = try configuration.training()
  }

  /// Reads lines as the head of what a server answers.
  private static func readResponse(_ bytes: [UInt8]) {
    var head = ResponseHead()
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      head.read(String(line))
    }
    if case .refuse(let text) = head.verdict(offset: 5, size: 10) { precondition(!text.isEmpty) }
  }

  // MARK: Files of a run

  /// Writes a file of a run, and returns the run's folder.
  private static func write(_ name: String, _ bytes: [UInt8]) throws -> RunFolder {
    let folder = FileManager.default.temporaryDirectory.appending(path: "run")
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return RunFolder(folder.path)
  }

  private static func readConfiguration(_ bytes: [UInt8]) throws {
    let folder = try write("config.json", bytes)
    let configuration = try RunConfiguration(file: folder.configuration)
    _ = configuration.facts
    _ = try configuration.training()
    let written = try write("config.json", Array(configuration.file))
    precondition(try! RunConfiguration(file: written.configuration) == configuration)
  }

  /// Sums up what a file says of images, as far as it may be so.
  private static func readCertificate(_ bytes: [UInt8]) throws {
    guard let kept = try? JSONText.value(Certification.Kept.self, Data(bytes)) else {
      throw FormatError(file: "t", problem: "no certificate")
    }
    let images = kept.images.filter(Certifier.Settings(width: 0.1).mayFind)
    guard !images.isEmpty else { return }
    let certificate = Certificate(
      images, of: images.count, asked: 0.1, isEnough: { $0.error != nil }, seconds: 1)
    precondition(certificate.logLikelihood.isFinite)
    _ = try! JSONText.data(certificate)
  }

  private static func readSweep(_ bytes: [UInt8]) throws {
    let grid = try Sweep.stored(in: try write("sweep.json", bytes).path)
    let written = try write("sweep.json", Array(try JSONEncoder().encode(grid)))
    precondition(try! Sweep.stored(in: written.path).problem(goingOnWith: grid) == nil)
  }

  /// Reads a file of a run as a report does, and draws what is in it.
  private static func readRun(_ name: String, _ bytes: [UInt8]) throws {
    let run = try ReportRun(try write(name, bytes), name: "t")
    _ = ReportPage(title: "t", runs: [run, run]).html
    for figure in run.figures {
      _ = figure.table.csv
      precondition(XMLParser(data: Data(figure.svg.utf8)).parse(), "the picture is no XML")
      for format in FigureFormat.allCases { _ = try? figure.file(format) }
    }
  }
}
