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
    for estimator in Objective.Estimator.allCases
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

  @Test(arguments: posteriors) func drawnSamplesReachEveryParameter(posterior: Posterior) throws {
    var step = step(Self.model(posterior))
    step.groups = 1
    let drawn = try step.gradients(.drawn(2))
    #expect(drawn.values.allSatisfy { $0.contains { $0 != 0 } && $0.allSatisfy(\.isFinite) })
  }

  /// Draws and log-densities of a step are those that an encoding's own program draws.
  @Test(arguments: posteriors) func anEncodingIsAStepsSample(posterior: Posterior) throws {
    let model = Self.model(posterior)
    let parameters = parameters(of: model)
    let generator = Generator(model, parameters: parameters, device: ReferenceDevice())
    let image = Array(Self.images.prefix(4))
    let center = try generator.encode([image], seed: nil)
    let drawn = try generator.encode([image], seed: 4)
    let heads = drawn.heads[0]
    #expect(heads.map(\.count) == model.encoderNetworks[0].heads.map { $0.bias.shape.count })
    #expect(drawn.latents[0] != center.latents[0] && drawn.latents[0].allSatisfy(\.isFinite))
    // What is drawn would lie here, did nothing move it.
    let units = zip(heads[0], zip(heads[1], drawn.noise[0])).map { $0 + exp($1.0) * $1.1 }
    #expect(zip(units, drawn.latents[0]).contains { abs($0 - $1) > 1e-3 })
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
    #expect(model.problem == "the posterior 'flow' needs at least 2 latents, found 1.")
    model.encoder[0].posterior = .full
    #expect(model.problem == "the posterior 'full' needs 2 to 512 latents, found 1.")
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
