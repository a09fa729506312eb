import Compute
import Foundation
import IWAE
import Report

/// A model, and the test images that it is looked at through.
public struct Look {
  /// A figure, or why there is none.
  public enum Result {
    case drawn(Figure)
    case impossible(String)
  }

  /// Every figure, by its name.
  public static var figures: [(name: String, draw: (Look) throws -> Result)] {
    [
      ("samples", { try $0.samples() }), ("reconstructions", { try $0.reconstructions() }),
      ("interpolations", { try $0.interpolations() }), ("active-units", { try $0.activeUnits() }),
      ("latents", { try $0.latents() }), ("log-weights", { try $0.logWeights() }),
      ("posterior", { try $0.posterior() }), ("components", { try $0.components() }),
    ]
  }

  let model: Model
  let parameters: [Tensor: [Float]]
  let images: ImageSet
  let binarization: Binarization
  let seed: UInt64
  let count: Int
  let width: Int
  public let device: any Device

  /// - Parameters:
  ///   - subject: The model and all its test images.
  ///   - images: The images behind the units, the latents and the weights.
  ///   - width: The width of an image.
  ///   - device: The device that computes what figures show.
  public init(_ subject: Subject, images: Int = 1000, width: Int, on device: any Device) {
    (model, parameters, self.images) = (subject.model, subject.parameters, subject.images)
    (binarization, seed) = (subject.binarization, subject.seed)
    count = min(images, subject.images.count)
    (self.width, self.device) = (width, device)
  }

  var generator: Generator { Generator(model, parameters: parameters, device: device) }

  /// The first test images, as the likelihood takes them.
  func originals(_ count: Int) -> [[Float]] {
    (0..<min(count, images.count)).map { images.evaluated($0, binarization, seed: seed) }
  }

  /// Their classes, where there are any.
  func firstLabels(_ count: Int) -> [Int]? { images.labels.map { Array($0.prefix(count)) } }

  // MARK: Images

  /// A figure of images as the model sees them.
  func picture(
    _ name: String, _ title: String, _ summary: String, _ pictures: [[Float]], columns: Int,
    table: FigureTable? = nil
  ) throws -> Result {
    let grid = Picture(
      images: pictures, columns: columns, of: model, images.standardization
    ).grid(width: width)
    let png = try grid.png()
    return .drawn(
      Figure(
        name: name, title: title, summary: summary,
        content: .picture(
          PictureFigure(png: png, width: grid.width, height: grid.height, table: table))))
  }

  private func samples() throws -> Result {
    let labels = Picture.labels(model, columns: 10)
    let count = labels?.count ?? 100
    return try picture(
      "samples", "Images drawn from the model",
      "\(count) images, their pixels as expected"
        + (Picture.labelsText(model).map { ": a row for \($0)." } ?? "."),
      try generator.samples(count: count, seed: seed, labels: labels), columns: 10)
  }

  private func reconstructions() throws -> Result {
    let originals = originals(20)
    let columns = min(10, originals.count)
    let made = try generator.reconstructions(of: originals, labels: firstLabels(originals.count))
    return try picture(
      "reconstructions", "Test images, and what the model makes of them",
      "Rows of \(columns) test images by turns with their reconstructions.",
      Picture.pairs(originals, made, columns: columns), columns: columns)
  }

  private func interpolations() throws -> Result {
    let (pairs, steps) = (6, 8)
    let originals = originals(2 * pairs)
    guard originals.count >= 2 else { return .impossible("two test images are needed.") }
    let width = model.encoder[0].latent
    let labels = firstLabels(originals.count)
    let means = try generator.encode(originals, labels: labels, seed: nil).latents[0]
    func mean(_ image: Int) -> ArraySlice<Float> { means[image * width..<(image + 1) * width] }
    let ends = stride(from: 0, to: originals.count - 1, by: 2)
    let latents = ends.flatMap { first in
      (0..<steps).map { step in
        let share = Float(step) / Float(steps - 1)
        return zip(mean(first), mean(first + 1)).map { (1 - share) * $0 + share * $1 }
      }
    }
    // Half of the way has the first image's label, the other half the second one's.
    let told = labels.map { labels in
      ends.flatMap { first in
        (0..<steps).map { labels[first + (2 * $0 < steps ? 0 : 1)] }
      }
    }
    let decoded = try generator.images(ofLatents: latents, labels: told)
    let rows = ends.enumerated().flatMap { row, first in
      [originals[first]] + decoded[row * steps..<(row + 1) * steps] + [originals[first + 1]]
    }
    return try picture(
      "interpolations", "From one test image to another",
      "In each row the first and the last image are test images; between them are decoded points of "
        + "the straight line between their latents' means.", rows, columns: steps + 2)
  }

  // MARK: Latents

