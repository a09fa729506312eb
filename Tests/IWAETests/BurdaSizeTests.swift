import Compute
import IWAE
import OpenCLDevice
import ReferenceDevice
import Testing

/// Gradients at the sizes of Burda et al.'s models, against the reference.
@Suite struct BurdaSizeTests {
  /// Every gradient of one step from initial parameters, on images of strokes' density.
  private func gradients(
    _ model: Model, _ objective: Objective, _ estimator: Objective.Estimator, on device: any Device
  ) throws -> [String: [Float]] {
    let step = try Step.build(
      model,
      StepConfiguration(
        batchSize: 4, groups: 2, samples: 10, objective: objective, estimator: estimator,
        optimizer: nil))
    let memory = try device.allocate(model.parameters)
    for (parameter, values) in model.initialParameters(seed: 2) {
      try memory.upload(values, to: parameter)
    }
    let executable = try device.compile(step.program, on: memory)
    let images = try #require(step.images)
    let address = NoiseAddress(seed: 1, purpose: .data)
    try executable.upload(
      (0..<images.shape.count).map { address.uniform(column: $0) < 0.15 ? 1 : 0 }, to: images)
    try executable.upload(.words([3, 1, 4, 15]), to: try #require(step.indices))
    var control = Control()
    control.seed = 6
    try executable.run(control)
    var result = ["log_weights": try executable.floats(step.logWeights)]
    for parameter in model.parameters {
      result[parameter.name] = try executable.floats(parameter.counterpart(.gradient))
    }
    return result
  }

  @Test(arguments: ["burda-1", "burda-2"], Objective.Estimator.rows)
  func devicesAgree(name: String, estimator: Objective.Estimator) throws {
    let model = name == "burda-1" ? Model.burda1(dataSize: 784) : .burda2(dataSize: 784)
    let expected = try gradients(model, .piwae, estimator, on: ReferenceDevice())
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let found = try gradients(model, .piwae, estimator, on: device)
    #expect(expected.count == model.parameters.count + 1)
    for (tensor, values) in expected {
      let other = try #require(found[tensor])
      var (difference, size) = (0.0, 0.0)
      for (x, y) in zip(values, other) {
        difference += Double(x - y) * Double(x - y)
        size += Double(x) * Double(x)
      }
      #expect(size > 0 && difference / size <= 2e-9, "\(tensor): \(difference / size)")
    }
  }
}
