import Compute
import Datasets
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

/// Where updates run: the reference, and OpenCL in panels and in tiles.
enum UpdatePlace: CaseIterable {
  case reference, panels, tiles

  func open() throws -> any Device {
    switch self {
    case .reference: ReferenceDevice()
    case .panels: try OpenCLDevice.open(schedule: .panels)
    case .tiles: try OpenCLDevice.open(schedule: .tiles)
    }
  }

  static let parameters = [
    Tensor("weight", .matrix(rows: 5, columns: 3), .parameter),
    Tensor("bias", .vector(5), .parameter),
  ]

  /// A program of operations on whole arenas.
  static func program(_ operations: [Compute.Operation]) throws -> Program {
    var builder = ProgramBuilder("update")
    for operation in operations { try builder.append(operation) }
    return builder.build()
  }

  /// Numbers from -1 to 1 that have no order.
  static func numbers(_ count: Int, _ seed: UInt64, scale: Float = 1) -> [Float] {
    let address = NoiseAddress(seed: seed, purpose: .data)
    return (0..<count).map { scale * (2 * address.openUniform(column: $0) - 1) }
  }

  /// The largest difference between a tensor's values and others.
  static func distance(
    _ memory: any Memory, _ tensor: Tensor, _ expected: [Double]
  ) throws -> Double {
    let found = try memory.floats(tensor)
    #expect(found.count == expected.count)
    return zip(found, expected).map { abs(Double($0) - $1) }.max() ?? .infinity
  }
}

/// Updates of parameters against plain numbers, and against the formulas of torch.optim.
@Suite struct OptimizerTests {
  /// A parameter as torch.optim.AdamW moves it, upwards, in double precision; or as the released code
  /// does, with the same decay.
  struct Plain {
    var p: [Double]
    var m: [Double]
    var v: [Double]
    var average: [Double]
    let convention: AdamConvention

    init(_ p: [Float], _ convention: AdamConvention) {
      self.p = p.map(Double.init)
      average = self.p
      self.convention = convention
      m = Array(repeating: 0, count: p.count)
      v = Array(repeating: convention == .usual ? 0 : 1, count: p.count)
    }

    /// - Parameters:
    ///   - g: The gradient.
    ///   - time: The number of this update, from 1.
    ///   - kept: The share of itself that the average keeps.
    mutating func step(_ g: [Double], time: Int, rate: Double, decay: Double, kept: Double) {
      let beta1 = convention == .usual ? 0.9 : 0.99
      let (first, second) = (power(beta1, time), power(0.999, time))
      for i in p.indices {
        let before = (m: m[i], v: v[i])
        m[i] = beta1 * m[i] + (1 - beta1) * g[i]
        v[i] = 0.999 * v[i] + (1 - 0.999) * g[i] * g[i]
        p[i] *= 1 - rate * decay
        switch convention {
        case .usual:
          let (mean, square) = (m[i] / (1 - first), v[i] / (1 - second))
          p[i] += rate * mean / (square.squareRoot() + 1e-4)
        case .released:
          p[i] +=
            rate * (1 - second).squareRoot() / (1 - first) * before.m
            / (before.v.squareRoot() + 1e-4)
        }
        average[i] = kept * average[i] + (1 - kept) * p[i]
      }
    }

    private func power(_ base: Double, _ count: Int) -> Double {
      (0..<count).reduce(1) { result, _ in result * base }
    }
  }

  @Test(arguments: UpdatePlace.allCases, AdamConvention.allCases)
  func parametersDecayAndAreAveraged(place: UpdatePlace, convention: AdamConvention) throws {
    let device = try place.open()
    defer { device.close() }
    let memory = try device.allocate(UpdatePlace.parameters)
    let (rate, decay, kept) = (0.05, 0.8, 0.75)
    let optimizer = Adam(convention, weightDecay: decay, averageDecay: kept)
    let update = try device.compile(UpdatePlace.program([.adam(optimizer)]), on: memory)
    var plain: [Tensor: Plain] = [:]
    for (index, parameter) in UpdatePlace.parameters.enumerated() {
      let values = UpdatePlace.numbers(parameter.shape.count, UInt64(index), scale: 3)
      plain[parameter] = Plain(values, convention)
      try memory.upload(values, to: parameter)
      try memory.upload(values, to: parameter.counterpart(.average))
      try memory.upload(
        Array(repeating: convention.initialSecondMoment, count: values.count),
        to: parameter.counterpart(.secondMoment))
    }
    for time in 1...4 {
      for parameter in UpdatePlace.parameters {
        let gradient = UpdatePlace.numbers(parameter.shape.count, UInt64(10 + time))
        try memory.upload(gradient, to: parameter.counterpart(.gradient))
        plain[parameter]?.step(
          gradient.map(Double.init), time: time, rate: rate, decay: decay, kept: kept)
      }
      var control = Control()
      convention.apply(to: &control, step: time - 1, rate: rate, optimizer: optimizer)
      try update.run(control)
    }
    for parameter in UpdatePlace.parameters {
      let expected = try #require(plain[parameter])
      for (role, values, limit) in [
        (.parameter, expected.p, 2e-6), (.firstMoment, expected.m, 1e-6),
        (.average, expected.average, 2e-6),
      ] as [(Role, [Double], Double)] {
        let distance = try UpdatePlace.distance(memory, parameter.counterpart(role), values)
        #expect(distance < limit, "\(role)")
      }
    }
  }

  // MARK: Training

  private let model = Model(
    dataSize: 784, encoder: [.init(hidden: [20], latent: 6)], decoder: [.init(hidden: [20])])
  private let images = Strokes().images(count: 40, seed: 3)

  private func configuration(batchSize: Int = 40) -> TrainingConfiguration {
    TrainingConfiguration(
      objective: .iwae, samples: 4, batchSize: batchSize, passes: 1,
      schedule: .constant(rate: 0.01), seed: 5)
  }

  private func trained(
    _ configuration: TrainingConfiguration, on device: any Device
  ) throws -> [Tensor: [Float]] {
    let trainer = try Trainer(model, configuration, images: images, device: device)
    while !trainer.isDone { _ = try trainer.finishPass() }
    return try trainer.state()
  }

  /// One update, which goes straight from the gradients to the parameters.
  @Test(arguments: Schedule.allCases) func trainingDecays(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    var configuration = configuration()
    let usual = try trained(configuration, on: device)
    configuration.weightDecay = 0.5
    let decayed = try trained(configuration, on: device)
    let start = Trainer.freshState(model, configuration, images)
    for parameter in model.parameters {
      let (whole, less) = (try #require(usual[parameter]), try #require(decayed[parameter]))
      let began = try #require(start[parameter])
      let errors = zip(began, zip(whole, less)).map { p, after in
        // Both are rounded, and the decay before.
        let ulp = Double(max(abs(p), abs(after.0), abs(after.1)).ulp)
        return abs(Double(after.0) - Double(after.1) - 0.01 * 0.5 * Double(p)) / ulp
      }
      #expect(errors.allSatisfy { $0 <= 1.5 }, "\(parameter)")
      #expect((whole != less) == began.contains { $0 != 0 })
      let moment = parameter.counterpart(.firstMoment)
      #expect(usual[moment] == decayed[moment])
    }
  }
}
