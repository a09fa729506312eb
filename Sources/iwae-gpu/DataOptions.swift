import Artifacts
import Compute
import Datasets
import Files
import Foundation
import IWAE

/// The options that say which images a command works on.
enum DataOptions {
  static let option = Command.Option(
    "--data", "name|file",
    help: "A set that 'iwae-gpu data list' names, or a file or folder of images; FILE#NAME is one "
      + "array of a file. (default: strokes)")

  static let split = Command.Option(
    "--split", "rule",
    help: "What validates: standard, full (nothing), released (as in the IWAE code), or so many of "
      + "the last training images. (default: standard)")

  static let binarize = Command.Option(
    "--binarize", "how",
    help:
      "How grey pixels become 0s and 1s for a Bernoulli likelihood: none, threshold, sample, or "
      + "fixed (drawn once; fixed:SEED for another draw). (default: sample)")

  /// Where the files of named sets are.
  static var folders: DataFolders { DataFolders(environment: ProcessInfo.processInfo.environment) }

  /// The most bytes that an array of a file may take.
  static func limit() throws -> Int {
    let name = "IWAE_GPU_DATA_LIMIT"
    guard let text = ProcessInfo.processInfo.environment[name], !text.isEmpty else {
      return DataFile.standardLimit
    }
    guard let limit = byteCount(text) else {
      throw CommandError(
        message:
          "The value '\(text)' of \(name) is invalid: expected bytes, or a number with K, M, "
          + "G or T, as 8G.", code: .usage)
    }
    return limit
  }

  /// How pixels are to become 0s and 1s.
  static func binarization(
    _ arguments: ParsedArguments, run: RunConfiguration?
  ) throws -> BinarizationRule {
    let text = arguments.string("--binarize") ?? run?.binarize ?? "sample"
    guard let rule = BinarizationRule(text) else {
      throw arguments.error(
        "The value '\(text)' is invalid for '--binarize <how>'."
          + suggestion(for: text, among: BinarizationRule.names)
          + " Please provide one of \(BinarizationRule.names.joined(separator: ", ")).")
    }
    return rule
  }

  /// Refuses to binarize for a likelihood that takes data as they are.
  static func checkBinarization(_ arguments: ParsedArguments, _ model: Model) throws(UsageError) {
    guard let text = arguments.string("--binarize"), text != "none", !model.likelihood.isBinarized
    else { return }
    throw arguments.error(
      "'--binarize \(text)' draws 0s and 1s, but the likelihood '\(model.likelihood.name)' takes the "
        + "data as they are; leave it out.")
  }

  /// The images to test a checkpoint on, and how they are binarized: of the set or file that was
  /// named, else of the run's own data.
  static func test(
    _ arguments: ParsedArguments, model: Model, run: RunConfiguration?
  ) throws -> TestImages {
    let name = arguments.string("--data") ?? run?.data ?? "strokes"
    var rule = try binarization(arguments, run: run)
    try checkBinarization(arguments, model)
    if !model.likelihood.isBinarized { rule.eachPass = .none }
    let source = try DataSource(name).prepared(for: model, rule)
    // A file that is named is taken whole; a set and a run's data have a test part.
    let isWhole = source.namedSet == nil && arguments.string("--data") != nil
    let notes = source.collection.notes
    if isWhole {
      let images = source.collection.test ?? source.collection.training
      return TestImages(images: images, name: name, rule: rule, notes: notes)
    }
    let own = arguments.string("--data") == nil ? run : nil
    let split = try source.split(Split.Rule(own?.split ?? "standard") ?? .standard, arguments)
    return TestImages(
      images: split.test, name: name, rule: rule, notes: notes,
      activity: split.training.first(own?.activityImages ?? 0))
  }

  /// Checks that a model can be used with images.
  ///
  /// - Parameter part: The part of the data that they are, where it has several.
  static func check(
    _ images: ImageSet, _ model: Model, _ name: String, part: String? = nil
  ) throws {
    guard images.width == model.dataSize else {
      throw FormatError(
        file: name, problem: "expected images of \(model.dataSize) values, found \(images.width).")
    }
    let likelihood = model.likelihood
    guard let misfit = images.firstMisfit(for: likelihood.support) else { return }
    let image = part.map { "\($0) image" } ?? "image"
    throw FormatError(
      file: name,
      problem:
        "\(image) \(misfit.image + 1), value \(misfit.position + 1): \(misfit.problem), for the "
        + "likelihood '\(likelihood.name)'. \(remedy(likelihood.support))")
  }

