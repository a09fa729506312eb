/// The annealing of one image, with ever more of what helps.
struct AnnealingEffort {
  let plan: AnnealingPlan
  var temperatures: Int
  /// The runs that come next, and the chains that were run with as many temperatures.
  var runs = 1
  var weights: [Double] = []
  /// The error with half of the temperatures.
  var formerError: Double?
  /// True once as much is done again with other chains, whose result counts: that of those which chose
  /// where to stop is on average too good.
  var confirms = false
  var isConfirmed: Bool { confirms && !weights.isEmpty }
  /// The number of the first chain that confirms.
  static let confirming = 1 << 24

  init(plan: AnnealingPlan, temperatures: Int) {
    (self.plan, self.temperatures) = (plan, temperatures)
  }

  /// Doubles what helped last, the temperatures or the chains; false where that would be too much.
  mutating func enlarge(_ error: Double?, chains: Int, most: Int) -> Bool {
    guard 2 * temperatures * weights.count <= most else { return false }
    // The error that few chains tell is at most 1, and no less where one weighs more than all others.
    let isTold = error.map { $0 < 0.5 } ?? false
    let helped = !isTold || formerError.map { (error ?? .infinity) < 0.9 * $0 } ?? true
    if weights.count == chains, helped {
      (formerError, weights) = (error, [])
      temperatures *= 2
    } else {
      runs = weights.count / chains
    }
    return true
  }

  mutating func confirm(chains: Int) {
    runs = max(1, weights.count / chains)
    (weights, confirms) = ([], true)
  }
}
