import Compute
import Datasets
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

/// Gradients that are no longer together than they may be, however they were computed.
@Suite struct ClippingTests {
  private func norm(_ values: some Sequence<Float>) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  /// Against the formula of torch's clip_grad_norm_, over both parameters together.
  @Test(arguments: UpdatePlace.allCases) func gradientsAreClippedTogether(
    place: UpdatePlace
  ) throws {
    let device = try place.open()
    defer { device.close() }
    let memory = try device.allocate(UpdatePlace.parameters)
    for (limit, scale) in [(0.25, 1), (2, 1), (1e3, 1), (0.5, 1e24), (1e-7, 1e-7)]
      as [(Float, Float)]
    {
      let clip = try device.compile(UpdatePlace.program([.clip(Clip(limit: limit))]), on: memory)
      var gradients: [Tensor: [Float]] = [:]
      for (index, parameter) in UpdatePlace.parameters.enumerated() {
        let values = UpdatePlace.numbers(parameter.shape.count, UInt64(index), scale: scale)
        gradients[parameter.counterpart(.gradient)] = values
        try memory.upload(values, to: parameter.counterpart(.gradient))
      }
      try clip.run(Control())
      let factor = min(1, Double(limit) / (norm(gradients.values.joined()) + 1e-6))
      #expect((factor == 1) == (limit == 1e3))
      for (gradient, values) in gradients {
        let expected = values.map { factor * Double($0) }
        let distance = try UpdatePlace.distance(memory, gradient, expected)
        #expect(distance <= 1e-6 * factor * Double(scale), "\(limit) \(scale) \(gradient)")
        if factor == 1 { #expect(try memory.floats(gradient) == values) }
      }
    }
  }

  /// What is no number is not hidden from whoever looks for it.
  @Test(arguments: UpdatePlace.allCases, [Float.nan, .infinity])
  func whatIsNoNumberStaysNone(place: UpdatePlace, wrong: Float) throws {
    let device = try place.open()
    defer { device.close() }
    let memory = try device.allocate(UpdatePlace.parameters)
    let clip = try device.compile(UpdatePlace.program([.clip(Clip(limit: 1))]), on: memory)
    for parameter in UpdatePlace.parameters {
      var values = UpdatePlace.numbers(parameter.shape.count, 1)
      values[2] = wrong
      try memory.upload(values, to: parameter.counterpart(.gradient))
    }
    try clip.run(Control())
    for parameter in UpdatePlace.parameters {
      #expect(try memory.floats(parameter.counterpart(.gradient))[2].isNaN)
    }
  }

  // MARK: Steps

  private static let model = Model(
    dataSize: 784, encoder: [.init(hidden: [20], latent: 6)], decoder: [.init(hidden: [20])])
  private static let images = Strokes().images(count: 40, seed: 3)

  /// Ways to take a step.
  enum Way: CaseIterable {
    case whole, images, samples, drawn

    var division: StepPrograms.Division {
      switch self {
      case .whole: .whole
      case .images: .images(3)
      case .samples: .samples(4)
      case .drawn: .drawn(2)
      }
    }
  }

  /// The first moments after one step, end to end: a tenth of the gradients.
  private func moments(
    _ way: Way, clipNorm: Float?, on device: any Device
  ) throws -> (values: [Float], programs: StepPrograms) {
    let data = try ResidentSet(Self.images, for: Self.model, name: "data")
    let configuration = StepConfiguration(
      batchSize: 8, samples: 6, objective: .iwae, source: data.batchSource(.sample),
      backwardSamples: way == .drawn ? 2 : nil, clipNorm: clipNorm)
    let programs = try StepPrograms(Self.model, configuration, way.division, device)
    let memory = try device.allocate(Self.model.parameters + data.tensors + programs.states)
    for (parameter, values) in Self.model.initialParameters(seed: 5) {
      try memory.upload(values, to: parameter)
    }
    try data.upload(to: memory)
    let runner = try StepRunner(programs, on: memory, device: device)
    var control = Control()
    AdamConvention.usual.apply(to: &control, step: 0, rate: 0.01, optimizer: Adam())
    try runner.run(control)
    try runner.finish()
    let values = try Self.model.parameters.flatMap {
      try memory.floats($0.counterpart(.firstMoment))
    }
    return (values, programs)
  }

  @Test(arguments: UpdatePlace.allCases, Way.allCases)
  func everyStepClips(place: UpdatePlace, way: Way) throws {
    let device = try place.open()
    defer { device.close() }
    let usual = try moments(way, clipNorm: nil, on: device).values
    // Adam keeps a tenth of a gradient.
    let norm = 10 * norm(usual)
    let limit = Float(norm / 3)
    let clipped = try moments(way, clipNorm: limit, on: device)
    #expect(abs(self.norm(clipped.values) / (0.1 * Double(limit)) - 1) < 1e-5)
    let factor = Double(limit) / (norm + 1e-6)
    let largest = Double(usual.map(abs).max() ?? 0)
    for (found, whole) in zip(clipped.values, usual) {
      #expect(abs(Double(found) - factor * Double(whole)) < 1e-5 * largest)
    }
    // A limit that is far away changes no bit.
    #expect(try moments(way, clipNorm: Float(norm * 2), on: device).values == usual)
    let clips = clipped.programs.parts.values.flatMap(\.operations).filter {
      if case .clip = $0 { true } else { false }
    }
    #expect(clips.count == 1)
  }

  /// The gradients of all leaves are added up before.
  @Test(arguments: [1, 2, 4]) func leavesAreClippedTogether(leaves: Int) throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    var configuration = TrainingConfiguration(
      objective: .iwae, samples: 4, batchSize: 40, passes: 1, schedule: .constant(rate: 0.01),
      seed: 5)
    (configuration.leaves, configuration.clipNorm) = (leaves, 0.01)
    let trainer = try Trainer(Self.model, configuration, images: Self.images, device: device)
    _ = try trainer.finishPass()
    let moments = try trainer.state().filter { $0.key.role == .firstMoment }
    #expect(abs(norm(moments.values.joined()) / 0.001 - 1) < 1e-4)
  }