  private func evaluation(
    _ images: ImageSet, samples: Int, observe: ((LogWeights) -> Void)? = nil
  ) throws -> Evaluation? {
    try Evaluator(
      model, parameters: parameters, images: images, device: device, samples: samples,
      binarization: binarization, seed: seed
    ).evaluate(observe: observe)
  }

  private func activeUnits() throws -> Result {
    guard count >= 2 else { return .impossible("a variance over images needs at least 2 of them.") }
    guard let found = try evaluation(images.subset(0..<count), samples: 50) else {
      return .impossible("the evaluation was stopped.")
    }
    let total = found.unitVariances.map(\.count)
    let active = zip(found.activeUnits, total).map { "\($0) of \($1)" }
    let isAlone = total.count == 1
    // The units of each layer, the most active first.
    let ranked = found.unitVariances.map { variances in
      variances.indices.sorted { (variances[$1], $0) < (variances[$0], $1) }
    }
    let groups = zip(found.unitVariances, ranked).enumerated().map { layer, found in
      BarPlot.Group(
        name: "layer \(layer + 1)", values: found.1.map { found.0[$0] },
        labels: isAlone ? nil : found.1.map { "unit \($0 + 1)" })
    }
    return .drawn(
      Figure(
        name: "active-units", title: "How much each latent unit says of the data",
        summary: "\(active.joined(separator: " and ")) units are active over \(count) images: the "
          + "variance of their posterior mean is above \(Evaluation.activityThreshold). The most "
          + "active come first.",
        content: .bars(
          BarPlot(
            xLabel: isAlone ? "unit" : "rank", yLabel: "Var E[h|x]", groups: groups,
            labels: isAlone
              ? ranked[0].map { "\($0 + 1)" } : (0..<(total.max() ?? 0)).map { "\($0 + 1)" },
            threshold: Evaluation.activityThreshold, yIsLogarithmic: true))))
  }

  private func latents() throws -> Result {
    let width = model.encoder[0].latent
    guard width >= 2 else { return .impossible("the lowest layer has one latent unit.") }
    let means = try generator.encode(originals(count), labels: firstLabels(count), seed: nil)
      .latents[0]
    func values(_ unit: Int) -> [Double] {
      stride(from: unit, to: means.count, by: width).map { Double(means[$0]) }
    }
    let spreads = (0..<width).map { unit -> Double in
      let values = values(unit)
      let mean = values.reduce(0, +) / Double(values.count)
      return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }
    let units = (0..<width).sorted { (spreads[$1], $0) < (spreads[$0], $1) }.prefix(2)
    let (x, y) = (values(units[0]), values(units[1]))
    let labels =
      images.labels?.prefix(count).map { "\($0)" } ?? Array(repeating: "image", count: count)
    let classes = Dictionary(grouping: 0..<count) { labels[$0] }
    let series = classes.sorted { $0.key.localizedStandardCompare($1.key) == .orderedAscending }
      .map { name, members in
        ScatterPlot.Series(name: name, points: members.map { .init(x: x[$0], y: y[$0]) })
      }
    return .drawn(
      Figure(
        name: "latents", title: "Where \(count) test images lie",
        summary: "The posterior means of the two most active of \(width) latent units"
          + (images.labels == nil ? "." : ", by label."),
        content: .scatter(
          ScatterPlot(
            xLabel: "unit \(units[0] + 1)", yLabel: "unit \(units[1] + 1)", series: series,
            hasEqualAxes: true))))
  }

  private func logWeights() throws -> Result {
    let samples = 1000
    let shown = min(count, 100)
    var relative: [Double] = []
    let found = try evaluation(images.subset(0..<shown), samples: samples) { weights in
      relative += weights.relativeToMean
    }
    relative.sort()
    guard let found, let high = relative.last, let least = relative.first, least.isFinite else {
      return .impossible("a log-weight is not finite.")
    }
    // A hundredth may trail far behind: all of it counts in the first bar.
    let low = relative[relative.count / 100]
    let bins = 40
    let size = max(high - low, 1e-9) / Double(bins)
    var counts = [Double](repeating: 0, count: bins)
    for value in relative {
      counts[min(Int(max((value - low) / size, 0)), bins - 1)] += 1
    }
    return .drawn(
      Figure(
        name: "log-weights", title: "How the log-weights of an image spread",
        summary: String(
          format: "%d samples of each of %@, from %.1f to %.1f nats around the log of their "
            + "image's mean weight; on average they are worth %.1f equal ones. The first bar holds "
            + "all below it.", samples, counted(shown, "image"), least, high,
          found.effectiveSampleSize),
        content: .bars(
          BarPlot(
            xLabel: "log w - log mean w, nats", yLabel: "samples",
            groups: [.init(name: "samples", values: counts)],
            labels: (0..<bins).map { String(format: "%.1f", low + (Double($0) + 0.5) * size) },
            bins: .init(low: low, high: low + Double(bins) * size)))))
  }
}
