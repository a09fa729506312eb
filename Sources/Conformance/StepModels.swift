import Compute
import IWAE

/// Models of whole steps.
enum StepModels {
  /// One layer.
  static func one(dataSize: Int, hidden: [Int], latent: Int) -> Model {
    Model(
      dataSize: dataSize, encoder: [.init(hidden: hidden, latent: latent)],
      decoder: [.init(hidden: hidden.reversed())])
  }

  /// One layer, of sizes that no strip divides.
  static let small = one(dataSize: 37, hidden: [19, 17], latent: 5)

  /// Three layers, some without hidden units, and a Gaussian likelihood.
  static func three(dataSize: Int, _ activation: Activation) -> Model {
    Model(
      dataSize: dataSize, activation: activation, likelihood: .gaussian,
      encoder: [
        .init(hidden: [], latent: 4), .init(hidden: [5], latent: 3), .init(hidden: [4], latent: 2),
      ],
      decoder: [.init(hidden: []), .init(hidden: [6]), .init(hidden: [7])])
  }

  /// Two layers of logistic posteriors, whose noise is uniform, under a prior with parameters and
  /// with a likelihood that has one: everything that formulas and vectors can say of a model.
  static func formulas(dataSize: Int) -> Model {
    Model(
      dataSize: dataSize, likelihood: .gaussianShared,
      encoder: [
        .init(hidden: [5], latent: 3, posterior: logistic),
        .init(hidden: [4], latent: 2, posterior: logistic),
      ],
      decoder: [.init(hidden: [4]), .init(hidden: [5])], prior: student)
  }

  /// Hidden layers of a kind, some as wide as what they read and some not.
  static func hidden(_ kind: HiddenKind) -> Model {
    Model(
      dataSize: 7, activation: .softplus, hiddenKind: kind,
      encoder: [.init(hidden: [5, 5, 4], latent: 3)], decoder: [.init(hidden: [4, 4, 6])])
  }

  /// Priors whose units depend on each other, with the numbers of components' strips and beside.
  static let joint = [
    (
      "mixture",
      Model(
        dataSize: 7, encoder: [.init(hidden: [5], latent: 4), .init(hidden: [4], latent: 3)],
        decoder: [.init(hidden: [4]), .init(hidden: [5])], prior: .mixture(17))
    ),
    (
      "vamp",
      Model(
        dataSize: 7, hiddenKind: .gated, encoder: [.init(hidden: [6, 5], latent: 3)],
        decoder: [.init(hidden: [5])], prior: .vamp(5))
    ),
    (
      "flow",
      Model(
        dataSize: 7, encoder: [.init(hidden: [6], latent: 5)], decoder: [.init(hidden: [5])],
        prior: .flow(steps: 3, hidden: [4]))
    ),
  ]

  /// Posteriors whose units move together: flows above each other, one of which has a context.
  static let moved = [
    (
      "flows",
      Model(
        dataSize: 7,
        encoder: [
          .init(hidden: [5], latent: 5, posterior: .flow(steps: 2, hidden: [4], context: 2)),
          .init(hidden: [4], latent: 3, posterior: .flow(steps: 3, hidden: [])),
        ],
        decoder: [.init(hidden: [4]), .init(hidden: [5])])
    ),
    (
      "full",
      Model(
        dataSize: 7,
        encoder: [
          .init(hidden: [5], latent: 4, posterior: .full),
          .init(hidden: [4], latent: 3, posterior: .full),
        ],
        decoder: [.init(hidden: [4]), .init(hidden: [5])])
    ),
    ("full of classes", fullOfClasses),
  ]

  /// Classes whose logits, and a triangle whose columns, do not fill a strip.
  static let fullOfClasses = Model(
    dataSize: 7, likelihood: .categorical(3),
    encoder: [
      .init(hidden: [5], latent: 4, posterior: .full)
    ],
    decoder: [.init(hidden: [5])])

  /// A flow of so many steps that its density is added up in parts, all of which read the context.
  static let manySteps = Model(
    dataSize: 7,
    encoder: [
      .init(hidden: [4], latent: 3, posterior: .flow(steps: 17, hidden: [], context: 3))
    ],
    decoder: [.init(hidden: [5])])

  /// Two layers that are told one of three labels, without hidden units where the label enters the
  /// encoder.
  static let conditional = Model(
    dataSize: 7, encoder: [.init(hidden: [], latent: 3), .init(hidden: [5], latent: 2)],
    decoder: [.init(hidden: [4]), .init(hidden: [6])], condition: 3)

  /// Data of three classes, whose logits are as many as do not fill a strip.
  static let categorical = Model(
    dataSize: 17, likelihood: .categorical(3), encoder: [.init(hidden: [6], latent: 3)],
    decoder: [.init(hidden: [5])])

  /// Gated layers, posteriors of two kinds whose units move together, a mixture as prior, and a
  /// likelihood of levels.
  static func rich(dataSize: Int) -> Model {
    Model(
      dataSize: dataSize, activation: .softplus, hiddenKind: .gated, likelihood: .logistic,
      encoder: [
        .init(
          hidden: [200, 200], latent: 50, posterior: .flow(steps: 4, hidden: [100], context: 20)),
        .init(hidden: [100], latent: 20, posterior: .full),
      ],
      decoder: [.init(hidden: [100]), .init(hidden: [200, 200])], prior: .mixture(100))
  }

  static let logistic = Posterior(
    ours: """
      {"family": "formula", "name": "logistic", "heads": ["location", "log_scale"],
      "noise": "uniform", "sample": "location + exp(log_scale) * log(e / (1 - e))",
      "log_density": "-(z - location) * exp(-log_scale) - log_scale
        - 2 * softplus(-(z - location) * exp(-log_scale))"}
      """.replacing("\n", with: " "))

  static let laplace = Likelihood(
    ours: """
      {"family": "formula", "name": "laplace", "heads": ["center", "log_scale"], "mean": "center",
      "log_density": "-abs(x - center) * exp(-log_scale) - log_scale - log(2)", "support": "reals"}
      """.replacing("\n", with: " "))

  static let student = Prior(
    ours: """
      {"family": "formula", "name": "student", "parameters": ["location", "log_scale"],
      "log_density": "-1.5 * log1p(0.5 * ((z - location) * exp(-log_scale))^2) - log_scale
        - 1.5 * log(2)"}
      """.replacing("\n", with: " "))
}

extension Model {
  /// True if the closed form of the topmost divergence is known.
  var hasGaussians: Bool {
    encoder.allSatisfy { $0.posterior == .gaussian } && prior == .standardNormal
  }
}
