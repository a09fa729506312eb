import Compute
import Foundation
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

/// Steps in parts: the same gradient and bound as at once, whatever the parts.
@Suite struct StepProgramsTests {
  private static let models = [
    Model(
      dataSize: 37, encoder: [.init(hidden: [19], latent: 5)], decoder: [.init(hidden: [17])]),
    Model(
      dataSize: 21, activation: .softplus,
      encoder: [.init(hidden: [18], latent: 6), .init(hidden: [9], latent: 3)],
      decoder: [.init(hidden: [9]), .init(hidden: [18])]),
    Model(
      dataSize: 10, activation: .relu, likelihood: .gaussian,
      encoder: [
        .init(hidden: [], latent: 4), .init(hidden: [5], latent: 3), .init(hidden: [4], latent: 2),
      ],
      decoder: [.init(hidden: []), .init(hidden: [6]), .init(hidden: [7])]),
  ]

  /// Every objective whose coefficients are data, with every estimator that it has.
  static let objectives: [(Objective, Objective.Estimator)] = {
    let all =
      Objective.names.compactMap { Objective($0, beta: 0.3, alpha: 0.4) }
      + [.renyi(alpha: 2)]
    return all.filter { !$0.rule(groups: 2, samples: 8).needsEverySample }.flatMap { objective in
      objective.hasEstimators
        ? Objective.Estimator.rows.map { (objective, $0) } : [(objective, .standard)]
    }
  }()

  private static func data(
    _ model: Model, images: Int
  ) -> (source: Tensor, order: Tensor, total: Tensor) {
    (
      Tensor("data", .matrix(rows: images, columns: model.dataSize), .resident),
      Tensor("order", .vector(images), .resident, element: .uint32),
      Tensor("total", .vector(1), .state)
    )
  }

  private static func configuration(
    _ model: Model, _ objective: Objective, _ estimator: Objective.Estimator, batch: Int = 3,
    samples: Int = 8, update: Adam? = nil, sumsOverBatch: Bool = false
  ) -> StepConfiguration {
    let (source, order, total) = data(model, images: 2 * batch)
    return StepConfiguration(
      batchSize: batch, groups: 2, samples: samples, objective: objective, estimator: estimator,
      source: .resident(
        source: source, order: order, scale: 1,
        binarization: model.likelihood.isBinarized ? .sample : .none),
      optimizer: update, sumsOverBatch: sumsOverBatch, boundTotal: total)
  }

  /// A device on which the kernels of every step here are compiled at once.
  nonisolated(unsafe) private static let panels = Result { () throws -> OpenCLDevice in
    let device = try OpenCLDevice.open(.automatic, schedule: .panels)
    defer { device.close() }
    var programs: [Program] = []
    for (objective, estimator) in objectives {
      for model in models {
        for division in [.whole, .drawn(5)] + divisions {
          let configuration = configuration(model, objective, estimator)
          if case .drawn = division,
            configuration.objective.rule(groups: 2, samples: 8, estimator: estimator)
              .obstacleToDrawing != nil
          {
            continue
          }
          programs += try StepPrograms(model, configuration, division, device).parts.values
        }
      }
    }
    try device.prepare(programs)
    return device
  }

