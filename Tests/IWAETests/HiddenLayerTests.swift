import Compute
import Foundation
import ReferenceDevice
import Testing

@testable import IWAE

@Suite struct HiddenLayerTests {
  /// Two stochastic layers, whose hidden layers come in equal and in other sizes.
  private func model(_ kind: HiddenKind) -> Model {
    Model(
      dataSize: 4, hiddenKind: kind,
      encoder: [.init(hidden: [4, 4], latent: 3), .init(hidden: [3], latent: 2)],
      decoder: [.init(hidden: [2, 3]), .init(hidden: [3])])
  }

  private func parameters(of model: Model) -> [Tensor: [Float]] {
    var result: [Tensor: [Float]] = [:]
    for (index, tensor) in model.parameters.enumerated() {
      let address = NoiseAddress(seed: 5, purpose: .data, time: 1, image: UInt32(index))
      result[tensor] = (0..<tensor.shape.count).map { 0.4 * address.normal(column: $0) }
    }
    return result
  }

  private let images: [Float] = [1, 0, 1, 1, 0, 1, 0, 0]
  private static let batch = 2

  /// The bound, and every gradient, of a step with given noise.
  private func run(
    _ step: Step, _ model: Model, _ parameters: [Tensor: [Float]]
  ) throws -> (bound: Double, gradients: [Tensor: [Float]]) {
    let device = ReferenceDevice()
    let memory = try device.allocate(model.parameters)
    let executable = try device.compile(step.program, on: memory)
    for (parameter, values) in parameters { try memory.upload(values, to: parameter) }
    try executable.upload(images, to: try #require(step.images))
    for (layer, tensor) in step.noise.enumerated() {
      let address = NoiseAddress(seed: 6, purpose: .data, time: 2, image: UInt32(layer))
      try executable.upload(
        (0..<tensor.shape.count).map { address.normal(column: $0) }, to: tensor)
    }
    try executable.run(Control())
    var gradients: [Tensor: [Float]] = [:]
    for tensor in model.parameters {
      gradients[tensor] = try executable.floats(tensor.counterpart(.gradient))
    }
    let bounds = try executable.floats(step.bounds)
    return (bounds.reduce(0) { $0 + Double($1) } / Double(bounds.count), gradients)
  }

  @Test(arguments: HiddenKind.all) func gradientsAreDifferencesOfTheBound(kind: HiddenKind) throws {
    let model = model(kind)
    let step = try Step.build(
      model,
      StepConfiguration(
        batchSize: Self.batch, samples: 3, objective: .iwae, noiseIsGiven: true, optimizer: nil))
    let parameters = parameters(of: model)
    let gradients = try run(step, model, parameters).gradients
    func slope(_ tensor: Tensor, _ index: Int, width: Float) throws -> Double {
      let bounds = try [width, -width].map { change in
        var moved = parameters
        moved[tensor]?[index] += change
        return try run(step, model, moved).bound
      }
      return (bounds[0] - bounds[1]) / Double(2 * width)
    }
    for tensor in model.parameters {
      let gradient = try #require(gradients[tensor])
      #expect(gradient.contains { $0 != 0 }, "\(kind): \(tensor) has no gradient")
      for (index, found) in gradient.enumerated() {
        // Richardson's extrapolation leaves an error of the width's fourth power.
        let slopes = try [1.0 / 32, 1 / 64].map { try slope(tensor, index, width: $0) }
        let expected = (4 * slopes[1] - slopes[0]) / 3
        #expect(
          abs(expected - Double(found)) < 3e-4 * max(1, abs(expected)),
          "\(kind), seed 5: \(tensor)[\(index)] is \(found), expected \(expected)")
      }
    }
  }

  /// Where samples come in chunks, the lowest encoder's operations belong to another program.
  @Test(arguments: HiddenKind.all) func dividedStepsHaveTheSameGradients(kind: HiddenKind) throws {
    let model = model(kind)
    let step = DividedStep(
      model: model, parameters: parameters(of: model),
      images: ImageSet(name: "bits", values: .floats(images), width: 4), order: [1, 0],
      batchSize: 1)
    try DividedStep.expectSame(
      try step.gradients(.samples(4)), try step.gradients(.whole), "\(kind)")
  }

  @Test func parametersStartAsTheLayersSay() {
    let model = model(.gated)
    let names = model.encoderNetworks[1].parameters.map(\.description)
    #expect(
      names == [
        "encoder.1.hidden.0.weight [3, 3]", "encoder.1.hidden.0.bias [3]",
        "encoder.1.hidden.0.gate.weight [3, 3]", "encoder.1.hidden.0.gate.bias [3]",
        "encoder.1.mean.weight [2, 3]", "encoder.1.mean.bias [2]",
        "encoder.1.log_sigma.weight [2, 3]", "encoder.1.log_sigma.bias [2]",
      ])
    let initial = model.initialParameters(seed: 1)
    for (tensor, values) in initial {
      let isBias = tensor.shape.isVector
      // Nothing bounds these units, so log-sigmas start at zero.
      let isCalm = tensor.name.contains("log_sigma")
      #expect(values.allSatisfy { $0 == 0 } == (isBias || isCalm), "\(tensor)")
    }
  }

  @Test func unitsThatPassByTheWeightsAreNotRemoved() throws {
    for (kind, isRemoved) in zip(HiddenKind.all, [true, true, false]) {
      let model = model(kind)
      let parameters = parameters(of: model)
      let pruned = try model.removingInactiveUnits(
        from: parameters, variances: [[1, 1, 1], [0, 1]])
      #expect((pruned != nil) == isRemoved, "\(kind)")
      guard let pruned else { continue }
      let changed = Set(parameters.keys.filter { pruned[$0] != parameters[$0] }.map(\.name))
      let gate = kind == .dense ? [] : ["decoder.0.hidden.0.gate.weight"]
      let heads = ["mean.weight", "mean.bias", "log_sigma.weight", "log_sigma.bias"]
      #expect(
        changed == Set(heads.map { "encoder.1.\($0)" } + ["decoder.0.hidden.0.weight"] + gate))
    }
  }

  @Test func checkpointsNameTheKindWhereItIsNotTheUsualOne() throws {
    let text = """
      {"data_size":4,"activation":"tanh","likelihood":"bernoulli","hidden_kind":"dense",
      "encoder":[{"hidden":[3],"latent":2}],"decoder":[{"hidden":[3]}]}
      """
    func encoded(_ model: Model) throws -> String {
      String(decoding: try JSONEncoder().encode(model), as: UTF8.self)
    }
    let model = try JSONDecoder().decode(Model.self, from: Data(text.utf8))
    #expect(model.hiddenKind == .dense)
    #expect(try !encoded(model).contains("hidden_kind"))
    #expect(try encoded(self.model(.gated)).contains(#""hidden_kind":"gated""#))
  }
}