  /// A gradient that is no number, among others that are: clipping takes it into all, and the search names
  /// the operation that it came from all the same.
  @Test(arguments: Schedule.allCases) func theFirstFaultIsNamed(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    let model = Model(
      dataSize: 5, encoder: [.init(hidden: [4], latent: 2)], decoder: [.init(hidden: [4])])
    // Hidden units of 0, whose deltas of 1e21 each have opposite signs for images of 0s and of 1s; with latents
    // of 1e18 the products overflow on either side.
    var initial = model.initialParameters(seed: 1)
    for parameter in model.parameters {
      let value: Float? =
        switch parameter.name {
        case "encoder.0.mean.bias": 1e18
        case "decoder.0.hidden.0.weight", "decoder.0.hidden.0.bias": 0
        case "decoder.0.logits.bias": 0
        case "decoder.0.logits.weight": 1e22
        default: nil
        }
      if let value { initial[parameter] = Array(repeating: value, count: parameter.shape.count) }
    }
    let images = ImageSet(
      name: "halves", values: .bytes((0..<100).map { UInt8($0 / 5 % 2) }), width: 5)
    var configuration = TrainingConfiguration(
      objective: .iwae, samples: 2, batchSize: 20, passes: 2, schedule: .constant(rate: 1e-3),
      seed: 1)
    configuration.clipNorm = 1
    let trainer = try Trainer(
      model, configuration, images: images, device: device, initial: initial)
    let error = #expect(throws: TrainingError.self) {
      while !trainer.isDone { _ = try trainer.finishPass() }
    }
    guard case .notANumber(0, let operation) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(operation.contains("decoder.0.hidden.0.weight"), "\(operation)")
  }
}
