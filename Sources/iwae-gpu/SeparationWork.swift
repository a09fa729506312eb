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
    if let ratio, ratio.model.dataSize != stored.model.dataSize {
      throw FormatError(
        file: ratio.path,
        problem:
          "it is a model of images of \(ratio.model.dataSize) values; '\(stored.path)' is of "
          + "\(stored.model.dataSize), and only models of the same data have a ratio.")
    }
  }

  /// Evaluates the others, and both sets by the second model; nil if it was stopped.
  ///
  /// - Parameters:
  ///   - evaluation: That of the model's own images.
  ///   - tested: What it found.
  func run(
    _ evaluation: ModelEvaluation, _ tested: [CertifiedImage], on device: any Device,
    _ display: Display
  ) throws -> Separation? {
    var evaluation = evaluation
    let own = evaluation.images
    evaluation.activity = nil
    func values(_ images: ImageSet) throws -> [Double]? {
      var found: [Double] = []
      evaluation.images = images
      let report = try evaluation.run(on: device) {
        display.show($0.text)
      } observe: {
        found = $0.map(\.estimate)
      }
      return report == nil ? nil : found
    }
    let images = others.images.first(own.count) ?? others.images
    guard let found = try values(images) else { return nil }
    let logs = tested.map(\.estimate)
    var result = Separation(data: name, tested: logs, others: found)
    guard let ratio else { return result }
    (evaluation.model, evaluation.parameters) = (ratio.model, ratio.parameters)
    guard let ownRatio = try values(own), let otherRatio = try values(images) else { return nil }
    result.add(
      ratioTo: ratio.path, tested: zip(logs, ownRatio).map(-), others: zip(found, otherRatio).map(-)
    )
    return result
  }
}
