import Compute
import Datasets
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

/// Training of the posterior with the model held.
@Suite struct HeldModelTests {
  private static let plain = Model(
    dataSize: 784, encoder: [.init(hidden: [12], latent: 4), .init(hidden: [8], latent: 3)],
    decoder: [.init(hidden: [8]), .init(hidden: [12])])
  private static let images = Strokes().images(count: 40, seed: 3)

  private func configuration(_ objective: Objective) -> TrainingConfiguration {
    var result = TrainingConfiguration(
      objective: objective, groups: 2, samples: 3, batchSize: 10, passes: 2,
      schedule: .constant(rate: 0.01), seed: 5)
    result.holdsModel = true
    return result
  }

  private func state(
    _ model: Model, _ configuration: TrainingConfiguration, on device: any Device
  ) throws -> [Tensor: [Float]] {
    let trainer = try Trainer(model, configuration, images: Self.images, device: device)
    while !trainer.isDone { _ = try trainer.finishPass() }
    return try trainer.state()
  }

  /// The model's parameters keep their bits, whatever is ascended; the encoder's move.
  @Test(arguments: Objective.names) func theModelStandsStill(name: String) throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let objective = try #require(Objective(name, beta: 0.3, alpha: 0.4))
    var models = [Self.plain]
    if name == "iwae" {
      models[0].prior = .mixture(3)
      models.append(Self.plain)
    }
    for model in models {
      for convention in AdamConvention.allCases {
        var configuration = configuration(objective)
        (configuration.convention, configuration.averageDecay) = (convention, 0.5)
        let start = Trainer.freshState(model, configuration, Self.images)
        let found = try state(model, configuration, on: device)
        for parameter in model.generativeParameters {
          for role in [Role.parameter, .average, .firstMoment] {
            #expect(found[parameter.counterpart(role)] == start[parameter.counterpart(role)])
          }
        }
        for parameter in model.encoderParameters {
          #expect(found[parameter] != start[parameter], "\(parameter)")
        }
      }
    }
  }

  /// The encoder's gradient is what it is when all is trained: so is its first update.
  @Test(
    arguments: UpdatePlace.allCases,
    [StepPrograms.Division.whole, .images(4), .samples(2), .drawn(2)])
  func theEncoderIsTrainedAsUsual(place: UpdatePlace, division: StepPrograms.Division) throws {
    let device = try place.open()
    defer { device.close() }
    let model = Self.plain
    func gradients(holds: Bool, _ estimator: Objective.Estimator) throws -> [Tensor: [Float]] {
      let data = try ResidentSet(Self.images, for: model, name: "data")
      var configuration = StepConfiguration(
        batchSize: 8, samples: 6, objective: .iwae, estimator: estimator,
        source: data.batchSource(.sample), optimizer: nil,
        backwardSamples: division == .drawn(2) ? 2 : nil)
      configuration.holdsModel = holds
      let programs = try StepPrograms(model, configuration, division, device)
      let memory = try device.allocate(model.parameters + data.tensors + programs.states)
      for (parameter, values) in model.initialParameters(seed: 5) {
        try memory.upload(values, to: parameter)
      }
      try data.upload(to: memory)
      let runner = try StepRunner(programs, on: memory, device: device)
      try runner.run(Control())
      try runner.finish()
      return Dictionary(
        uniqueKeysWithValues: try model.parameters.map {
          ($0, try memory.floats($0.counterpart(.gradient)))
        })
    }
    for estimator in [Objective.Estimator.standard, .dreg] {
      let usual = try gradients(holds: false, estimator)
      let held = try gradients(holds: true, estimator)
      for parameter in model.generativeParameters {
        #expect(held[parameter]?.allSatisfy { $0 == 0 } == true)
        #expect(usual[parameter]?.contains { $0 != 0 } == true)
      }
      let encoder = Set(model.encoderParameters)
      try DividedStep.expectSame(
        held.filter { encoder.contains($0.key) }, usual.filter { encoder.contains($0.key) },
        "\(place) \(division) \(estimator)")
    }
  }

  @Test func aModelThatWouldMoveIsRefused() throws {
    var model = Self.plain
    (model.encoder, model.decoder) = ([model.encoder[0]], [model.decoder[1]])
    var decaying = configuration(.iwae)
    decaying.weightDecay = 0.1
    var vamp = model
    vamp.prior = .vamp(5)
    for (model, configuration, words) in [
      (vamp, configuration(.iwae), "is made of the encoder"), (model, decaying, "weight decay"),
    ] {
      let error = #expect(throws: TrainingError.self) {
        try Trainer(model, configuration, images: Self.images, device: ReferenceDevice())
      }
      #expect(error?.description.contains(words) == true)
    }
  }
}
