/// A number as a paper gives it.
public struct Published: Encodable, Sendable {
  public var value: Double
  /// The standard deviation over its runs, where it is given.
  public var spread: Double?
  /// True if it was not read from the paper but from somebody's reproduction of it.
  public var isTranscribed = false
  /// True if the paper's model is not ours: its number is shown, and judges nothing.
  public var isOfOtherModel = false

  public init(_ value: Double, _ spread: Double? = nil, isTranscribed: Bool = false) {
    (self.value, self.spread, self.isTranscribed) = (value, spread, isTranscribed)
  }
}

/// Burda, Grosse and Salakhutdinov, Importance Weighted Autoencoders (ICLR 2016): the NLL, as
/// -L_5000 on the test set, and the active units of each layer. No spread is given.
public struct BurdaTable: Sendable {
  public struct Entry: Sendable {
    public var nll: Double
    /// None in the table of fixed binarization.
    public var activeUnits: [Int]?

    public init(_ nll: Double, _ activeUnits: Int...) {
      self.nll = nll
      self.activeUnits = activeUnits.isEmpty ? nil : activeUnits
    }
  }

  public static let samples = [1, 5, 50]
  /// By the number of stochastic layers and the objective: an entry for each number of samples.
  private var entries: [Int: [String: [Entry]]]

  public func entry(layers: Int, objective: String, samples: Int) -> Entry? {
    guard let column = Self.samples.firstIndex(of: samples) else { return nil }
    return entries[layers]?[objective]?[column]
  }

  /// The table of a set; nil where the paper has none.
  public static func of(data: String, isFixed: Bool) -> BurdaTable? {
    switch (data, isFixed) {
    case ("mnist", false): mnist
    case ("omniglot", false): omniglot
    case ("mnist", true), ("binarized-mnist", _): fixedMNIST
    default: nil
    }
  }

  /// Table 1: pixels binarized afresh.
  private static let mnist = BurdaTable(entries: [
    1: [
      "vae": [Entry(86.76, 19), Entry(86.47, 20), Entry(86.35, 20)],
      "iwae": [Entry(86.76, 19), Entry(85.54, 22), Entry(84.78, 25)],
    ],
    2: [
      "vae": [Entry(85.33, 16, 5), Entry(85.01, 17, 5), Entry(84.78, 17, 5)],
      "iwae": [Entry(85.33, 16, 5), Entry(83.89, 21, 5), Entry(82.90, 26, 7)],
    ],
  ])

  /// Table 1: pixels binarized afresh.
  private static let omniglot = BurdaTable(entries: [
    1: [
      "vae": [Entry(108.11, 28), Entry(107.62, 28), Entry(107.80, 28)],
      "iwae": [Entry(108.11, 28), Entry(106.12, 34), Entry(104.67, 41)],
    ],
    2: [
      "vae": [Entry(107.58, 28, 4), Entry(106.31, 30, 5), Entry(106.30, 30, 5)],
      "iwae": [Entry(107.56, 30, 5), Entry(104.79, 38, 6), Entry(103.38, 44, 7)],
    ],
  ])

  /// The table of fixed binarization.
  private static let fixedMNIST = BurdaTable(entries: [
    1: [
      "vae": [Entry(88.71), Entry(88.83), Entry(89.05)],
      "iwae": [Entry(88.71), Entry(87.63), Entry(87.10)],
    ],
    2: [
      "vae": [Entry(88.08), Entry(87.63), Entry(87.86)],
      "iwae": [Entry(88.08), Entry(86.17), Entry(85.32)],
    ],
  ])
}

/// Rainforth et al., Tighter Variational Bounds are Not Necessarily Better (ICML 2018): MNIST with
/// M x K = 64, means and standard deviations over 4 runs. All of it was transcribed from
/// reproductions of the paper.
public struct RainforthEntry: Sendable {
  public var title: String
  public var objective: String
  public var groups: Int
  public var samples: Int
  public var beta = 0.5
  /// L_64.
  public var bound: Published?
  /// log p(x), estimated with 5000 samples.
  public var likelihood: Published
  /// -KL(Q to P): the bound minus the estimate.
  public var divergence: Published?

  public static let all: [RainforthEntry] = [
    .init(title: "IWAE", "iwae", 1, 64, (-86.11, 0.10), (-84.52, 0.02), (-1.59, 0.10)),
    .init(title: "PIWAE (8,8)", "piwae", 8, 8, (-85.74, 0.07), (-84.46, 0.06), (-1.28, 0.09)),
    .init(title: "MIWAE (8,8)", "miwae", 8, 8, (-85.69, 0.04), (-84.97, 0.10), (-0.72, 0.11)),
    // The estimate alone, from other reproductions, without a spread.
    .init(title: "MIWAE (4,16)", "miwae", 4, 16, likelihood: -84.56),
    .init(title: "CIWAE 0.5", "ciwae", 1, 64, (-86.08, 0.08), (-85.24, 0.08), (-0.84, 0.11)),
    // The estimate alone, from other reproductions, without a spread.
    .init(title: "CIWAE 0.05", "ciwae", 1, 64, beta: 0.05, likelihood: -84.57),
    .init(title: "VAE", "vae", 1, 64, (-86.69, 0.08), (-86.21, 0.19), (-0.47, 0.20)),
  ]

  private typealias Value = (mean: Double, spread: Double)

  private init(
    title: String, _ objective: String, _ groups: Int, _ samples: Int, _ bound: Value,
    _ likelihood: Value, _ divergence: Value
  ) {
    self.init(
      title: title, objective, groups, samples,
      likelihood: Published(likelihood.mean, likelihood.spread, isTranscribed: true))
    self.bound = Published(bound.mean, bound.spread, isTranscribed: true)
    self.divergence = Published(divergence.mean, divergence.spread, isTranscribed: true)
  }

  private init(
    title: String, _ objective: String, _ groups: Int, _ samples: Int, beta: Double = 0.5,
    likelihood: Double
  ) {
    self.init(
      title: title, objective, groups, samples, beta: beta,
      likelihood: Published(likelihood, isTranscribed: true))
  }

  private init(
    title: String, _ objective: String, _ groups: Int, _ samples: Int, beta: Double = 0.5,
    likelihood: Published
  ) {
    (self.title, self.objective) = (title, objective)
    (self.groups, self.samples, self.beta) = (groups, samples, beta)
    self.likelihood = likelihood
  }
}