  /// The gradient of every parameter, and the bound.
  private func gradients(
    _ model: Model, _ objective: Objective, _ estimator: Objective.Estimator,
    _ division: StepPrograms.Division, on device: any Device, batch: Int = 3, samples: Int = 8,
    update: Adam? = nil, sumsOverBatch: Bool = false
  ) throws -> [String: [Float]] {
    let images = 2 * batch
    let (source, order, total) = Self.data(model, images: images)
    let programs = try StepPrograms(
      model,
      Self.configuration(
        model, objective, estimator, batch: batch, samples: samples, update: update,
        sumsOverBatch: sumsOverBatch), division, device)
    let memory = try device.allocate(model.parameters + [source, order, total] + programs.states)
    let address = NoiseAddress(seed: 7, purpose: .data)
    for (index, parameter) in model.parameters.enumerated() {
      var row = address
      row.sample = UInt32(index)
      // Small log-sigmas keep densities, and so all numbers, of moderate size.
      let gain: Float = parameter.name.contains("log_sigma") ? 0.1 : 1
      let scale =
        parameter.shape.isVector ? 0.1 : gain / Float(parameter.shape.columns).squareRoot()
      try memory.upload(
        (0..<parameter.shape.count).map { scale * row.normal(column: $0) }, to: parameter)
    }
    try memory.upload(
      (0..<source.shape.count).map { address.uniform(column: $0) }, to: source)
    try memory.upload(.words((0..<images).map { UInt32(images - 1 - $0) }), to: order)
    // What a gradient held before must not matter.
    for parameter in model.parameters {
      try memory.upload(
        Array(repeating: 3, count: parameter.shape.count), to: parameter.counterpart(.gradient))
    }
    let runner = try StepRunner(programs, on: memory, device: device)
    var control = Control()
    (control.seed, control.step, control.batchOffset, control.klWeight) = (5, 3, 2, 0.8)
    if let update {
      AdamConvention.usual.apply(to: &control, step: 3, rate: 0.01, optimizer: update)
    }
    try runner.run(control)
    try runner.finish()
    var result = ["bound": try memory.floats(total)]
    for parameter in model.parameters {
      result[parameter.name] = try memory.floats(
        update == nil ? parameter.counterpart(.gradient) : parameter)
    }
    return result
  }

  /// The largest error relative to the tensor's root mean square.
  private func worst(_ expected: [String: [Float]], _ found: [String: [Float]]) -> Double {
    var worst = 0.0
    for (name, values) in expected {
      let others = found[name] ?? []
      let scale = values.reduce(0) { $0 + Double($1 * $1) } / Double(values.count)
      for (a, b) in zip(values, others) {
        let error = abs(Double(a) - Double(b)) / max(scale.squareRoot(), 1e-30)
        // A NaN counts as infinite, which no later error replaces.
        worst = error.isNaN ? .infinity : max(worst, error)
      }
      if others.count != values.count { return .infinity }
    }
    return worst
  }

  private static let divisions: [StepPrograms.Division] = [
    .images(1), .images(2), .samples(8), .samples(3), .samples(1),
  ]

  /// However much memory there is, no part takes long, so that whoever stops is heard.
  @Test(arguments: [(50, 20), (5000, 20), (1 << 20, 1), (2, 1 << 20)])
  func noPartTakesLong(samples: Int, batch: Int) throws {
    let model = Model.burda1(dataSize: 784)
    let configuration = Self.configuration(model, .iwae, .standard, batch: batch, samples: samples)
    let programs = try StepPrograms(model, configuration, on: ReferenceDevice(), limit: .max)
    #expect((programs.division == .whole) == (samples * batch <= 10_000))
    for program in programs.parts.values {
      #expect(program.productOperations <= StepPrograms.mostOperations)
    }
    let whole = try StepPrograms(
      model, Self.configuration(model, .iwae, .standard, batch: 20, samples: 50), .whole,
      ReferenceDevice())
    // The encoder's share does not grow with the samples.
    let share = Double(samples * batch) / 1000
    #expect(programs.productOperations > 0.5 * share * whole.productOperations)
  }

  /// What needs all samples at once is taken an image at a time.
  @Test func whatCannotStreamIsDividedByImages() throws {
    let model = Model.burda1(dataSize: 784)
    let configuration = Self.configuration(
      model, .vimco, .standard, batch: 4, samples: 100_000)
    let programs = try StepPrograms(model, configuration, on: ReferenceDevice(), limit: .max)
    #expect(programs.division == .images(1))
  }

