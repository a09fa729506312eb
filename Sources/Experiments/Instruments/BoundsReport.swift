import Files
import Foundation
import IWAE
import Report

/// The result of a `BoundsMeasurement`.
public struct BoundsReport: Encodable, Sendable {
  public struct Point: Encodable, Sendable {
    public var samples: Int
    public var bound: UncertainValue
    public var jackknife: UncertainValue
  }

  /// The quality of one image's weights.
  public struct Image: Encodable, Sendable {
    public var effectiveSampleSize: Double
    /// Nil where it cannot be told.
    public var paretoShape: Double?
  }

  public var bounds: [Point]
  /// Nil with few samples, and where the weights are not to be trusted.
  public var extrapolation: UncertainValue?
  /// Nil with few samples, where the weights are not to be trusted, and where it errs by more than a nat.
  public var sumo: UncertainValue?
  /// The mean log of the data's own density over the same images, where it is known.
  public var exact: Double?
  public var effectiveSampleSize: Double
  public var paretoShape: Double?
  /// The share of images whose Pareto shape is above 0.7.
  public var untrustedImages: Double
  /// True if the weights of some images vary more than their samples show, so that standard errors are
  /// too small.
  public private(set) var errorsAreLowerLimits = false
  /// What is wrong with the estimates; nil if nothing is.
  public private(set) var warning: String?
  public var images: Int
  /// In the order of the test set.
  public var perImage: [Image]
  public var samples: Int
  public var seconds: Double
  /// The file of its figure; nil where none was kept.
  public var figure: String?
  public var device: String
}

extension BoundsReport {
  /// A row for each number of samples.
  public var table: ResultTable {
    var table = ResultTable(
      [
        .count("k", key: "samples", latex: "$k$"),
        .uncertain("L_k", key: "bound", decimals: 4, unit: "nats", latex: "$L_k$"),
        .uncertain("jackknife", key: "jackknife", decimals: 4, unit: "nats"),
      ],
      remark:
        "Means over \(counted(images, "image")); errors are standard errors over draws of the "
        + "samples.")
    for point in bounds {
      table.append(
        [.number(Double(point.samples)), point.bound.cell, point.jackknife.cell])
    }
    return table
  }

  /// The report for people.
  public var text: String {
    var lines = [table.text, ""]
    if let extrapolation {
      lines.append("Extrapolated to 1/k = 0: \(extrapolation.text(decimals: 4))")
      if isBelowLast(extrapolation) {
        lines.append(
          "Note: that is below L_\(samples), which is itself below log p(x) on average: the "
            + "bounds do not lie on a line in 1/k yet.")
      }
    }
    if let sumo { lines.append("SUMO: \(sumo.text(decimals: 4))") }
    if let exact {
      lines.append("The data's own density: \(String(format: "%.4f", exact))")
    }
    let shape = paretoShape.map { String(format: "%.2f", $0) } ?? "unknown"
    lines.append(
      "Effective samples \(String(format: "%.1f", effectiveSampleSize)) of "
        + "\(samples), Pareto shape \(shape), over \(counted(images, "image"))")
    if let warning { lines.append(warning) }
    lines.append(
      "Errors are over draws of the samples." + (figure.map { " Figure: \(onOneLine($0))" } ?? ""))
    return lines.joined(separator: "\n")
  }

  /// True if an extrapolation does not even reach the last bound, by more than its error.
  private func isBelowLast(_ extrapolation: UncertainValue) -> Bool {
    guard let last = bounds.last, let error = extrapolation.standardError else { return false }
    return extrapolation.mean + error < last.bound.mean
  }

  /// The shape above which weights are not to be trusted.
  static let largestShape = 0.7
  /// The share of such images above which nothing is extrapolated from all.
  private static let mostUntrusted = 0.05

  /// Withholds what cannot be told of such weights, and says so.
  fileprivate mutating func judge() {
    if let sumo, !(sumo.standardError.map { $0 <= 1 } ?? false) { self.sumo = nil }
    errorsAreLowerLimits = untrustedImages > 0
    guard errorsAreLowerLimits else { return }
    let isUntrusted =
      untrustedImages > Self.mostUntrusted
      || paretoShape.map { $0 > Self.largestShape } ?? true
    if isUntrusted { (extrapolation, sumo) = (nil, nil) }
    let worst = perImage.enumerated().compactMap { index, image in
      image.paretoShape.map { (index: index, shape: $0) }
    }.filter { $0.shape > Self.largestShape }.sorted { $0.shape > $1.shape }.prefix(5)
    warning =
      "Warning: the Pareto shape is above \(Self.largestShape) for "
      + "\(String(format: "%.0f", 100 * untrustedImages))% of the images, the most for "
      + worst.map { "number \($0.index + 1) (\(String(format: "%.2f", $0.shape)))" }
      .joined(separator: ", ")
      + ". Their estimates depend on few samples and are not to be trusted, and errors are lower limits"
      + (isUntrusted ? "; nothing is extrapolated. 'evaluate --certify' spends more on them." : ".")
  }

  /// The curve of the bounds.
  public func makeFigure() -> Figure {
    func curve(
      _ name: String, _ value: (BoundsReport.Point) -> UncertainValue
    ) -> LinePlot.Curve {
      LinePlot.Curve(
        name,
        bounds.map { point in
          let value = value(point)
          return .init(x: Double(point.samples), y: value.mean, error: value.standardError ?? 0)
        })
    }
    var levels: [LinePlot.Level] = []
    if let value = extrapolation {
      levels.append(.init(name: "extrapolated", y: value.mean, error: value.standardError ?? 0))
    }
    if let exact { levels.append(.init(name: "data's density", y: exact)) }
    return Figure(
      name: "bounds", title: "L_k over \(counted(images, "image"))", summary: summary,
      remark: warning,
      content: .lines(
        LinePlot(
          xLabel: "samples k", yLabel: "log p(x), nats",
          curves: [curve("L_k", \.bound), curve("jackknife", \.jackknife)], levels: levels)))
  }

  private var summary: String {
    let ends = [bounds.first, bounds.last].compactMap(\.self).map { point in
      "\(point.bound.text(decimals: 4)) with \(counted(point.samples, "sample"))"
    }
    let approached =
      extrapolation.map {
        isBelowLast($0) ? "" : ", and approaches \($0.text(decimals: 4))"
      } ?? ""
    return "The bound on the log-likelihood is \(ends.joined(separator: " and "))\(approached)."
  }
}

extension BoundsReport {
  init(
    _ curve: BoundCurve, exact: Double?, samples: Int, seconds: Double, device: String
  ) {
    let shapes = curve.paretoShapes.filter { !$0.isNaN }
    let images = curve.effectiveSampleSizes.count
    self.init(
      bounds: curve.points.map {
        .init(samples: $0.samples, bound: .init($0.bound), jackknife: .init($0.jackknife))
      },
      extrapolation: curve.extrapolation.map { .init($0) }, sumo: curve.sumo.map { .init($0) },
      exact: exact,
      effectiveSampleSize: curve.effectiveSampleSizes.reduce(0, +) / Double(images),
      paretoShape: shapes.isEmpty ? nil : shapes.reduce(0, +) / Double(shapes.count),
      untrustedImages: Double(shapes.count { $0 > Self.largestShape }) / Double(images),
      images: images,
      perImage: zip(curve.effectiveSampleSizes, curve.paretoShapes).map {
        .init(effectiveSampleSize: $0, paretoShape: $1.isNaN ? nil : $1)
      },
      samples: samples, seconds: seconds, device: device)
    judge()
  }
}
