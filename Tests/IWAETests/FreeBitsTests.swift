import Compute
import IWAE
import ReferenceDevice
import Testing

/// The bound and the gradient where all or nothing of the divergence is free.
@Suite struct FreeBitsTests {
  private let model = Model(
    dataSize: 5, encoder: [.init(hidden: [4], latent: 3)], decoder: [.init(hidden: [4])])

  /// The bound of one image, and the gradient of every parameter.
  private func step(
    _ objective: Objective, klWeight: Float = 1
  ) throws -> (bound: Float, gradient: [[Float]]) {
    let device = ReferenceDevice()
    let step = try Step.build(
      model,
      StepConfiguration(
        batchSize: 1, samples: 2, objective: objective, noiseIsGiven: true, optimizer: nil))
    let memory = try device.allocate(model.parameters)
    for (tensor, values) in model.initialParameters(seed: 3) {
      try memory.upload(values.map { $0 + 0.1 }, to: tensor)
    }
    let executable = try device.compile(step.program, on: memory)
    try executable.upload([1, 0, 1, 1, 0], to: try #require(step.images))
    try executable.upload([0.3, -1, 0.7, 0.1, 1.2, -0.4], to: step.noise[0])
    var control = Control()
    control.klWeight = klWeight
    try executable.run(control)
    return (
      try executable.floats(step.bound)[0],
      try model.parameters.map { try memory.floats($0.counterpart(.gradient)) }
    )
  }

  @Test func aDivergenceAboveCountsInFull() throws {
    let (free, whole) = (try step(.elbo(freeBits: 1e-6)), try step(.elbo))
    #expect(free.bound == whole.bound && free.gradient == whole.gradient)
  }

  @Test func aDivergenceBelowIsFree() throws {
    let (free, likelihood) = (try step(.elbo(freeBits: 100)), try step(.elbo, klWeight: 0))
    #expect(abs(free.bound - (likelihood.bound - 300)) < 1e-4)
    #expect(free.gradient == likelihood.gradient)
  }
}