  /// In double precision nothing but the order of sums differs, so agreement is to the rounding of
  /// the results to single precision.
  @Test(arguments: objectives.indices) func partsAddUp(index: Int) throws {
    let (objective, estimator) = Self.objectives[index]
    for model in Self.models {
      let device = ReferenceDevice()
      let whole = try gradients(model, objective, estimator, .whole, on: device)
      for division in Self.divisions {
        let found = try gradients(model, objective, estimator, division, on: device)
        let error = worst(whole, found)
        #expect(error < 1e-5, "\(objective) \(estimator) \(division): \(error)")
      }
    }
  }

  @Test(arguments: objectives.indices) func partsAddUpOnOpenCL(index: Int) throws {
    let (objective, estimator) = Self.objectives[index]
    let device = try Self.panels.get()
    for model in Self.models {
      let whole = try gradients(model, objective, estimator, .whole, on: ReferenceDevice())
      for division in [.whole] + Self.divisions {
        let found = try gradients(model, objective, estimator, division, on: device)
        let error = worst(whole, found)
        // Differences of log-weights of some thirty, rounded to single precision.
        #expect(error < 1e-4, "\(objective) \(estimator) \(division): \(error)")
      }
    }
  }

  /// Gradients that are summed over the batch, and the schedule of GPUs.
  @Test func partsOfSumsAddUpOnTiles() throws {
    let tiles = try OpenCLDevice.open(.automatic, schedule: .tiles)
    defer { tiles.close() }
    let whole = try gradients(
      Self.models[1], .piwae, .dreg, .whole, on: ReferenceDevice(), sumsOverBatch: true)
    for division in [.whole] + Self.divisions {
      let found = try gradients(
        Self.models[1], .piwae, .dreg, division, on: tiles, sumsOverBatch: true)
      #expect(worst(whole, found) < 1e-4)
    }
  }

  /// The update follows the sum of the parts.
  @Test func partsUpdate() throws {
    let optimizer = Adam(epsilon: 0.1)
    let device = try OpenCLDevice.open(.automatic, schedule: .panels)
    defer { device.close() }
    let whole = try gradients(
      Self.models[1], .piwae, .dreg, .whole, on: device, update: optimizer)
    for division in Self.divisions {
      let found = try gradients(
        Self.models[1], .piwae, .dreg, division, on: device, update: optimizer)
      #expect(worst(whole, found) < 1e-5)
    }
  }

  /// With many draws, systematic sampling gives each sample its share to within one draw, and the
  /// gradient of all samples.
  @Test func drawsHaveTheirShares() throws {
    let cases: [(Objective, Objective.Estimator)] = [
      (.iwae, .standard), (.iwae, .stl), (.iwae, .dreg), (.miwae, .standard), (.rws, .standard),
      (.renyi(alpha: 0.4), .dreg),
    ]
    for (objective, estimator) in cases {
      for model in Self.models {
        let device = ReferenceDevice()
        let whole = try gradients(model, objective, estimator, .whole, on: device)
        let errors = try [20, 2000].map { draws in
          worst(
            whole, try gradients(model, objective, estimator, .drawn(draws), on: device))
        }
        #expect(errors[1] < 0.02 && errors[1] < errors[0], "\(objective) \(estimator): \(errors)")
        let openCL = try Self.panels.get()
        let expected = try gradients(model, objective, estimator, .drawn(5), on: device)
        let found = try gradients(model, objective, estimator, .drawn(5), on: openCL)
        #expect(worst(expected, found) < 1e-4)
      }
    }
  }

