import Compute

/// Seeded random formulas whose values and derivatives are mostly finite and of moderate size
/// where the variables lie between about 0.3 and 2.
struct RandomFormulas {
  private var random: SplitMix

  init(seed: UInt64) { random = SplitMix(state: seed) }

  /// A formula of a few to a few dozen nodes.
  mutating func next(variables: [String]) -> Formula {
    anything(variables, depth: Int.random(in: 2...5, using: &random))
  }

  /// A number between two others.
  mutating func number(in range: ClosedRange<Double>) -> Double {
    Double.random(in: range, using: &random)
  }

  private mutating func anything(_ names: [String], depth: Int) -> Formula {
    if depth == 0 { return leaf(names) }
    let below = depth - 1
    switch Int.random(in: 0..<16, using: &random) {
    case 0: return anything(names, depth: below) + anything(names, depth: below)
    case 1: return anything(names, depth: below) - anything(names, depth: below)
    case 2: return anything(names, depth: below) * anything(names, depth: below)
    case 3: return anything(names, depth: below) / positive(names, depth: below)
    case 4: return -anything(names, depth: below)
    case 5: return .log(positive(names, depth: below))
    case 6: return .lgamma(positive(names, depth: below))
    case 7: return .expm1(bounded(names, depth: below))
    case 8: return anything(names, depth: below).power(2)
    case 9: return choice(names, depth: below)
    case 10: return .min(anything(names, depth: below), anything(names, depth: below))
    case 11: return .max(anything(names, depth: below), anything(names, depth: below))
    case 12, 13: return positive(names, depth: below)
    default: return bounded(names, depth: below)
    }
  }

  private mutating func choice(_ names: [String], depth: Int) -> Formula {
    .where(
      .less(anything(names, depth: depth), anything(names, depth: depth)),
      anything(names, depth: depth), anything(names, depth: depth))
  }

  /// A formula that is above 0 wherever it is finite, but for `abs`, which may touch it.
  private mutating func positive(_ names: [String], depth: Int) -> Formula {
    if depth == 0 { return .variable(names.randomElement(using: &random)!) }
    let below = depth - 1
    switch Int.random(in: 0..<10, using: &random) {
    case 0: return .exp(bounded(names, depth: below))
    case 1: return .softplus(anything(names, depth: below))
    case 2: return .sqrt(positive(names, depth: below))
    case 3: return 1 + anything(names, depth: below).power(2)
    case 4: return positive(names, depth: below) + positive(names, depth: below)
    case 5: return positive(names, depth: below) * positive(names, depth: below)
    case 6: return (0.5 + positive(names, depth: below)).power(bounded(names, depth: below))
    case 7: return positive(names, depth: below).power(Formula(exponent()))
    case 8: return .abs(anything(names, depth: below))
    default: return 0.5 + .sigmoid(anything(names, depth: below))
    }
  }

  /// A formula with values of a few units at most.
  private mutating func bounded(_ names: [String], depth: Int) -> Formula {
    if depth == 0 { return leaf(names) }
    let below = depth - 1
    switch Int.random(in: 0..<7, using: &random) {
    case 0: return .tanh(anything(names, depth: below))
    case 1: return .sigmoid(anything(names, depth: below))
    case 2: return .sign(anything(names, depth: below))
    case 3: return .less(anything(names, depth: below), anything(names, depth: below))
    case 4: return .log1p(.sigmoid(anything(names, depth: below)))
    case 5: return bounded(names, depth: below) - bounded(names, depth: below)
    default: return bounded(names, depth: below) * bounded(names, depth: below)
    }
  }

  private mutating func leaf(_ names: [String]) -> Formula {
    if Int.random(in: 0..<4, using: &random) > 0 {
      return .variable(names.randomElement(using: &random)!)
    }
    if Bool.random(using: &random) {
      return Formula(Double(Int.random(in: -3...3, using: &random)))
    }
    return Formula(Double.random(in: -2...2, using: &random))
  }

  private mutating func exponent() -> Double {
    [-2, -1, -0.5, 0, 0.5, 1.5, 3].randomElement(using: &random)!
  }
}

/// Steele, Lea and Flood's generator: a counter, mixed.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
