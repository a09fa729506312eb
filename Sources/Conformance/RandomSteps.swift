import Compute
import IWAE

/// Training steps of models that are put together at random: any prior, posterior, likelihood, layers,
/// objective and estimator that go together, in sizes below and above a strip of 16.
public enum RandomSteps {
  /// So many steps, each of its own seed.
  public static func cases(
    count: Int, seed: UInt64 = CaseTable.defaultSeed
  ) -> [ConformanceCase] {
    (0..<count).map { number in
      var generator = Choices(seed: seed, number: number)
      let table = CaseTable(seed: seed)
      return generator.step(number, table)
    }
  }
}

/// Choices from a seed.
private struct Choices {
  private let address: NoiseAddress
  private var next = 0

  init(seed: UInt64, number: Int) {
    address = NoiseAddress(seed: seed, purpose: .data, time: 0xc0de, image: UInt32(number))
  }

  private mutating func choose(_ range: ClosedRange<Int>) -> Int {
    next += 1
    return range.lowerBound + Int(address.word(column: next) % UInt32(range.count))
  }

  private mutating func choose<T>(_ values: [T]) -> T { values[choose(0...values.count - 1)] }

  private mutating func sizes(_ counts: ClosedRange<Int>) -> [Int] {
    (0..<choose(counts)).map { _ in choose([2, 3, 5, 9, 16, 18]) }
  }

  mutating func step(_ number: Int, _ table: CaseTable) -> ConformanceCase {
    let model = model()
    let others = [.elbo(freeBits: 0.2), .tvo(RiemannSum(side: .right))].map {
      GradientEstimator($0)
    }
    let all = GradientEstimator.all(beta: 0.3, alpha: 0.4) + others
    let fits = all.filter { $0.fits(model) }
    let estimator = choose(fits)
    let least = estimator.objective.leastSamples
    return table.step(
      "random \(number): \(model.summary)", model, batch: choose(1...3), groups: choose(1...3),
      samples: choose(least...9), estimator.objective, estimator: estimator.estimator,
      hasMissing: choose(0...3) == 0, isRandom: true)
  }

  /// A model; those of parts that do not go together are thrown away.
  private mutating func model() -> Model {
    while true {
      let layers = choose([1, 1, 2, 3])
      let isBinary = choose(0...9) == 0
      let encoder = (0..<layers).map { layer in
        Model.EncoderLayer(
          hidden: sizes(0...2), latent: choose([1, 2, 3, 5, 7, 16, 19]),
          posterior: isBinary && layer == layers - 1 ? .bernoulli : posterior())
      }
      let model = Model(
        dataSize: choose([3, 4, 7, 12, 17]), activation: choose(Model.activations),
        hiddenKind: choose(HiddenKind.all), likelihood: likelihood(), encoder: encoder,
        decoder: (0..<layers).map { _ in .init(hidden: sizes(0...2)) },
        prior: isBinary ? .bernoulli : prior(), condition: choose(0...3) == 0 ? choose(2...4) : nil)
      if model.problem == nil { return model }
    }
  }

  private mutating func posterior() -> Posterior {
    let flow = Posterior.flow(
      steps: choose([1, 2, 3, 17]), hidden: sizes(0...1), context: choose([0, 0, 1, 3, 16]))
    return choose([.gaussian, .gaussian, .full, flow, StepModels.logistic])
  }

  private mutating func prior() -> Prior {
    let flow = Prior.flow(steps: choose([1, 2, 3, 17]), hidden: sizes(0...1))
    return choose([
      .standardNormal, .standardNormal, .mixture(choose(1...6)), .vamp(choose(1...6)), flow,
      StepModels.student,
    ])
  }

  private mutating func likelihood() -> Likelihood {
    choose([
      .bernoulli, StepModels.laplace, .gaussian, .gaussianShared, .gaussian(sigma: 0.5), .logistic,
      .poisson,
      .negativeBinomial, .continuousBernoulli, .categorical(choose(2...5)),
    ])
  }
}

extension GradientEstimator {
  /// True if a model has such gradients.
  fileprivate func fits(_ model: Model) -> Bool {
    let rule = objective.rule(groups: 1, samples: 4, estimator: estimator)
    return (rule.path.isZero || model.obstacleToPath == nil)
      && (!objective.isClosedForm || model.hasGaussians)
  }
}

extension Model {
  fileprivate var summary: String {
    let posteriors = encoder.map(\.posterior.name).joined(separator: "/")
    return "\(posteriors) \(prior) \(likelihood) \(hiddenKind.name)"
      + (condition.map { " condition \($0)" } ?? "")
  }
}
