import Compute
import Datasets
import IWAE

/// The images that a run works on.
public struct RunImages: Sendable {
  public let source: DataSource
  public let split: Split
  public let identity: DataIdentity

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
    let model = configuration.model
    let plain = try source.prepared(for: model, .none).split(configuration.split)
    identity = DataIdentity(plain)
    let isDrawn = model.likelihood.isBinarized && configuration.binarize.fixedSeed != nil
    let split =
      try isDrawn
      ? source.prepared(for: model, configuration.binarize).split(configuration.split) : plain
    self.split =
      configuration.standardize
      ? split.standardized(by: Standardization(of: split.training)) : split
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

  /// - Parameters:
  ///   - source: The images; their test part, if they have one.
  ///   - model: The model that is tested.
  ///   - rule: The rule by which they are binarized.
  ///   - standardization: The means and deviations that its training took out of the data; nil for none.
  ///   - isWhole: True to take them whole where nobody divided them.
  ///   - run: The run whose own data they are; nil for others.
  ///   - part: The part of data that are divided.
  public init(
    _ source: DataSource, for model: Model, _ rule: BinarizationRule,
    standardization: Standardization? = nil, isWhole: Bool, run: RunConfiguration?,
    part: DataPart = .test
  ) throws {
    if !isWhole, let run, let identity = run.identity {
      let found = DataIdentity.Part(
        try source.prepared(for: model, .none).split(run.split).test)
      let isOwn = (source.labelsName ?? "") == run.labels
      if let difference = identity.test.difference(of: found, "test", labelsCount: isOwn) {
        throw source.changed(difference)
      }
    }
    self.isWhole = isWhole
    var rule = rule
    if !model.likelihood.isBinarized { rule.eachPass = .none }
    let source = try source.prepared(for: model, rule)
    (name, self.rule, notes) = (source.name, rule, source.collection.notes)
    func standardized(_ images: ImageSet) -> ImageSet {
      standardization.map { images.standardized(by: $0) } ?? images
    }
    if isWhole {
      images = standardized(source.collection.test ?? source.collection.training)
      return
    }
    let split = try source.split(run?.split ?? .standard)
    switch part {
    case .training: images = standardized(split.training)
    case .validation:
      guard let validation = split.validation else {
        throw ConfigurationError("No images validate: '--split' left none. Choose another part.")
      }
      images = standardized(validation)
    case .test: images = standardized(split.test)
    }
    activity = split.training.first(run?.activityImages ?? 0).map(standardized)
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
    return result
  }
}

/// A part of data, by its use.
public enum DataPart: String, CaseIterable, Sendable {
  case training, validation, test
}
