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
    /// The mean over samples and images of log p(x|h), and the variance of that of one sample of each.
    var reconstruction: Double
    var reconstructionVariance: Double?
    var model: Model
    /// Of one image's log-likelihood, over draws of its grey pixels; 0 where nothing is drawn.
    var redrawVariance: Double
    var images: Int
    var samples: Int

    /// The error of a mean's distance from that of an evaluation with samples and pixels of its own.
    ///
    /// - Parameters:
    ///   - sampling: The error of the mean, over draws of the samples.
    ///   - groups: The groups of samples of an image that it is over; the other's is one.
    ///   - images: The images; nil for all.
    func distanceError(_ sampling: Double, groups: Int, images: Int? = nil) -> Double {
      let squares = sampling * sampling * Double(1 + groups)
      return (squares + 2 * redrawVariance / Double(images ?? self.images)).squareRoot()
    }

    /// The mean of a quantity, and the error of its distance from another evaluation's.
    func mean(_ quantity: WeightFigures.Quantity) -> (value: Double, error: Double) {
      let (value, sampling) = figures.mean(quantity) ?? (.nan, .nan)
      return (value, distanceError(sampling, groups: figures.groups(quantity)))
    }

    /// The error over draws of samples and pixels of one evaluation's bound with all samples.
    var boundError: Double {
      let sampling = figures.mean(.bound(samples))?.error ?? .nan
      return (sampling * sampling + redrawVariance / Double(images)).squareRoot()
    }
  }

  /// A number that would be reported.
  struct Figure: Sendable {
    /// What sets it apart from the mistake's others, as "k = 50"; empty for the only one.
    var detail: String
    var number: Double
    /// Of its distance from what another evaluation with the same mistake reports.
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
      guard let variance = evaluated.reconstructionVariance else { return [] }
      // Of one sample of each image: the other's evaluation may have drawn no more.
      let error = evaluated.distanceError(
        (variance / Double(evaluated.samples)).squareRoot(), groups: evaluated.samples)
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
      name: "last batch",
      explanation: "the last batch alone, not the mean over all (many sizes of batches are tried, "
        + "of which one may fit by chance)"
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
          error: evaluated.distanceError(sampling, groups: 1, images: images))
      }
    },
  ]
}
