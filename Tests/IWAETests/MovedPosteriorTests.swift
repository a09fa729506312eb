import Compute
import Datasets
import Foundation
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

/// Posteriors whose units move together.
@Suite struct MovedPosteriorTests {
  private static let images: [Float] = [1, 0, 1, 1, 0, 1, 0, 0]
  private static let posteriors: [Posterior] = [
    .flow(steps: 3, hidden: [4]), .flow(steps: 2, hidden: [], context: 2), .full,
  ]

  private static func model(_ posterior: Posterior, layers: Int = 1) -> Model {
    Model(
      dataSize: 4,
      encoder: (0..<layers).map {
        .init(hidden: [5], latent: 3 + $0, posterior: posterior)
      },
      decoder: Array(repeating: .init(hidden: [5]), count: layers))
  }

  private func parameters(of model: Model) -> [Tensor: [Float]] {
    var result: [Tensor: [Float]] = [:]
    for tensor in model.parameters {
      // The same of equal names in every model.
      let name = tensor.name.utf8.reduce(UInt32(7)) { $0 &* 31 &+ UInt32($1) }
      let address = NoiseAddress(seed: 5, purpose: .data, time: 1, image: name)
      result[tensor] = (0..<tensor.shape.count).map { 0.4 * address.normal(column: $0) }
    }
    return result
  }

  private func step(_ model: Model) -> DividedStep {
    DividedStep(
      model: model, parameters: parameters(of: model),
      images: ImageSet(name: "bits", values: .floats(Self.images), width: 4), batchSize: 2,
      groups: 2)
  }

  /// Where nothing moves, every gradient is the Gaussian's.
  @Test(arguments: posteriors, [Objective.iwae, .rws, .vimco])
  func aMoveOfZeroWeightsIsTheGaussian(posterior: Posterior, objective: Objective) throws {
    for estimator in Objective.Estimator.rows
    where estimator == .standard || objective == .iwae {
      var (moved, gaussian) = (step(Self.model(posterior)), step(Self.model(.gaussian)))
      let own = Set(moved.model.parameters).subtracting(gaussian.model.parameters)
      #expect(!own.isEmpty)
      for tensor in own {
        moved.parameters[tensor] = Array(repeating: 0, count: tensor.shape.count)
      }
      (moved.objective, gaussian.objective) = (objective, objective)
      (moved.estimator, gaussian.estimator) = (estimator, estimator)
      let found = try moved.gradients(.whole)
      for (tensor, values) in try gaussian.gradients(.whole) {
        for (found, expected) in zip(try #require(found[tensor]), values) {
          #expect(abs(found - expected) <= 1e-6 * max(1, abs(expected)), "\(estimator): \(tensor)")
        }
      }
    }
  }

  /// Chunks of samples, and some images at a time.
  @Test(arguments: posteriors, [1, 2])
  func dividedStepsHaveTheSameGradients(posterior: Posterior, layers: Int) throws {
    let kinds: [(Objective, Objective.Estimator)] = [
      (.iwae, .standard), (.iwae, .stl), (.piwae, .dreg), (.ciwae(beta: 0.3), .standard),
      (.rws, .standard), (.vae, .standard),
    ]
    for (objective, estimator) in kinds {
      var step = step(Self.model(posterior, layers: layers))
      (step.objective, step.estimator) = (objective, estimator)
      let whole = try step.gradients(.whole)
      for division in [StepPrograms.Division.images(1), .samples(4)] {
        let label = "\(objective), \(estimator), \(division)"
        try DividedStep.expectSame(try step.gradients(division), whole, label)
      }
    }
  }

