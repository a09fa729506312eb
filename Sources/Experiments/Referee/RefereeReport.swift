import Compute
import Files
import Foundation
import IWAE

/// The result of a `Referee`.
public struct RefereeReport: Encodable, Sendable {
  /// A bound of some number of samples, over the images.
  public struct Bound: Encodable, Sendable {
    public var samples: Int
    public var nll: Double
    /// Over draws of the samples; that over images is the report's.
    public var standardError: Double
    /// True if weights are averaged that vary more than their samples show, so that the error is too small.
    public var errorIsLowerLimit: Bool
  }

  /// What was judged, in words.
  public var model: String
  public var bounds: [Bound]
  /// The share of images whose Pareto shape is above 0.7.
  public var untrustedImages: Double
  public var nll: Double
  /// Of the NLL over images; nil for one image.
  @Nullable public var standardError: Double?
  public var reconstruction: Double
  public var divergence: Double
  public var activeUnits: [Int]
  public var effectiveSampleSize: Double
  public var certificate: Certificate?
  public var claim: ClaimReport?
  public var training: TrainingCheck.Report?
  /// What no look at a model can tell, and what was taken for granted.
  public var notes: [String]
  public var samples: Int
  public var images: Int
  public var seconds = 0.0
  public var backend: String
  public var device: String
  /// True if it was stopped before its end.
  public internal(set) var isStopped = false

  init(
    _ referee: Referee, _ figures: WeightFigures, _ evaluation: Evaluation, device: any Device
  ) {
    (samples, images) = (referee.samples, evaluation.imageLogLikelihoods.count)
    model = referee.subject.model.words
    let sizes = WeightFigures.sizes(referee.samples).filter {
      [1, 50, referee.samples].contains($0)
    }
    bounds = sizes.compactMap { size in
      figures.mean(.bound(size)).map {
        // Of single samples the logarithms are averaged.
        Bound(
          samples: size, nll: -$0.value, standardError: $0.error,
          errorIsLowerLimit: size > 1 && figures.untrustedImages > 0)
      }
    }
    untrustedImages = Double(figures.untrustedImages) / Double(images)
    (nll, standardError) = (evaluation.nll, evaluation.standardError)
    (reconstruction, divergence) = (evaluation.reconstruction, evaluation.divergence)
    (activeUnits, effectiveSampleSize) = (evaluation.activeUnits, evaluation.effectiveSampleSize)
    (backend, self.device) = (device.backend, device.name)
    notes = referee.notes + Self.untold(referee)
  }

  /// What the model cannot show.
  private static func untold(_ referee: Referee) -> [String] {
    var notes: [String] = []
    if referee.claim != nil {
      notes.append(
        "no model shows whether it was chosen on the images that test it, or whether seeds were set after "
          + "it was built")
    }
    if let training = referee.training, training.groups == training.samples, training.groups > 1 {
      notes.append(
        "with as many groups as samples, weights normalised over the wrong axis are the same objective"
      )
    }
    return notes
  }

  /// The end of a sentence about errors.
  private var limit: String {
    guard untrustedImages > 0 else { return "." }
    let share = String(format: "%.0f", 100 * untrustedImages)
    return
      "; of bounds with more than one sample they are lower limits, for the Pareto shape is above "
      + "\(BoundsReport.largestShape) for \(share)% of the images."
  }

  /// A row for each bound, and one for the certificate.
  public var table: ResultTable {
    var table = ResultTable(
      [
        .text("estimate", key: "estimate"),
        .uncertain("NLL", key: "nll", decimals: 3, unit: "nats"),
      ],
      remark:
        "Means over \(counted(images, "image")); errors are standard errors over draws of the "
        + "samples\(limit)")
    for bound in bounds {
      table.append([
        .text("L_\(bound.samples)"), .uncertain(bound.nll, error: bound.standardError),
      ])
    }
    if let certificate {
      table.append([
        .text("certificate"),
        .uncertain(-certificate.logLikelihood, error: certificate.standardError),
      ])
    }
    return table
  }

  public var text: String {
    func number(_ value: Double) -> String { String(format: "%.2f", value) }
    var lines = ["model: \(model)", "", table.text, ""]
    lines.append(
      "reconstruction \(number(reconstruction)), divergence \(number(divergence)), active units "
        + activeUnits.map(String.init).joined(separator: " + "))
    lines.append(
      "NLL over the images varies so that their mean has an error of "
        + "\(standardError.map(number) ?? "-")")
    if let certificate {
      // Nothing is kept to go on from.
      lines.append(certificate.text.replacing(", and the same command goes on", with: ""))
    }
    if let claim { lines += ["", claim.text] }
    if let training { lines += ["", training.text] }
    if !notes.isEmpty { lines += [""] + notes.map { "Note: \(onOneLine(sentence($0)))" } }
    lines.append("\(String(format: "%.1f", seconds)) s on \(device)")
    return lines.joined(separator: "\n")
  }
}

extension TrainingCheck.Report {
  var text: String {
    var table = ResultTable(
      [
        .text("encoder's gradient", key: "gradient"),
        .uncertain("mean^2 / its noise^2", key: "squared_ratio", decimals: 2),
      ])
    for row in [own] + mistakes {
      table.append([
        .text(row.name),
        row.squaredRatio.map { ResultTable.Cell.uncertain($0, error: row.standardError) }
          ?? ResultTable.Cell.none,
      ])
    }
    return
      "trained on \(objective) (M = \(groups), K = \(samples)), by \(counted(images, "image")) of "
      + "\(source) in \(batches) batches:\n\(table.text)\n\(verdict)"
  }
}

extension Model {
  /// The model in a line.
  var words: String {
    let layers = encoder.map {
      ($0.hidden.map(String.init).joined(separator: ",")) + ":\($0.latent)"
    }
    let units = hiddenKind == .dense ? "\(activation)" : "\(hiddenKind) \(activation)"
    return "\(dataSize) values, layers \(layers.joined(separator: "/")), \(units), likelihood "
      + "\(likelihood), prior \(prior)"
  }
}
