import Compute

extension ImageSet {
  /// The same images with other labels.
  ///
  /// - Parameter labels: The class of each image.
  public func labelled(_ labels: [Int]) -> ImageSet {
    precondition(labels.count == count)
    var result = self
    result.labels = labels
    return result
  }

  /// Why a model with so many classes cannot be told the images' labels; nil if it can.
  public func labelProblem(classes: Int) -> String? {
    guard let labels else {
      return "expected a label of each image, for the model is conditional; found none."
    }
    guard let index = labels.firstIndex(where: { !(0..<classes).contains($0) }) else { return nil }
    return "the label of image \(index + 1): expected a whole number from 0 to \(classes - 1), for "
      + "the model has \(classes) classes, found \(labels[index])."
  }
}

extension Model {
  /// Labels of some rows, `(rows, C)`, each a row with a single 1; nil where the model has none.
  func labels(rows: Int, _ role: Role) -> Tensor? {
    condition.map { Tensor("labels", .matrix(rows: rows, columns: $0), role) }
  }

  /// The values of labels, a row with a single 1 for each; none for a model without labels.
  ///
  /// - Parameters:
  ///   - labels: The class of each row.
  ///   - rows: The rows that want a label.
  public func labelRows(_ labels: [Int]?, rows: Int) throws(ProgramError) -> [UInt8] {
    guard let classes = condition else { return [] }
    guard let labels, labels.count == rows, labels.allSatisfy((0..<classes).contains) else {
      throw .invalid(
        operation: "model",
        problem: "it is conditional: expected \(rows) labels from 0 to \(classes - 1), found "
          + "\(labels.map { "\($0)" } ?? "none").")
    }
    return labels.flatMap { label in (0..<classes).map { $0 == label ? 1 : 0 } }
  }
}
