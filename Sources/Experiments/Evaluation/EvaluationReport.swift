import Compute
import Files
import Foundation
import IWAE

/// The result of evaluating a model: `evaluate --json` prints it and `evaluation.json` holds it.
public struct EvaluationReport: Codable, Hashable, Sendable {
  public var nll: Double
  /// Over images; nil for one image.
  @Nullable public var standardError: Double?
  public var samples: Int
  public var images: Int
  public var effectiveSampleSize: Double
  public var activeUnits: [Int]
  public var reconstruction: Double
  public var divergence: Double
  public var bound: Double
  /// With every inactive unit of the topmost layer cut off.
  public var nllActiveUnitsOnly: Double?
  /// Of the data's own density, where that is known.
  public var exactNll: Double?
  /// Of standardized data, what the NLL is in the data's own units; nil where nothing was standardized.
  public var nllInDataUnits: Double?
  /// Where they were asked for.
  public var certificate: Certificate?
  public var against: Separation?
  /// The updates that training had made: of a run those of its newest checkpoint, even where its best
  /// parameters are evaluated.
  public var step: Int?
  public var seconds: Double
  public var backend: String
  public var device: String

  /// The curves for TensorBoard.
  public var scalars: [(tag: String, value: Double)] {
    [
      ("test/nll", nll), ("test/effective_sample_size", effectiveSampleSize),
      ("test/reconstruction", reconstruction), ("test/divergence", divergence),
    ]
      + activeUnits.enumerated().map { ("test/active_units.\($0)", Double($1)) }
  }

  public var text: String {
    func number(_ value: Double) -> String { String(format: "%.2f", value) }
    var lines = [
      "NLL \(number(nll)) ± \(standardError.map(number) ?? "-") (L_\(samples) over "
        + "\(counted(images, "image")))",
      "bound \(number(bound)): reconstruction \(number(reconstruction)), divergence "
        + number(divergence),
      "active units \(activeUnits.map(String.init).joined(separator: " + ")), "
        + "effective samples \(String(format: "%.1f", effectiveSampleSize)) of \(samples)",
    ]
    if let nllInDataUnits {
      lines.append(
        "NLL in the data's own units \(number(nllInDataUnits)); all else is of standardized data")
    }
    if let nllActiveUnitsOnly {
      lines.append("NLL without inactive units \(number(nllActiveUnitsOnly))")
    }
    if let certificate { lines.append(certificate.text) }
    if let against { lines.append(onOneLine(against.text)) }
    if let exactNll { lines.append("NLL of the data's own density \(number(exactNll))") }
    lines.append("\(String(format: "%.1f", seconds)) s on \(device)")
    return lines.joined(separator: "\n")
  }
}

extension EvaluationReport {
  init(
    _ result: Evaluation, samples: Int, nllActiveUnitsOnly: Double?, exactNll: Double?,
    nllInDataUnits: Double?, seconds: Double, device: any Device
  ) {
    self.init(
      nll: result.nll, standardError: result.standardError, samples: samples,
      images: result.imageLogLikelihoods.count,
      effectiveSampleSize: result.effectiveSampleSize, activeUnits: result.activeUnits,
      reconstruction: result.reconstruction, divergence: result.divergence,
      bound: result.reconstruction - result.divergence, nllActiveUnitsOnly: nllActiveUnitsOnly,
      exactNll: exactNll, nllInDataUnits: nllInDataUnits, seconds: seconds,
      backend: device.backend, device: device.name)
  }
}

extension EvaluationReport {
  /// Reads an evaluation of a model; nil where a file holds none.
  init?(file: String, of model: Model) {
    guard let data = try? Files.read(file, atMost: Files.mostOfJSON),
      let report = try? JSONText.value(EvaluationReport.self, data), report.isUsable(for: model)
    else { return nil }
    self = report
  }

  /// Why no evaluation of any model says this; nil if one may.
  var problem: String? {
    func problem(_ name: String, _ count: Int, _ range: ClosedRange<Int>) -> String? {
      if range.contains(count) { return nil }
      return "'\(name)': expected a whole number from \(range.lowerBound) to \(range.upperBound), "
        + "found \(count)."
    }
    return problem("samples", samples, 1...1 << 30)
      ?? problem("images", images, 1...Int(Int32.max))
      ?? problem("step", step ?? 0, 0...Trainer.mostSteps)
      ?? activeUnits.compactMap { problem("active_units", $0, 0...1 << 20) }.first
  }

  /// True if an evaluation of a model may say this: a file may hold anything. The terms of the bound
  /// are infinite where a sample has no density.
  private func isUsable(for model: Model) -> Bool {
    let numbers = [nll, standardError, effectiveSampleSize].compactMap(\.self)
    return problem == nil && numbers.allSatisfy(\.isFinite)
      && (standardError == nil) == (images == 1)
      && activeUnits.count == model.encoder.count
      && zip(activeUnits, model.encoder).allSatisfy { (0...$1.latent).contains($0) }
  }
}

/// A number whose key stays in JSON where there is none, as null.
@propertyWrapper
public struct Nullable: Codable, Hashable, Sendable {
  public var wrappedValue: Double?

  public init(wrappedValue: Double?) { self.wrappedValue = wrappedValue }

  public init(from decoder: any Decoder) throws {
    wrappedValue = try decoder.singleValueContainer().decode(Double?.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(wrappedValue)
  }
}
