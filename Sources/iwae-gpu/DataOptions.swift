import Commands
import Compute
import Datasets
import Experiments
import Files
import Foundation
import IWAE

/// The options that say which images a command works on.
enum DataOptions {
  static let option = Command.Option(of: "data")
  static let labels = Command.Option(of: "labels")
  static let mask = Command.Option(
    "--mask", "file",
    help: "Where values of these images were observed: 1, else 0. Missing too is what is NaN.")
  /// Those of the images that a model is tested on.
  static let tested = [
    option.helped(
      "A set that 'iwae-gpu data list' names, or a file or folder of images, which is taken whole; "
        + "FILE#NAME is one array of a file. (default: the test images of the checkpoint's run)"),
    labels, mask,
    Command.Option(of: "binarize"),
  ].grouped("Data")

  /// The folders of named sets' files.
  static var folders: DataFolders { DataFolders(environment: ProcessInfo.processInfo.environment) }

  /// Refuses a limit of files that is none.
  static func checkLimit() throws {
    guard let text = Files.limitText, byteCount(text) == nil else { return }
    throw CommandError(
      message:
        "The value '\(text)' of \(Files.limitVariable) is invalid: expected bytes, or a number with K, M, "
        + "G or T, as 8G.", code: .usage)
  }

  /// The images of a set or a file.
  ///
  /// - Parameters:
  ///   - labels: The file of their labels; empty for those that they come with.
  ///   - mask: The file that says where they were observed; empty for everywhere.
  static func source(_ name: String, labels: String = "", mask: String = "") throws -> DataSource {
    var source = try DataSource(name, in: folders)
    if !labels.isEmpty { source = try source.labelled(by: labels) }
    return mask.isEmpty ? source : try source.masked(by: mask)
  }

  /// The images of a run: of its data, tested on its test data where they are others.
  static func source(of configuration: RunConfiguration) throws -> DataSource {
    let source = try source(
      configuration.data, labels: configuration.labels, mask: configuration.mask)
    return configuration.test.isEmpty
      ? source : source.tested(on: try Self.source(configuration.test))
  }

  /// The same with flags on top.
  static func source(
    _ arguments: ParsedArguments, _ configuration: RunConfiguration
  ) throws -> DataSource {
    var configuration = configuration
    try configuration.applyImages(arguments)
    return try source(of: configuration)
  }

  /// Refuses to binarize for a likelihood that takes data as they are.
  static func checkBinarization(_ arguments: ParsedArguments, _ model: Model) throws(UsageError) {
    guard let text = arguments.string("--binarize"), text != "none", !model.likelihood.isBinarized
    else { return }
    throw arguments.error(
      "'--binarize \(text)' draws 0s and 1s, but the likelihood '\(model.likelihood.name)' takes the "
        + "data as they are; leave it out.")
  }

  /// The images to test a model on: of the set or file that was named, else of its run's own data.
  ///
  /// - Parameters:
  ///   - arguments: The command's.
  ///   - stored: The model.
  ///   - countsUnits: True if active units are counted, which a run may do on training images.
  static func test(
    _ arguments: ParsedArguments, _ stored: StoredModel, countsUnits: Bool = false
  ) throws -> TestImages {
    let named = arguments.string("--data")
    var settings = stored.run ?? RunConfiguration()
    try settings.apply(arguments, ["labels", "binarize"].compactMap(Setting.named))
    try checkBinarization(arguments, stored.model)
    // A file that is named is taken whole; a set and a run's data have a test part, and may have moved.
    var moved = settings
    moved.data = named ?? settings.data
    let own =
      named == nil
      ? try source(of: settings)
      : stored.lacksData ? (try? source(of: moved)).flatMap { stored.isOf($0) ? $0 : nil } : nil
    let source =
      try own ?? Self.source(moved.data, labels: arguments.string("--labels") ?? "")
    let test = try TestImages(
      source, for: stored.model, settings.binarize, standardization: stored.standardization,
      isWhole: source.namedSet == nil && own == nil, run: own == nil ? nil : stored.run,
      modelsRun: stored.run, part: arguments.string("--part").flatMap(DataPart.init) ?? .test,
      countsUnits: countsUnits)
    return try arguments.string("--mask").map { try test.masked(by: $0) } ?? test
  }

  /// The model of the checkpoint, on its test images, whose notes are shown.
  ///
  /// - Parameters:
  ///   - arguments: The command's.
  ///   - display: The outlet of notes.
  ///   - limit: So many of the first images unless '--limit' says; nil for all.
  ///   - checkpoint: The checkpoint; nil for the command's only one.
  static func subject(
    _ arguments: ParsedArguments, _ display: Display, limit: Int? = nil, checkpoint: String? = nil
  ) throws -> Subject {
    let stored = try StoredModel(try checkpoint ?? arguments.argument("checkpoint"))
    let test = try test(arguments, stored)
    display.note(test.notes)
    let subject = Subject(
      stored, test, limit: try arguments.integer("--limit", default: limit ?? .max),
      seed: try arguments.seed(default: stored.run?.seed ?? 0))
    if subject.images.standardization != nil {
      let lower = String(format: "%.4f", subject.images.meanLogDeviation)
      display.note([
        "log-likelihoods are those of standardized data; in the data's own units an image's is "
          + "\(lower) lower on average."
      ])
    }
    return subject
  }
}
