import Foundation
import IWAE
import Report

/// What a prior of several components is made of.
extension Look {
  func components() throws -> Result {
    let values = model.priorParameters.map { parameters[$0] ?? [] }
    switch model.prior.family {
    case "mixture": return try mixture(logits: values[0].map(Double.init), means: values[1])
    case "vamp": return try pseudoInputs(values[0])
    default: return .impossible("the prior '\(model.prior.name)' has no components.")
    }
  }

  /// The images of the components' means, the heaviest first.
  private func mixture(logits: [Double], means: [Float]) throws -> Result {
    let largest = logits.max() ?? 0
    let unscaled = logits.map { exp($0 - largest) }
    let total = unscaled.reduce(0, +)
    let weights = unscaled.map { $0 / total }
    let ranked = weights.indices.sorted { (weights[$1], $0) < (weights[$0], $1) }
    // A conditional model's have an image for each label.
    let shown = ranked.prefix(model.condition == nil ? 100 : 10)
    let each = Picture.classes(model) ?? 1
    let width = means.count / weights.count
    let images = try generator.images(
      ofTopmost: shown.flatMap { component in
        Array(repeating: Array(means[component * width..<(component + 1) * width]), count: each)
      }, labels: Picture.classes(model).map { classes in shown.flatMap { _ in 0..<classes } })
    let entropy = weights.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
    return try picture(
      "components", "The components of the prior",
      String(
        format: "What the decoder makes of the means of %d of %@, the heaviest first%@. Weights go "
          + "from %.2g to %.2g: they are worth %.1f equal ones.", shown.count,
        counted(weights.count, "component"),
        Picture.labelsText(model).map { ", a row each and a column for \($0)" } ?? "",
        weights[ranked[0]], weights[ranked[ranked.count - 1]], exp(entropy)),
      images, columns: each == 1 ? min(10, shown.count) : each,
      table: FigureTable(
        columns: ["component", "weight"],
        rows: ranked.map { [.number(Double($0 + 1)), .number(weights[$0])] }))
  }

  /// The inputs whose posteriors are the components of a VampPrior.
  private func pseudoInputs(_ inputs: [Float]) throws -> Result {
    let count = inputs.count / model.dataSize
    let shown = min(count, 100)
    let images = (0..<shown).map { component in
      inputs[component * model.dataSize..<(component + 1) * model.dataSize].map {
        1 / (1 + exp(-$0))
      }
    }
    return try picture(
      "components", "The inputs whose posteriors are the prior",
      "\(shown) of \(counted(count, "input")) of the prior, as the encoder sees them: all components "
        + "have one weight.", images, columns: min(10, shown))
  }
}
