import Foundation
import IWAE

/// log p(x) of some images as a mean that is known to an error, however many samples that took.
public struct Certificate: Codable, Hashable, Sendable {
  /// Annealing from both sides on images that the model drew, where it is exact.
  public struct Simulated: Codable, Hashable, Sendable {
    public var images: Int
    public var temperatures: Int
    public var lower: Double
    public var upper: Double
    /// Of the distance of the two, over images.
    @Nullable public var standardError: Double?
  }

  /// The half of the interval's width that was asked for.
  public var asked: Double
  public var confidence = 0.95
  /// The mean over the images, the error of its estimate, and the interval that it makes.
  public var logLikelihood: Double
  @Nullable public var standardError: Double?
  @Nullable public var lower: Double?
  @Nullable public var upper: Double?
  /// The mean by which estimates were raised, half of their variances; the interval is wider by it on either
  /// side.
  public var bias = 0.0
  /// True if the interval is as narrow as was asked for, every image is known well enough for it, and single
  /// precision tells as little.
  public var isMet: Bool
  public var images: Int
  /// Those of which something is known; fewer where it was stopped.
  public var knownImages: Int
  /// Those that are not known well enough for the interval, those that were cut short, and those of which
  /// samples tell no error.
  public var unmetImages: Int
  public var cutShortImages: Int
  public var untoldImages: Int
  public var annealedImages: Int
  public var mostSamples: Int
  public var mostTemperatures: Int
  /// Of the encoder's samples, over the images where they tell it.
  @Nullable public var largestShape: Double?
  /// Nil where latents do not move or nothing can be drawn, and where it was stopped or time was up.
  public var simulated: Simulated?
  public var seconds: Double

  init(
    _ found: [CertifiedImage], of images: Int, asked: Double, isEnough: (CertifiedImage) -> Bool,
    seconds: Double
  ) {
    let count = Double(found.count)
    (self.asked, self.images, knownImages, self.seconds) = (asked, images, found.count, seconds)
    logLikelihood = found.reduce(0) { $0 + $1.estimate } / count
    unmetImages = found.count { !isEnough($0) }
    cutShortImages = found.count(where: \.isCutShort)
    untoldImages = found.count { !$0.hasError }
    annealedImages = found.count { $0.method == .annealing }
    mostSamples = found.filter { $0.method == .importance }.map(\.samples).max() ?? 0
    mostTemperatures = found.compactMap(\.temperatures).max() ?? 0
    largestShape = found.compactMap(\.shape).max()
    isMet = false
    // An image of which no error is known leaves that of the mean unknown.
    if let (_, error, raised) = found.meanErrorAndBias {
      (standardError, bias) = (error, raised)
      lower = logLikelihood - Certifier.deviations * error - bias
      upper = logLikelihood + Certifier.deviations * error + bias
    }
    isMet = found.count == images && unmetImages == 0 && isNarrow && hasDigits
  }

  /// True if the interval is as narrow as was asked for.
  private var isNarrow: Bool {
    guard let lower, let upper else { return false }
    return upper - lower <= 2 * asked
  }

  /// True if the digits of log-weights, which are of single precision, tell as little as was asked for.
  private var hasDigits: Bool { abs(logLikelihood) * Double(Float.ulpOfOne) < asked }

  public var text: String {
    func number(_ value: Double) -> String { String(format: "%.3f", value) }
    let whole =
      knownImages == images ? counted(images, "image") : "\(knownImages) of \(images) images"
    var lines: [String] = []
    if let lower, let upper {
      lines.append(
        "log p(x) \(number(logLikelihood)), between \(number(lower)) and \(number(upper)) at 95%, "
          + "over \(whole): \(isNarrow ? "within" : "wider than") the ± \(asked) that were asked for"
      )
    } else {
      lines.append(
        "log p(x) \(number(logLikelihood)) over \(whole), with an error that is not known")
    }
    lines.append(
      "\(counted(annealedImages, "image")) by annealing"
        + (annealedImages > 0 ? " with up to \(mostTemperatures) temperatures" : "")
        + ", \(knownImages - annealedImages) by samples of the encoder"
        + (mostSamples > 0 ? ", up to \(mostSamples) each" : "")
        + "; certified in \(readable(.seconds(seconds)))")
    if untoldImages > 0 {
      lines.append(
        "of \(counted(untoldImages, "image")) the largest weights count for too much to tell an error"
      )
    }
    if unmetImages > untoldImages {
      lines.append(
        "\(counted(unmetImages - untoldImages, "image")) not known well enough: with errors above half a nat "
          + "the interval may be too narrow")
    }
    if !hasDigits { lines.append("single precision does not tell ± \(asked) of so large a number") }
    if cutShortImages > 0, !isMet {
      lines.append(
        "time was up for \(counted(cutShortImages, "image")): a longer '--budget' spends more on them"
      )
    }
    if let simulated {
      let error = simulated.standardError.map { " ± \(number($0))" } ?? ""
      lines.append(
        "on \(counted(simulated.images, "image")) that the model drew, the same annealing from below and "
          + "from above: \(number(simulated.lower)) and \(number(simulated.upper)), "
          + "\(number(simulated.upper - simulated.lower))\(error) apart; exact there, and a diagnosis of "
          + "all else. On data, modes that no chain finds are missing")
    } else {
      lines.append(
        "no images were annealed from above (time was up, it was stopped, or the model cannot draw or move "
          + "latents): on data, modes that no chain finds are missing")
    }
    return lines.joined(separator: "\n")
  }
}
