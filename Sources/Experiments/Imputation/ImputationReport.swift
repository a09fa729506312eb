import Files
import Foundation
import IWAE

/// The result of an imputation, but for the images: `impute --json` prints it.
public struct ImputationReport: Encodable, Hashable, Sendable {
  public var images: Int
  /// The values that were missing.
  public var missing: Int
  public var samples: Int
  /// Completed copies; 0 for the means.
  public var draws: Int
  /// The mean over images; nil where nothing was missing.
  public var effectiveSampleSize: Double?
  /// Nil where the truth is not known.
  public var truth: ImputationError?
  public var seconds = 0.0
  public var backend: String
  public var device: String
  /// The file that has the images.
  public var out: String?

  public var text: String {
    var lines: [String] = []
    let place = out.map { " in \(onOneLine($0))" } ?? ""
    if let effectiveSampleSize {
      let what = draws > 0 ? counted(draws, "draw") : "means"
      lines.append(
        "\(counted(missing, "missing value")) of \(counted(images, "image")): \(what)\(place)")
      lines.append(
        "effective samples \(String(format: "%.1f", effectiveSampleSize)) of \(samples)")
    } else {
      lines.append("No values are missing: \(counted(images, "image")), unchanged,\(place)")
    }
    if let truth { lines += truth.lines }
    lines.append("\(String(format: "%.1f", seconds)) s on \(device)")
    return lines.joined(separator: "\n")
  }
}

extension ImputationError {
  fileprivate var lines: [String] {
    func number(_ value: Double?) -> String { value.map { String(format: "%.4f", $0) } ?? "-" }
    // Classes have no mean.
    let usual = model.rmse == nil ? "most frequent class" : "mean of observed values"
    var table = TextTable(
      ["against the truth", isStandardized ? "RMSE in deviations" : "RMSE", "accuracy", "F1"],
      rightAligned: [1, 2, 3])
    for (name, measures) in [("the model", model), (usual, marginalMean)] {
      table.append([
        name, number(measures.rmse), number(measures.accuracy), number(measures.f1),
      ])
    }
    return [
      table.text,
      "log p of \(counted(values, "held-out value")) given the observed ones: "
        + String(format: "%.3f nats an image", heldOutLogLikelihood),
    ]
  }
}
