import Datasets
import Files
import Foundation
import IWAE

/// Images by the name of their set, or of a file or folder.
public struct DataSource: Sendable {
  public let name: String
  public let namedSet: NamedSet?
  public private(set) var collection: ImageCollection
  /// The name of the source of the test images, where that is another.
  private var testName: String?
  /// True if it had test images of its own, where another's took their place.
  private var hadTest: Bool?
  /// The file of the images' labels, where that is another.
  private(set) var labelsName: String?
  /// The places where values of the training images were observed; nil for everywhere.
  private(set) var mask: Mask?

  /// Reads the images.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - folders: The folders of named sets' files.
  ///   - limit: The most bytes that an array of a file may take.
  public init(_ name: String, in folders: DataFolders, limit: Int = DataFile.standardLimit) throws {
    self.name = name
    namedSet = NamedSet.named(name)
    if let namedSet {
      collection = try namedSet.collection(in: folders, limit: limit)
      return
    }
    guard DataPath.isThere(name) else {
      let names = NamedSet.all.map(\.name)
      throw FileAccessError(
        "'\(name)' is neither a set nor a file.\(suggestion(for: name, among: names)) The sets are "
          + "\(names.joined(separator: ", ")). If a run's file was moved, name it with '--data'.")
    }
    collection = try ImageCollection(path: name, limit: limit)
  }

  /// Images of one's own, under a name.
  public init(_ name: String, _ collection: ImageCollection) {
    (self.name, namedSet, self.collection) = (name, nil, collection)
  }

  /// The same images, tested on those of another source: on its test part, or on all of them where
  /// nobody divided them.
  public func tested(on other: DataSource) -> DataSource {
    var result = self
    result.collection.test = other.collection.test ?? other.collection.training
    result.collection.notes += other.collection.notes.filter { !collection.notes.contains($0) }
    (result.testName, result.hadTest) = (other.name, isDivided)
    return result
  }

  /// True if the source itself says which images test.
  var isDivided: Bool { hadTest ?? (collection.test != nil) }

  /// The same images with the labels of a file.
  public func labelled(
    by path: String, limit: Int = DataFile.standardLimit
  ) throws -> DataSource {
    var result = self
    result.collection = try collection.labelled(by: path, limit: limit)
    result.labelsName = path
    return result
  }

  /// The same images without the values that a mask says are missing.
  ///
  /// - Parameters:
  ///   - mask: A file of the training images' form, or of all images' where nobody divided them: 1
  ///     where a value was observed, else 0.
  ///   - limit: The most bytes that an array of the file may take.
  public func masked(
    by mask: String, limit: Int = DataFile.standardLimit
  ) throws -> DataSource {
    var result = self
    result.mask = try Mask(mask, of: collection.training, "'\(name)'", limit: limit)
    return result
  }

  /// The likelihood that a model of these images has unless told otherwise.
  public var likelihood: Likelihood { namedSet?.likelihood ?? .bernoulli }

  /// The images as a model takes them: bytes scaled as its likelihood wants them, every value
  /// checked, and whatever a rule draws once drawn.
  public func prepared(
    for model: Model, _ rule: BinarizationRule
  ) throws(FormatError) -> DataSource {
    var result = self
    result.collection = collection.scaled(for: model.likelihood.support)
    if let mask {
      result.collection.training = try mask.applied(to: result.collection.training)
    }
    let parts = result.collection.parts
    for (part, images) in parts {
      let source = part == "test" ? testName ?? name : name
      let only = parts.count > 1 ? part : nil
      try images.check(for: model, source, part: only)
      try images.checkLabels(for: model, part == "test" ? source : labelsName ?? source, part: only)
    }
    if model.likelihood.isBinarized, let seed = rule.fixedSeed {
      result.collection = result.collection.binarized(seed: seed)
    }
    result.collection = result.collection.withOneKind
    return result
  }

  /// The error of data that are not those of a run any more.
  ///
  /// - Parameter isForNewRun: True if a new run was to have them, which may have others.
  func changed(_ difference: String, isForNewRun: Bool = false) -> FormatError {
    FormatError(
      file: name,
      problem:
        "the data changed: \(difference) when the run was trained. If its file was moved, name "
        + "it with '--data'."
        + (isForNewRun
          ? " To train on what is there now, name it again: with '--data', beside which '--labels' and "
            + "'--mask' have to be named too, or with '--test' where only the test images changed."
          : ""))
  }

  public func split(_ rule: Split.Rule) throws -> Split {
    do throws(SplitError) {
      return try collection.split(
        rule, validation: namedSet?.validation ?? .share, released: namedSet?.released)
    } catch {
      if error.isOfImages { throw FormatError(file: name, problem: error.description) }
      throw ConfigurationError("'\(name)' cannot be divided as asked: \(error.description)")
    }
  }
}

extension ImageSet {
  /// Checks that a model can be used with the images.
  ///
  /// - Parameters:
  ///   - name: The name of their source.
  ///   - part: The part of the data that they are, where it has several.
  public func check(
    for model: Model, _ name: String, part: String? = nil
  ) throws(FormatError) {
    guard width == model.dataSize else {
      throw FormatError(
        file: name, problem: "expected images of \(model.dataSize) values, found \(width).")
    }
    let likelihood = model.likelihood
    let image = part.map { "\($0) image" } ?? "image"
    if let index = firstWithoutValues {
      throw FormatError(
        file: name, problem: "\(image) \(index + 1): all of its values are missing. Leave it out.")
    }
    guard let misfit = firstMisfit(for: likelihood.support) else { return }
    throw FormatError(
      file: name,
      problem: "\(image) \(misfit.image + 1), value \(misfit.position + 1): \(misfit.problem), for "
        + "the likelihood '\(likelihood.name)'. \(Self.remedy(likelihood.support))")
  }

  /// Checks that a conditional model knows the images' labels.
  ///
  /// - Parameters:
  ///   - name: The name of the labels' source.
  ///   - part: The part of the data that the images are, where it has several.
  func checkLabels(
    for model: Model, _ name: String, part: String?
  ) throws(FormatError) {
    guard let classes = model.condition, let problem = labelProblem(classes: classes) else {
      return
    }
    let remedy =
      labels == nil
      ? " Give a file of labels with '--labels', or put them beside the images as 'y' beside 'X' in "
        + "an .npz file." : ""
    throw FormatError(
      file: name, problem: (part.map { "the \($0) images: " } ?? "") + problem + remedy)
  }

  private static func remedy(_ support: Support) -> String {
    let other = "or train with a likelihood of real numbers, as '--likelihood gaussian'."
    return switch support {
    case .unit: "Scale the data to [0, 1], \(other)"
    case .counts: "Give whole counts, \(other)"
    case .levels: "Give bytes, or levels over 255, \(other)"
    case .positive: "Shift the data above 0, \(other)"
    case .classes: "Give classes that count from 0, or train with more of them, \(other)"
    case .reals: "Replace what is infinite; NaN is a missing value."
    }
  }

  /// At most so many of the first images; nil for none.
  public func first(_ limit: Int) -> ImageSet? {
    limit > 0 ? (limit < count ? subset(0..<limit) : self) : nil
  }
}
