import Compute
import Datasets
import IWAE

/// The images that a run works on.
public struct RunImages: Sendable {
  public let source: DataSource
  public let split: Split
  public let identity: DataIdentity
  private let configuration: RunConfiguration

  /// Prepares, divides and standardizes the images as a configuration says.
  ///
  /// - Throws: `ConfigurationError` if they were read with another mask or other labels than it names.
  public init(_ source: DataSource, for configuration: RunConfiguration) throws {
    func name(_ file: String) -> String { file.isEmpty ? "none" : "'\(file)'" }
    for (flag, expected, found) in [
      ("--labels", configuration.labels, source.labelsName ?? ""),
      ("--mask", configuration.mask, source.mask?.file ?? ""),
    ] where DataPath.absolute(expected) != DataPath.absolute(found) {
      throw ConfigurationError(
        "The run's '\(flag)' is \(name(expected)), and the images of '\(source.name)' were read with "
          + "\(name(found)). Read them as the run says.")
    }
    self.source = source
    self.configuration = configuration
    let model = configuration.model
    let plain = try source.prepared(for: model, .none).split(configuration.split)
    identity = DataIdentity(plain, choice: configuration.choiceOfImages)
    let isDrawn = model.likelihood.isBinarized && configuration.binarize.fixedSeed != nil
    let split =
      try isDrawn
      ? source.prepared(for: model, configuration.binarize).split(configuration.split) : plain
    self.split =
      configuration.standardize
      ? split.standardized(by: Standardization(of: split.training)) : split
  }

  /// The images before anything is drawn or standardized, which are those of the identity.
  var plain: Split {
    get throws {
      try source.prepared(for: configuration.model, .none).split(configuration.split)
    }
  }
}

extension Split {
  fileprivate func standardized(by standardization: Standardization) -> Split {
    var result = self
    result.training = training.standardized(by: standardization)
    result.validation = validation?.standardized(by: standardization)
    result.test = test.standardized(by: standardization)
    return result
  }
}

/// The samples and images that a run is tested with.
public struct TestSettings: Codable, Hashable, Sendable {
  /// Samples of each image.
  public var samples: Int
  /// Only so many images; nil for all.
  public var limit: Int?

  public init(samples: Int = 5000, limit: Int? = nil) {
    (self.samples, self.limit) = (samples, limit)
  }

  /// Those of the test images that are tested.
  public func images(of split: Split) -> ImageSet {
    split.test.first(limit ?? split.test.count) ?? split.test
  }
}

/// The images to test a checkpoint on.
public struct TestImages: Sendable {
  public var images: ImageSet
  public var name: String
  /// The rule by which they are binarized.
  public var rule: BinarizationRule
  /// Remarks on the data that a reader of results needs.
  public var notes: [String]
  /// Those on which active units are counted, where they are others.
  public var activity: ImageSet?
  /// True if nobody divided them, so that a model's training may have been on these.
  public let isWhole: Bool
  /// True unless the model's run is known to be tested on these, with the values and labels that they have here.
  public private(set) var areOthers = true

  /// - Parameters:
  ///   - source: The images; their test part, if they have one.
  ///   - model: The model that is tested.
  ///   - rule: The rule by which they are binarized.
  ///   - standardization: The means and deviations that its training took out of the data; nil for none.
  ///   - isWhole: True to take them whole where nobody divided them.
  ///   - run: The run whose own data they are; nil for others.
  ///   - modelsRun: The model's run, where they are named anew: it may be tested on the same all the same.
  ///   - part: The part of data that are divided.
  ///   - countsUnits: True if active units are counted, which a run may do on training images.
  public init(
    _ source: DataSource, for model: Model, _ rule: BinarizationRule,
    standardization: Standardization? = nil, isWhole: Bool, run: RunConfiguration?,
    modelsRun: RunConfiguration? = nil, part: DataPart = .test, countsUnits: Bool = true
  ) throws {
    let isBinarized = model.likelihood.isBinarized
    let division = run?.split ?? .standard
    let plain = try source.prepared(for: model, .none)
    let plainSplit: Split? = try isWhole ? nil : plain.split(division)
    let hasOwnLabels = run.map { (source.labelsName ?? "") == $0.labels } ?? false
    if let run, let identity = run.identity, let plainSplit {
      let usesTraining = countsUnits && part != .training && run.activityImages > 0
      for used in usesTraining ? [part, .training] : [part] {
        if let difference = identity.difference(
          of: plainSplit, in: used, labelsCount: hasOwnLabels)
        {
          throw source.changed(difference)
        }
      }
    }
    self.isWhole = isWhole
    var rule = rule
    if !isBinarized { rule.eachPass = .none }
    let isDrawn = isBinarized && rule.fixedSeed != nil
    let drawn = try isDrawn ? source.prepared(for: model, rule) : plain
    let split = try isDrawn && !isWhole ? drawn.split(division) : plainSplit
    (name, self.rule, notes) = (source.name, rule, drawn.collection.notes)
    func standardized(_ images: ImageSet) -> ImageSet {
      standardization.map { images.standardized(by: $0) } ?? images
    }
    images = standardized(try split?.images(of: part) ?? drawn.collection.whole)
    if countsUnits {
      activity = split?.training.first(run?.activityImages ?? 0).map(standardized)
    }
    guard let tested = run ?? modelsRun, part == .test else { return }
    // Of a file that nobody divided, other pixels are drawn than of test images.
    let drawsOthers = isDrawn && isWhole && plain.collection.test == nil
    guard !drawsOthers, !isBinarized || rule == tested.binarize else { return }
    // Their digests were compared already.
    let isKnown = !isWhole && hasOwnLabels
    areOthers =
      !isKnown
      && tested.identity?.isTested(on: plainSplit?.test ?? plain.collection.whole) != true
  }

  /// The same images without the values that a mask says are missing.
  ///
  /// - Parameters:
  ///   - mask: A file of these images' form: 1 where a value was observed, else 0.
  ///   - limit: The most bytes that an array of the file may take.
  public func masked(by mask: String, limit: Int = DataFile.standardLimit) throws -> TestImages {
    var result = self
    result.images = try Mask(mask, of: images, "the images of '\(name)' to test on", limit: limit)
      .applied(to: images)
    result.areOthers = true
    return result
  }
}

extension ImageCollection {
  /// All images that there are to test on where nobody divided them.
  fileprivate var whole: ImageSet { test ?? training }
}

extension Split {
  /// The images of a part.
  fileprivate func images(of part: DataPart) throws(ConfigurationError) -> ImageSet {
    switch part {
    case .training: return training
    case .validation:
      guard let validation else {
        throw ConfigurationError("No images validate: '--split' left none. Choose another part.")
      }
      return validation
    case .test: return test
    }
  }
}

/// A part of data, by its use.
public enum DataPart: String, CaseIterable, Sendable {
  case training, validation, test
}
