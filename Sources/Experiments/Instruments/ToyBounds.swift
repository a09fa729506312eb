import Foundation
import IWAE

/// The bias of the log of a mean, on weights that are 0.2 or 1.8 with equal chance: their mean is 1, so
/// what E[log of the mean of k] lacks to 0 is the bias alone.
public enum ToyBounds {
  private static let points = (0.2, 1.8)

  /// E[log of the mean of k weights], summed over how many of them are the larger.
  public static func bound(_ k: Int) -> Double {
    var chance = -Double(k) * log(2.0)
    var sum = 0.0
    for larger in 0...k {
      let mean = (Double(larger) * points.1 + Double(k - larger) * points.0) / Double(k)
      sum += Foundation.exp(chance) * log(mean)
      // From the logarithm of one binomial coefficient to the next.
      chance += log(Double(k - larger)) - log(Double(larger + 1))
    }
    return sum
  }

  /// The table of `bounds --toy`.
  public static var report: ToyReport {
    ToyReport(
      bounds: [1, 2, 5, 10, 20, 50, 100, 1000].map {
        .init(samples: $0, bound: bound($0), firstOrder: -0.64 / (2 * Double($0)))
      })
  }
}

/// The bias by the number of weights.
public struct ToyReport: Encodable, Sendable {
  struct Row: Encodable {
    var samples: Int
    var bound: Double
    /// -Var(w) / (2 k E[w]^2).
    var firstOrder: Double
  }

  var bounds: [Row]

  /// A row for each number of weights.
  public var table: ResultTable {
    var table = ResultTable([
      .count("k", key: "samples", latex: "$k$"),
      .number("E[log of the mean of k]", key: "bound", decimals: 6),
      .number("-Var/(2k)", key: "first_order", decimals: 6, latex: "$-\\mathrm{Var}/(2k)$"),
    ])
    for row in bounds {
      table.append([.number(Double(row.samples)), .number(row.bound), .number(row.firstOrder)])
    }
    return table
  }

  /// The report for people.
  public var text: String {
    "Weights 0.2 and 1.8 with equal chance: log E[w] = 0, E[log w] = "
      + String(format: "%.6f", ToyBounds.bound(1)) + ".\n\n" + table.text
  }
}
