import Compute
import ReferenceDevice
import Testing

@testable import IWAE

/// A step on resident images, to be carried out at once or in parts.
struct DividedStep {
  var model: Model
  var parameters: [Tensor: [Float]]
  var images: ImageSet
  /// Nil for the images as they come.
  var order: [UInt32]?
  var batchSize: Int
  var groups = 1
  var samples = 6
  var objective = Objective.iwae
  var estimator = Objective.Estimator.standard
  var binarization = Binarization.none
  var control = Control()

  /// The gradients of all parameters.
  func gradients(
    _ division: StepPrograms.Division, on device: any Device = ReferenceDevice()
  ) throws -> [Tensor: [Float]] {
    let data = try ResidentSet(images, for: model, name: "data")
    var draws: Int?
    if case .drawn(let count) = division { draws = count }
    let configuration = StepConfiguration(
      batchSize: batchSize, groups: groups, samples: samples, objective: objective,
      estimator: estimator, source: data.batchSource(binarization), optimizer: nil,
      backwardSamples: draws)
    let programs = try StepPrograms(model, configuration, division, device)
    let memory = try device.allocate(model.parameters + data.tensors + programs.states)
    for (parameter, values) in parameters { try memory.upload(values, to: parameter) }
    try data.upload(to: memory)
    if let order { try memory.upload(.words(order), to: data.order) }
    let runner = try StepRunner(programs, on: memory, device: device)
    try runner.run(control)
    try runner.finish()
    var result: [Tensor: [Float]] = [:]
    for tensor in model.parameters {
      result[tensor] = try memory.floats(tensor.counterpart(.gradient))
    }
    return result
  }

  /// Compares gradients, of which every parameter has one: by the tensor's largest, for sums of large
  /// terms may cancel. Parts add up in another order, in single precision.
  static func expectSame(
    _ found: [Tensor: [Float]], _ expected: [Tensor: [Float]], _ label: String,
    within limit: Float = 1e-5
  ) throws {
    for (tensor, values) in expected {
      let found = try #require(found[tensor])
      let largest = values.map(abs).max() ?? 0
      #expect(largest > 0 && found.count == values.count, "\(label): \(tensor)")
      for (found, expected) in zip(found, values) {
        #expect(abs(found - expected) <= limit * largest, "\(label): \(tensor)")
      }
    }
  }
}