  /// Samples that are drawn stand for all, on average over their draws.
  @Test(arguments: posteriors) func drawnSamplesStandForAll(posterior: Posterior) throws {
    var step = step(Self.model(posterior))
    step.groups = 1
    var sums: [Tensor: [(mean: Double, square: Double)]] = [:]
    let count = 400
    for seed in 0..<count {
      step.control.seed = UInt64(seed)
      let (whole, drawn) = (try step.gradients(.whole), try step.gradients(.drawn(2)))
      for (tensor, values) in whole {
        let found = try #require(drawn[tensor])
        let before = sums[tensor] ?? values.map { _ in (0, 0) }
        sums[tensor] = zip(before, zip(found, values)).map { sum, pair in
          let difference = Double(pair.0 - pair.1)
          return (sum.mean + difference, sum.square + difference * difference)
        }
      }
    }
    for (tensor, sums) in sums {
      // Squared means of noise are its variance over the count, on average over a tensor.
      let squares = sums.reduce(0) { $0 + $1.mean * $1.mean } / Double(count)
      let expected = sums.reduce(0) { $0 + $1.square }
      #expect(expected > 0 && squares < 6 * expected, "\(tensor): \(squares / expected)")
    }
  }

  /// A step's log-weight is log p(x, h) - log q(h|x) at what an encoding draws with its noise.
  @Test func anEncodingIsAStepsSample() throws {
    let model = Self.model(.full)
    let parameters = parameters(of: model)
    let generator = Generator(model, parameters: parameters, device: ReferenceDevice())
    let image = Array(Self.images.prefix(4))
    let drawn = try generator.encode([image], seed: 4)
    let step = try Step.build(
      model,
      StepConfiguration(
        batchSize: 1, samples: 1, objective: .iwae, noiseIsGiven: true, optimizer: nil))
    let device = ReferenceDevice()
    let memory = try device.allocate(model.parameters)
    for (parameter, values) in parameters { try memory.upload(values, to: parameter) }
    let executable = try device.compile(step.program, on: memory)
    try executable.upload(image, to: try #require(step.images))
    try executable.upload(drawn.noise[0], to: step.noise[0])
    try executable.run(Control())
    let logWeight = try executable.floats(step.logWeights)[0]
    let joint = try generator.logDensities(of: image, at: [drawn.latents[0]])[0]
    // The triangle's determinant is that of its diagonal.
    let logQ = zip(drawn.heads[0][1], drawn.noise[0]).reduce(0.0) {
      $0 - Double($1.0) - 0.5 * Double($1.1 * $1.1) - 0.5 * log(2 * Double.pi)
    }
    #expect(abs(Double(logWeight) - (joint - logQ)) < 1e-4)
    #expect(drawn.latents[0] != (try generator.encode([image], seed: nil)).latents[0])
  }

  /// Heads that are fitted to an image leave alone the flow that all images share.
  @Test func fittingKeepsTheFlow() throws {
    let density = LinearGaussian()
    var model = density.model
    model.encoder[0].posterior = .flow(steps: 2, hidden: [4])
    var parameters = density.parameters(widening: 1.5)
    for (tensor, values) in model.initialParameters(seed: 1) where parameters[tensor] == nil {
      // Shifts alone: the family stays that of normal distributions, so that no bound passes log p(x).
      parameters[tensor] = tensor.name.hasSuffix("shift.bias") ? values.map { _ in 0.3 } : values
    }
    let images = density.images(count: 4, seed: 6)
    var fitting = PosteriorFitConfiguration()
    fitting.steps = 300
    let fitted = try #require(
      try PosteriorFit(
        model, parameters: parameters, images: images, fitting, device: ReferenceDevice()
      ).fit())
    var gaussian = density.model
    gaussian.encoder[0].posterior = .gaussian
    let plain = try #require(
      try PosteriorFit(
        gaussian, parameters: density.parameters(widening: 1.5), images: images, fitting,
        device: ReferenceDevice()
      ).fit())
    // A flow that was let go would find the dependence that Gaussians miss.
    for (index, (flow, gaussian)) in zip(fitted, plain).enumerated() {
      let exact = density.logLikelihood(images.pixels(of: index))
      #expect(exact - gaussian.fittedBound.mean > 0.15)
      #expect(abs(flow.fittedBound.mean - gaussian.fittedBound.mean) < 0.05)
    }
  }

  /// Centres and the activity of units are of what is moved.
  @Test(arguments: posteriors) func evaluationTakesMovedCentres(posterior: Posterior) throws {
    let model = Self.model(posterior, layers: 2)
    let parameters = parameters(of: model)
    let evaluator = try Evaluator(
      model, parameters: parameters,
      images: ImageSet(name: "bits", values: .floats(Self.images), width: 4),
      device: ReferenceDevice(), samples: 40, binarization: .none)
    let evaluation = try #require(try evaluator.evaluate())
    #expect(evaluation.nll.isFinite)
    let generator = Generator(model, parameters: parameters, device: ReferenceDevice())
    let rows = [Array(Self.images.prefix(4)), Array(Self.images.suffix(4))]
    let centers = try generator.encode(rows, seed: nil).latents[0]
    for unit in 0..<3 {
      let values = [centers[unit], centers[3 + unit]].map(Double.init)
      let variance = (values[0] - values[1]) * (values[0] - values[1]) / 4
      let found = evaluation.unitVariances[0][unit]
      #expect(abs(found - variance) < 1e-4 * max(variance, 1e-3), "\(found), \(variance)")
    }
  }

  /// The posterior of a linear model is normal, its units dependent: no bound is lost to a full one.
  @Test func aFullPosteriorIsExactWhereItIsNormal() throws {
    let density = LinearGaussian()
    var model = density.model
    model.encoder[0].posterior = .full
    var parameters = density.parameters(widening: 1.5)
    for tensor in model.parameters where parameters[tensor] == nil {
      parameters[tensor] = Array(repeating: 0, count: tensor.shape.count)
    }
    let images = density.images(count: 6, seed: 6)
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    var fitting = PosteriorFitConfiguration()
    fitting.steps = 1500
    let fitted = try #require(
      try PosteriorFit(
        model, parameters: parameters, images: images, fitting, device: device
      ).fit())
    for (index, image) in fitted.enumerated() {
      let gap = density.logLikelihood(images.pixels(of: index)) - image.fittedBound.mean
      #expect(abs(gap) < 0.01, "\(gap)")
      #expect(image.gain.mean > 0.1, "\(image.gain.mean)")
    }
  }

  @Test func oneLatentHasNothingToDependOn() {
    var model = Self.model(.flow(steps: 1))
    model.encoder[0].latent = 1
    #expect(
      model.problem
        == "the posterior 'flow' needs at least 2 latents, of which one part moves the other, found 1."
    )
    model.encoder[0].posterior = .full
    #expect(
      model.problem
        == "the posterior 'full' needs 2 to 512 latents, found 1. Of one latent it is 'gaussian'.")
  }

  /// Every step reads the context, and a part's cotangent goes through all of them.
  @Test(arguments: [Objective.Estimator.standard, .dreg])
  func longFlowsHaveGradients(estimator: Objective.Estimator) throws {
    var model = Self.model(.flow(steps: 40, hidden: [], context: 3))
    model.prior = .flow(steps: 40, hidden: [])
    var step = step(model)
    step.estimator = estimator
    // Scales multiply along the steps.
    step.parameters = step.parameters.mapValues { $0.map { $0 / 8 } }
    let gradients = try step.gradients(.whole)
    #expect(gradients.values.allSatisfy { $0.contains { $0 != 0 } && $0.allSatisfy(\.isFinite) })
  }

  @Test func theClosedFormIsRefused() {
    #expect(throws: ProgramError.self) {
      try Step.build(
        Self.model(.flow(steps: 1)),
        StepConfiguration(batchSize: 1, samples: 2, objective: .elbo, optimizer: nil))
    }
  }

  @Test func descriptionsAreReadAndWritten() throws {
    let flow = try Posterior(named: "flow:4")
    #expect(flow == .flow(steps: 4) && flow.name == "flow:4")
    let json = #"{"family":"flow","steps":2,"hidden":[6,5],"context":3}"#
    let own = try Posterior(named: json)
    #expect(own == .flow(steps: 2, hidden: [6, 5], context: 3))
    #expect(own.heads == ["mean", "log_sigma", "context"])
    let again = try JSONDecoder().decode(Posterior.self, from: JSONEncoder().encode(own))
    #expect(again == own)
    for wrong in [
      #"{"family":"flow"}"#, "flow", "flow:0", "flow:1.5", "flow:100",
      #"{"family":"flow","steps":2,"context":-1}"#, #"{"family":"flow","steps":2,"depth":1}"#,
    ] {
      #expect(throws: DescriptionError.self, "\(wrong)") { try Posterior(named: wrong) }
    }
  }
}
