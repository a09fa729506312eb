import Foundation
import IWAE

/// A value with its standard error, as `--json` prints it.
public struct UncertainValue: Encodable, Hashable, Sendable {
  public var mean: Double
  /// Nil where nothing tells it.
  public var standardError: Double?

  init(mean: Double, standardError: Double?) {
    self.mean = mean
    self.standardError = standardError.flatMap { $0.isNaN ? nil : $0 }
  }

  /// A mean over images; its error is over draws of the samples.
  init(_ value: BoundMean) { self.init(mean: value.mean, standardError: value.standardError) }

  var cell: ResultTable.Cell { .uncertain(mean, error: standardError) }

  /// Without an error where none is known.
  public func text(decimals: Int) -> String {
    let mean = String(format: "%.\(decimals)f", mean)
    return standardError.map { mean + String(format: " ± %.\(decimals)f", $0) } ?? mean
  }
}
