import COpenCL
import Compute
import IWAE
import Testing

@testable import OpenCLDevice

/// What a device holds, in multiples of the parameters' values.
@Suite struct MemoryUseTests {
  private let model = Model(
    dataSize: 512, encoder: [.init(hidden: [512], latent: 16)], decoder: [.init(hidden: [512])])

  private func shares(of device: OpenCLDevice) -> Double {
    Double(device.budget.held)
      / Double(model.parameters.reduce(0) { $0 + device.bytes(of: $1) })
  }

  @Test(arguments: Schedule.allCases)
  func evaluationHoldsNeitherGradientsNorMoments(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    let images = ImageSet(
      name: "images", values: .bytes(Array(repeating: 1, count: 512)), width: 512)
    let evaluator = try Evaluator(
      model, parameters: model.initialParameters(seed: 1), images: images, device: device,
      samples: 2, chunk: 2)
    #expect(try evaluator.evaluate()?.nll.isFinite == true)
    #expect((1..<1.2).contains(shares(of: device)))
  }

  /// A gradient adds gradients, and panels the second copies of weights; only an update adds moments.
  @Test(arguments: Schedule.allCases) func stepsHoldWhatTheyNeed(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    let memory = try device.allocate(model.parameters)
    func step(_ optimizer: Adam?) throws -> any Executable {
      let configuration = StepConfiguration(
        batchSize: 1, samples: 2, objective: .iwae, optimizer: optimizer)
      return try device.compile(try Step.build(model, configuration).program, on: memory)
    }
    let copies = schedule == .panels ? 1.0 : 0
    let gradient = try step(nil)
    #expect((2..<2.2).contains(shares(of: device) - copies))
    let update = try step(Adam())
    #expect((4..<4.4).contains(shares(of: device) - copies))
    for executable in [gradient, update] {
      try executable.run(Control())
      try executable.finish()
    }
  }

  /// Trains a step on a device of its own; returns its context, retained once more.
  private func contextOfAStep() throws -> cl_context {
    let device = try OpenCLDevice.open()
    clRetainContext(device.context)
    let memory = try device.allocate(model.parameters)
    let configuration = StepConfiguration(
      batchSize: 1, samples: 2, objective: .iwae, optimizer: Adam())
    let step = try Step.build(model, configuration)
    try device.compile(step.program, on: memory).run(Control())
    device.close()
    return device.context
  }

  @Test func aDeviceThatGoesReleasesItsContext() throws {
    let context = try contextOfAStep()
    var owners: cl_uint = 0
    // A driver's own threads may hold what they worked on a little longer than the work takes.
    let patience = ContinuousClock.now + .seconds(5)
    repeat {
      try call("clGetContextInfo") {
        clGetContextInfo(
          context, cl_context_info(CL_CONTEXT_REFERENCE_COUNT), MemoryLayout<cl_uint>.size, &owners,
          nil)
      }
    } while owners > 1 && ContinuousClock.now < patience
    #expect(owners == 1)
    clReleaseContext(context)
  }

  /// Moments can be restored before anything that needs them is compiled.
  @Test func whatTheHostAsksForGetsRoom() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let weight = Tensor("w", .matrix(rows: 3, columns: 5), .parameter)
    let memory = try device.allocate([weight], protection: .guarded)
    #expect(try memory.floats(weight.counterpart(.gradient)) == Array(repeating: 0, count: 15))
    let moment = weight.counterpart(.firstMoment)
    try memory.upload((0..<15).map(Float.init), to: moment)
    #expect(try memory.floats(moment) == (0..<15).map(Float.init))
    #expect(try memory.damage() == [])
  }
}
