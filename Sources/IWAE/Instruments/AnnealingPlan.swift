import Compute

/// The course of one image's annealing, as runs that are thrown away found it: how far the log-weight
/// spreads at some temperatures, and the step sizes there.
///
/// A schedule follows from it whose steps each lose as much of the effective number of samples: the
/// loss is the square of a step's length times the spread.
struct AnnealingPlan {
  /// The temperatures that are looked at, from 0 to 1, closer together where the start is left.
  static let grid: [Double] = {
    let last = 16
    return (0...last).map { index in
      let place = Double(index) / Double(last)
      return place * place
    }
  }()
  /// The transitions at each of them but the first, of which the last tell the spread.
  static let repetitions = 8
  static let tellingRepetitions = 5
  /// Those that bring step sizes from nowhere to where they belong.
  static let firstRepetitions = 16
  /// Further ones at the last, whose positions tell the posterior's moments.
  static let lastRepetitions = 12
  /// The transitions of all.
  static let transitions = firstRepetitions + (grid.count - 1) * repetitions + lastRepetitions

  /// The Gaussian that chains start from, for each layer.
  var start: [ImageGaussians] = []
  /// The standard deviation of log p(x, h) - log g(h) over chains, for each temperature of the grid.
  private(set) var spreads = [Double](repeating: 0, count: grid.count)
  /// The logarithms of step sizes, for each temperature of the grid.
  private(set) var logSteps = [Double](repeating: naturalLogarithm(0.5), count: grid.count)

  /// The samples that tell a spread: how many, and the sum of their squares about their own mean.
  private var freedom = 0.0
  private var squares = 0.0

  /// Takes log p(x, h) - log g(h) of all chains at a temperature of the grid.
  mutating func add(_ values: ArraySlice<Float>, at index: Int) {
    if index > 0, spreads[index] == 0 { (freedom, squares) = (0, 0) }
    let known = values.filter(\.isFinite).map(Double.init)
    guard known.count > 1 else { return }
    let mean = known.reduce(0, +) / Double(known.count)
    squares += known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    freedom += Double(known.count - 1)
    spreads[index] = (squares / freedom).squareRoot()
  }

  /// Follows the share of transitions that were accepted with the step size of a temperature.
  mutating func adapt(_ accepted: Double, to wanted: Double, at index: Int) {
    logSteps[index] += 0.4 * (accepted - wanted)
    logSteps[index] = min(logSteps[index], naturalLogarithm(Self.trajectory))
    // The next one begins there.
    for later in index..<logSteps.count { logSteps[later] = logSteps[index] }
  }

  /// The length of a trajectory. Around a standard normal density, a quarter of its period leads to where
  /// it knows least of its beginning; where the posterior is wider than the start it takes longer.
  static let trajectory = 1.5 * (Double.pi / 2)

  /// The size of a step at a temperature.
  func step(at temperature: Double) -> Double {
    let place = temperature.squareRoot() * Double(Self.grid.count - 1)
    let below = min(Int(place), Self.grid.count - 2)
    let share = place - Double(below)
    // At the first of the grid nothing moves.
    let low = logSteps[max(below, 1)]
    return exponential(low + share * (logSteps[below + 1] - low))
  }

  /// The temperatures from 0 to 1 of so many steps.
  func schedule(_ count: Int) -> [Double] {
    let grid = Self.grid
    // Some of the way is divided evenly, for spreads are estimates.
    let mean = spreads.reduce(0, +) / Double(spreads.count)
    let densities = spreads.map { mean > 0 ? $0 + 0.1 * mean : 1 }
    var reached = [0.0]
    for index in 1..<grid.count {
      let width = grid[index] - grid[index - 1]
      reached.append(
        reached[index - 1] + width * (densities[index - 1] + densities[index]) / 2)
    }
    var result = [0.0]
    var index = 1
    for number in 1..<max(count, 1) {
      let wanted = reached[grid.count - 1] * Double(number) / Double(count)
      while reached[index] < wanted { index += 1 }
      // Within an interval the density is a line, whose integral is a parabola.
      let width = grid[index] - grid[index - 1]
      let slope = (densities[index] - densities[index - 1]) / width
      let rest = wanted - reached[index - 1]
      let root = (densities[index - 1] * densities[index - 1] + 2 * slope * rest).squareRoot()
      let way = 2 * rest / (densities[index - 1] + root)
      result.append(max(result[number - 1], grid[index - 1] + min(way, width)))
    }
    return result + [1]
  }
}
