import Foundation
import IWAE

/// A way to report another number than the log-likelihood, which has been published.
struct ReportingMistake: Sendable {
  let name: String
  let explanation: String
  /// What it reports, from the log-weights of the model as it is; nil where it reports nothing else.
  let figures: @Sendable (Evaluated) -> [Figure]

  /// What is known of the model as it is.
  struct Evaluated: Sendable {
    var figures: WeightFigures
    /// Means over samples and images of log p(x|h) and of log q(h|x) - log p(h).
    var reconstruction: Double
    var divergence: Double
    var model: Model
    /// Of one image's log-likelihood, over draws of its grey pixels; 0 where nothing is drawn.
    var redrawVariance: Double
    var images: Int
    var samples: Int

    /// The error of a mean over images.
    func error(_ sampling: Double, images: Int? = nil) -> Double {
      (sampling * sampling + redrawVariance / Double(images ?? self.images)).squareRoot()
    }

    /// The mean of a quantity, with all of its error.
    func mean(_ quantity: WeightFigures.Quantity) -> (value: Double, error: Double) {
      let (value, sampling) = figures.mean(quantity) ?? (.nan, .nan)
      return (value, error(sampling))
    }
  }

  /// A number that would be reported.
  struct Figure: Sendable {
    /// What sets it apart from the mistake's others, as "k = 50"; empty for the only one.
    var detail: String
    var number: Double
    var error: Double
  }

  /// A figure for each number of samples.
  private static func each(
    _ evaluated: Evaluated, from least: Int = 2, _ number: (Int) -> (value: Double, error: Double)
  ) -> [Figure] {
    WeightFigures.sizes(evaluated.samples).filter { $0 >= least }.map { size in
      let (value, error) = number(size)
      return Figure(detail: "k = \(size)", number: value, error: error)
    }
  }

  /// A row for each, the likelier ones first.
  static let all = [
    ReportingMistake(
      name: "bound",
      explanation: "a bound of few samples, the ELBO with one, reported as the log-likelihood"
    ) { evaluated in
      WeightFigures.sizes(evaluated.samples).dropLast().map { size in
        let (value, error) = evaluated.mean(.bound(size))
        return Figure(detail: "k = \(size)", number: -value, error: error)
      }
    },
    ReportingMistake(
      name: "weighted mean",
      explanation: "the sum of normalised weights times log-weights, reported as the bound"
    ) { evaluated in
      each(evaluated) { size in
        let (value, error) = evaluated.mean(.weighted(size))
        return (-value, error)
      }
    },
    ReportingMistake(
      name: "sum",
      explanation: "the log of the sum of weights, not of their mean: the number of samples "
        + "is ignored"
    ) { evaluated in
      each(evaluated) { size in
        let (value, error) = evaluated.mean(.bound(size))
        return (-value - log(Double(size)), error)
      }
    },
    ReportingMistake(name: "sign", explanation: "the log-likelihood itself, not negated") {
      evaluated in
      let (value, error) = evaluated.mean(.bound(evaluated.samples))
      return [Figure(detail: "", number: value, error: error)]
    },
    ReportingMistake(
      name: "no divergence", explanation: "the reconstruction alone: the divergence is left out"
    ) { evaluated in
      // One sample's spread bounds its error, which is not kept apart.
      let error = evaluated.mean(.bound(1)).error
      return [Figure(detail: "", number: -evaluated.reconstruction, error: error)]
    },
    ReportingMistake(
      name: "pixel mean", explanation: "a mean over the values of an image, not their sum"
    ) { evaluated in
      let (value, error) = evaluated.mean(.bound(evaluated.samples))
      let size = Double(evaluated.model.dataSize)
      return [
        Figure(detail: "nats", number: -value / size, error: error / size),
        Figure(detail: "bits", number: -value / size / log(2), error: error / size / log(2)),
      ]
    },
    ReportingMistake(name: "bits", explanation: "bits reported as nats") { evaluated in
      let (value, error) = evaluated.mean(.bound(evaluated.samples))
      return [Figure(detail: "", number: -value / log(2), error: error / log(2))]
    },
    ReportingMistake(
      name: "constant",
      explanation: "half of log 2 pi of each value left out of the Gaussian density"
    ) { evaluated in
      guard evaluated.model.likelihood.family == "gaussian" else { return [] }
      let (value, error) = evaluated.mean(.bound(evaluated.samples))
      let constant = 0.5 * log(2 * Double.pi) * Double(evaluated.model.dataSize)
      return [Figure(detail: "", number: -value - constant, error: error)]
    },
    ReportingMistake(
      name: "last batch", explanation: "the last batch alone, not the mean over all"
    ) { evaluated in
      var counts: Set<Int> = []
      return [20, 32, 50, 64, 100, 128, 200, 250, 256, 500, 1000].compactMap { size in
        let images = evaluated.images % size == 0 ? size : evaluated.images % size
        guard counts.insert(images).inserted,
          let (value, sampling) = evaluated.figures.lastMean(
            .bound(evaluated.samples), images: images)
        else { return nil }
        return Figure(
          detail: "batches of \(size)", number: -value,
          error: evaluated.error(sampling, images: images))
      }
    },
  ]
}