  private static func remedy(_ support: Support) -> String {
    let other = "or train with a likelihood of real numbers, as '--likelihood gaussian'."
    return switch support {
    case .unit: "Scale the data to [0, 1], \(other)"
    case .counts: "Give whole counts, \(other)"
    case .positive: "Shift the data above 0, \(other)"
    case .reals: "Replace what is infinite or no number."
    }
  }
}

/// The images to test a checkpoint on.
struct TestImages {
  var images: ImageSet
  var name: String
  /// How they are binarized.
  var rule: BinarizationRule
  /// What may be claimed of results on them.
  var notes: [String]
  /// Those on which active units are counted, where they are others.
  var activity: ImageSet?
}

extension ImageSet {
  /// At most so many of the first images; nil for none.
  func first(_ limit: Int) -> ImageSet? {
    limit > 0 ? (limit < count ? subset(0..<limit) : self) : nil
  }
}

/// How grey pixels become 0s and 1s.
struct BinarizationRule {
  /// What is left to do in each pass.
  var eachPass: Binarization
  /// The seed of draws that are made once.
  var fixedSeed: UInt64?

  static let names = ["none", "threshold", "sample", "fixed", "fixed:SEED"]

  /// - Returns: Nil where the text names none.
  init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    switch parts[0] {
    case "none" where parts.count == 1: eachPass = .none
    case "threshold" where parts.count == 1: eachPass = .threshold
    case "sample" where parts.count == 1: eachPass = .sample
    case "fixed":
      guard let seed = parts.count == 1 ? 0 : UInt64(parts[1]) else { return nil }
      (eachPass, fixedSeed) = (.none, seed)
    default: return nil
    }
  }
}

/// Images by the name of their set, or of a file or folder.
struct DataSource {
  let name: String
  let namedSet: NamedSet?
  private(set) var collection: ImageCollection

  /// Reads the images.
  init(_ name: String) throws {
    self.name = name
    namedSet = NamedSet.named(name)
    let limit = try DataOptions.limit()
    if let namedSet {
      collection = try namedSet.collection(in: DataOptions.folders, limit: limit)
      return
    }
    let file = name.lastIndex(of: "#").map { String(name[..<$0]) } ?? name
    guard [name, file].contains(where: { FileManager.default.fileExists(atPath: $0) }) else {
      let names = NamedSet.all.map(\.name)
      throw CommandError(
        message: "'\(name)' is neither a set nor a file.\(suggestion(for: name, among: names)) The "
          + "sets are \(names.joined(separator: ", ")).", code: .fileAccess)
    }
    collection = try ImageCollection(path: name, limit: limit)
  }

  /// The likelihood that a model of these images has unless told otherwise.
  var likelihood: Likelihood { namedSet?.likelihood ?? .bernoulli }

  /// The images as a model takes them: bytes scaled as its likelihood wants them, every value
  /// checked, and whatever a rule draws once drawn.
  func prepared(for model: Model, _ rule: BinarizationRule) throws -> DataSource {
    var result = self
    result.collection = collection.scaled(for: model.likelihood.support)
    let parts = result.collection.parts
    for (part, images) in parts {
      try DataOptions.check(images, model, name, part: parts.count > 1 ? part : nil)
    }
    if model.likelihood.isBinarized, let seed = rule.fixedSeed {
      result.collection = result.collection.binarized(seed: seed)
    }
    return result
  }

  func split(
    _ rule: Split.Rule, _ arguments: ParsedArguments
  ) throws -> Split {
    do throws(SplitError) {
      return try collection.split(
        rule, validation: namedSet?.validation ?? .share, released: namedSet?.released)
    } catch {
      if error.isOfImages { throw FormatError(file: name, problem: error.description) }
      throw arguments.error("'\(name)' cannot be divided as asked: \(error.description)")
    }
  }
}
