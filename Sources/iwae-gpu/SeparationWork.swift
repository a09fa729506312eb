import Commands
import Compute
import Experiments
import Files
import IWAE

/// The images that a model's are told from, as a command line names them, and a second model.
struct SeparationWork {
  static let options = [
    Command.Option(
      "--against", "name|file",
      help: "Other images, which log p(x) is to tell from these: a set, a file or a folder."),
    Command.Option(
      "--ratio", "checkpoint",
      help: "Tell them also by log p(x) less that of this checkpoint or run, a model of all that "
        + "both have in common."),
  ]

  private let others: TestImages
  private let name: String
  private let ratio: StoredModel?

  /// Nil where none are named.
  init?(_ arguments: ParsedArguments, _ stored: StoredModel, _ display: Display) throws {
    let path = arguments.string("--ratio")
    guard let name = arguments.string("--against") else {
      if path != nil {
        throw arguments.error(
          "'--ratio' tells images from those of '--against', which is not given.")
      }
      return nil
    }
    self.name = name
    others = try DataOptions.test(arguments.replacing("--data", with: name), stored)
    display.note(others.notes)
    ratio = try path.map { try StoredModel($0) }
    if let ratio, let obstacle = Self.obstacle(to: ratio, stored) {
      throw FormatError(file: ratio.path, problem: obstacle)
    }
  }

  /// Why log p(x) of a model less that of another says nothing; nil if it may.
  private static func obstacle(to ratio: StoredModel, _ stored: StoredModel) -> String? {
    let (other, own) = (ratio.model, stored.model)
    if other.dataSize != own.dataSize {
      return "it is a model of images of \(other.dataSize) values; '\(stored.path)' is of "
        + "\(own.dataSize), and only models of the same data have a ratio."
    }
    if other.likelihood.support != own.likelihood.support
      || other.likelihood.isBinarized != own.likelihood.isBinarized
    {
      return "its likelihood is '\(other.likelihood.name)' and that of '\(stored.path)' is "
        + "'\(own.likelihood.name)': only two of the same values, both probabilities or both "
        + "densities, have a ratio."
    }
    if other.condition != own.condition {
      func text(_ condition: Int?) -> String { condition.map { "\($0) classes" } ?? "none" }
      return "it is conditional on \(text(other.condition)) and '\(stored.path)' on "
        + "\(text(own.condition)): only models that are told the same have a ratio."
    }
    if ratio.standardization != stored.standardization {
      return
        "its data were standardized by other means and deviations than those of '\(stored.path)', or "
        + "one of the two was not: only densities in the same units have a ratio. Train both with "
        + "'--standardize' on the same images, or both without."
    }
    return nil
  }

  /// The findings, over all and image by image.
  struct Found {
    var separation: Separation
    var others: ImageResults.Part
    /// log p(x) of the tested images less that of the second model; nil where there is none.
    var ratios: [Double]?
  }

  /// Evaluates the others, and both sets by the second model; nil if it was stopped.
  ///
  /// - Parameters:
  ///   - evaluation: That of the model's own images.
  ///   - tested: What it found.
  ///   - findsShapes: True to find the Pareto shapes of the others.
  func run(
    _ evaluation: ModelEvaluation, _ tested: [CertifiedImage], findsShapes: Bool,
    on device: any Device, _ display: Display
  ) throws -> Found? {
    var evaluation = evaluation
    let own = evaluation.images
    (evaluation.activity, evaluation.findsShapes) = (nil, findsShapes)
    func evaluate(_ images: ImageSet) throws -> [CertifiedImage]? {
      var found: [CertifiedImage] = []
      evaluation.images = images
      let report = try evaluation.run(on: device) {
        display.show($0.text)
      } observe: {
        found = $0
      }
      return report == nil ? nil : found
    }
    let images = others.images.first(own.count) ?? others.images
    guard let found = try evaluate(images) else { return nil }
    let (logs, otherLogs) = (tested.map(\.estimate), found.map(\.estimate))
    var result = Found(
      separation: Separation(data: name, tested: logs, others: otherLogs),
      others: ImageResults.Part(found))
    guard let ratio else { return result }
    (evaluation.model, evaluation.parameters) = (ratio.model, ratio.parameters)
    evaluation.findsShapes = false
    guard let ownRatio = try evaluate(own), let otherRatio = try evaluate(images) else {
      return nil
    }
    let ratios = zip(logs, ownRatio).map { $0 - $1.estimate }
    let otherRatios = zip(otherLogs, otherRatio).map { $0 - $1.estimate }
    result.separation.add(ratioTo: ratio.path, tested: ratios, others: otherRatios)
    result.ratios = ratios
    result.others.ratios = otherRatios
    return result
  }
}