  /// On average over steps, a sample is drawn in proportion to its weight.
  @Test func drawsAreUnbiased() throws {
    let device = ReferenceDevice()
    let logWeights = Tensor("w", .vector(4), .input)
    let drawn = Tensor("drawn", .vector(3), .output, element: .uint32)
    let columns = ["decoder", "path"].map { Tensor($0, .vector(3), .output) }
    let indices = Tensor("indices", .vector(1), .input, element: .uint32)
    var builder = ProgramBuilder("draw")
    try builder.append(
      .draw(
        Draw(
          logWeights: logWeights, groups: 1, samples: 4, count: 3, indices: indices,
          rule: Objective.iwae.rule(groups: 1, samples: 4), drawn: drawn,
          decoderCoefficients: columns[0], pathCoefficients: columns[1])))
    let executable = try device.compile(builder.build(), on: device.allocate([]))
    let weights: [Float] = [0.5, 0.27, 0.03, 0.2]
    try executable.upload(weights.map { -90 + Float(naturalLogarithm($0)) }, to: logWeights)
    try executable.upload(.words([7]), to: indices)
    var shares = [Float](repeating: 0, count: 4)
    let steps = 4000
    for step in 0..<steps {
      var control = Control()
      control.step = UInt32(step)
      try executable.run(control)
      guard case .words(let words) = try executable.download(drawn) else { continue }
      for (word, coefficient) in zip(words, try executable.floats(columns[0])) {
        shares[Int(word)] += coefficient / Float(steps)
      }
    }
    // The standard error of a share is at most half a draw's over the root of the steps: 0.003.
    for (share, weight) in zip(shares, weights) { #expect(abs(share - weight) < 0.01) }
  }

  private func naturalLogarithm(_ x: Float) -> Double { Foundation.log(Double(x)) }

  @Test func objectivesThatCannotDrawSaySo() throws {
    for objective in [Objective.vae, .elbo, .ciwae(beta: 0.5), .piwae, .vimco, .tvo(RiemannSum())] {
      #expect(throws: ProgramError.self) {
        _ = try gradients(Self.models[0], objective, .standard, .drawn(2), on: ReferenceDevice())
      }
    }
  }

  /// The less memory, the smaller the parts; and where nothing fits, the error says what would.
  @Test func theLimitChoosesTheParts() throws {
    let device = ReferenceDevice()
    let source = Tensor("data", .matrix(rows: 20, columns: 784), .resident)
    let order = Tensor("order", .vector(20), .resident, element: .uint32)
    func programs(
      _ limit: Int?, _ objective: Objective = .iwae, samples: Int = 500, drawn: Int? = nil
    ) throws -> StepPrograms {
      try StepPrograms(
        .burda1(dataSize: 784),
        StepConfiguration(
          batchSize: 20, samples: samples, objective: objective,
          source: .resident(source: source, order: order, scale: 1, binarization: .none),
          backwardSamples: drawn),
        on: device, limit: limit)
    }
    var bytes = Int.max
    for limit in [512 << 20, 64 << 20, 20 << 20, 11 << 20] {
      let programs = try programs(limit)
      #expect(programs.bytes <= limit && programs.bytes < bytes)
      bytes = programs.bytes
    }
    #expect(try programs(512 << 20).division == .whole)
    guard case .samples(let count) = try programs(11 << 20).division else {
      Issue.record("11 MiB hold no image of 500 samples")
      return
    }
    #expect(count < 500)
    let small = #expect(throws: StepMemoryError.self) { try programs(1 << 20) }
    #expect(small?.description.hasPrefix("A step within 1048576 bytes was asked for") == true)
    for objective in [Objective.vimco, .tvo(RiemannSum())] {
      #expect(throws: StepMemoryError.self) { try programs(11 << 20, objective) }
    }
    // Samples that are drawn are weighed at once: by itself a device takes a part of its memory at most.
    let large = #expect(throws: StepMemoryError.self) {
      try programs(nil, samples: 1 << 24, drawn: 4)
    }
    let quarter = DeviceError.megabytes(device.memoryBytes / 4)
    #expect(
      large?.description.hasPrefix(
        "A step may take a quarter of what the device gives a process, \(quarter), but it needs")
        == true)
    #expect(large?.description.contains("'--memory'") == true)
    #expect(try programs(nil, samples: 100, drawn: 4).bytes < device.memoryBytes / 4)
  }
}
