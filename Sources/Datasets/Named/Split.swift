import IWAE

/// Images for training, validation and testing.
public struct Split: Sendable {
  public var training: ImageSet
  public var validation: ImageSet?
  public var test: ImageSet

  /// The part of the training images that is held out for validation.
  public enum Validation: Hashable, Sendable {
    /// A tenth of all.
    case share
    /// So many of the last, as the released IWAE code does.
    case last(Int)
    /// So many of the last in the order of NumPy's generator, as the released IWAE code does.
    case shuffled(Int, seed: UInt32)
  }

  /// A division of the images that a user may ask for.
  public enum Rule: Hashable, Sendable {
    /// The set's own.
    case standard
    /// Everything that does not test trains.
    case full
    /// That of the released IWAE code.
    case released
    /// So many of the last training images validate.
    case count(Int)

    /// - Returns: Nil where the text is none of them.
    public init?(_ text: String) {
      switch text {
      case "standard": self = .standard
      case "full": self = .full
      case "released": self = .released
      default:
        guard let count = Int(text), (1...1 << 30).contains(count) else { return nil }
        self = .count(count)
      }
    }
  }
}

/// Why images could not be divided as asked.
public struct SplitError: Error, Sendable, CustomStringConvertible {
  public var description: String
  /// True if the images are at fault, and not what was asked of them.
  public var isOfImages = false
}

extension ImageCollection {
  /// Divides the images. What a source divides stays divided; where it has no test part, the last
  /// tenth tests.
  ///
  /// - Parameters:
  ///   - rule: The division that the user asked for.
  ///   - held: The part that the set holds out for validation.
  ///   - released: The part that the released IWAE code holds out; nil for a set it does not know.
  public func split(
    _ rule: Split.Rule = .standard, validation held: Split.Validation = .share,
    released: Split.Validation? = nil
  ) throws(SplitError) -> Split {
    let all = training.count
    guard all >= 3 else {
      throw SplitError(
        description: "expected at least 3 images, found \(all).", isOfImages: true)
    }
    if let misfit = misfit(comparingLevels: true) {
      throw SplitError(description: misfit, isOfImages: true)
    }
    var rest = training
    let testing: ImageSet
    if let test {
      testing = test
    } else {
      let first = all - max(1, all / 10)
      testing = training.subset(first..<all)
      rest = training.subset(0..<first)
    }
    switch rule {
    case .full:
      return Split(
        training: validation.map(rest.appending) ?? rest, validation: nil, test: testing)
    case .released where released == nil:
      throw SplitError(
        description: "the released IWAE code has no split of these images; it has one of mnist, "
          + "omniglot and binarized-mnist.")
    case .standard, .released:
      if let validation { return Split(training: rest, validation: validation, test: testing) }
      let rule = rule == .released ? released ?? held : held
      return try Self.hold(out: rule, of: rest, share: max(1, all / 10), testing)
    case .count(let count):
      return try Self.hold(
        out: .last(count), of: validation.map(rest.appending) ?? rest, share: count, testing)
    }
  }

  private static func hold(
    out held: Split.Validation, of images: ImageSet, share: Int, _ test: ImageSet
  ) throws(SplitError) -> Split {
    var images = images
    let count: Int
    switch held {
    case .share: count = share
    case .last(let last): count = last
    case .shuffled(let last, let seed):
      count = last
      images = images.subset(NumPyPermutation.order(images.count, seed: seed))
    }
    guard count < images.count else {
      throw SplitError(
        description: "\(count) validation images leave none of \(images.count) to train on.")
    }
    let first = images.count - count
    return Split(
      training: images.subset(0..<first), validation: images.subset(first..<images.count),
      test: test)
  }
}
