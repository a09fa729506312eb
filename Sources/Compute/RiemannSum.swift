import Foundation

/// The integral over b from 0 to 1 of `eta(b)`, the mean of log w under weights `softmax(b * log w)`, as
/// a sum: the thermodynamic variational objective (Masrani, Le and Wood 2019).
///
/// Samples whose weight is 0 have none at any b, and the sum falls by the logarithm of the others' share.
///
/// Its points are 0 and, evenly in their logarithms, those from the first to 1.
public struct RiemannSum: Hashable, Sendable {
  /// The end of each interval at which eta is taken: eta rises, so that the left ones give a lower bound.
  public enum Side: String, Hashable, Sendable, CaseIterable { case left, right }

  public var intervals: Int
  /// The first point after 0; of a single interval, that is 1.
  public var first: Float
  public var side: Side

  public init(intervals: Int = 5, first: Float = 0.08, side: Side = .left) {
    self.intervals = intervals
    self.first = first
    self.side = side
  }

  /// The logarithm of a point less that of the next.
  public var logStep: Double {
    intervals == 1 ? 0 : log(Double(first)) / Double(intervals - 1)
  }

  /// The points at which eta is taken, each with the width of its interval.
  public var terms: [(point: Double, width: Double)] {
    let points = [0] + (1...intervals).map { exp(Double(intervals - $0) * logStep) }
    return zip(points, points.dropFirst()).map { (side == .left ? $0 : $1, $1 - $0) }
  }

  /// The reason why it is no sum; nil if it is one.
  var problem: String? {
    if intervals < 1 { return "expected at least one interval, found \(intervals)." }
    return first > 0 && first < 1
      ? nil : "expected a first point between 0 and 1, found \(first)."
  }
}
