import Foundation
import IWAE

/// The bias of the log of a mean, on weights that are 0.2 or 1.8 with equal chance: their mean is 1, so
/// what E[log of the mean of k] lacks to 0 is the bias alone.
enum ToyBounds {
  private struct Row: Encodable {
    var samples: Int
    var bound: Double
    /// -Var(w) / (2 k E[w]^2).
    var firstOrder: Double
  }

  private static let points = (0.2, 1.8)

  /// E[log of the mean of k weights], summed over how many of them are the larger.
  static func bound(_ k: Int) -> Double {
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

  static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
    let rows = [1, 2, 5, 10, 20, 50, 100, 1000].map {
      Row(samples: $0, bound: bound($0), firstOrder: -0.64 / (2 * Double($0)))
    }
    if arguments.has("--json") {
      try terminal.json(["bounds": rows])
      return .done
    }
    var table = TextTable(["k", "E[log of the mean of k]", "-Var/(2k)"], rightAligned: [0, 1, 2])
    for row in rows {
      table.append([
        "\(row.samples)", String(format: "%.6f", row.bound), String(format: "%.6f", row.firstOrder),
      ])
    }
    try terminal.output(
      "Weights 0.2 and 1.8 with equal chance: log E[w] = 0, E[log w] = "
        + String(format: "%.6f", bound(1)) + ".\n\n" + table.text)
    return .done
  }
}
