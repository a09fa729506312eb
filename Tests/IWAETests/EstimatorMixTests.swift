import Compute
import Datasets
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

/// The estimator that learns the mix of two others.
@Suite struct EstimatorMixTests {
  static let model = Model(
    dataSize: 12, encoder: [.init(hidden: [8], latent: 3)], decoder: [.init(hidden: [8])])
  static let two = Model(
    dataSize: 12, encoder: [.init(hidden: [8], latent: 4), .init(hidden: [6], latent: 2)],
    decoder: [.init(hidden: [6]), .init(hidden: [8])])

  /// A model that its own steps have moved to where its encoder knows something.
  static func trained(_ model: Model) throws -> (parameters: [Tensor: [Float]], images: ImageSet) {
    let address = NoiseAddress(seed: 4, purpose: .data)
    let images = ImageSet(
      name: "bits",
      values: .bytes(
        (0..<60).flatMap { image in
          // Rows of bits that come together.
          (0..<12).map { address.uniform(column: image / 2 * 3 + $0 / 4) < 0.5 ? 1 : 0 }
        }), width: 12)
    var configuration = TrainingConfiguration(
      objective: .iwae, samples: 5, batchSize: 20, passes: 60, schedule: .constant(rate: 0.01),
      binarization: .none)
    configuration.seed = 1
    let trainer = try Trainer(model, configuration, images: images, device: ReferenceDevice())
    while !trainer.isDone { _ = try trainer.finishPass() }
    return (try trainer.state().filter { $0.key.role == .parameter }, images)
  }

  /// The gradients of one tensor after another, draw by draw, by both estimators.
  struct Draws {
    var standard: [[[Float]]] = []
    var doubled: [[[Float]]] = []
    var tensors: [Tensor] = []

    init(
      _ model: Model, _ parameters: [Tensor: [Float]], _ images: ImageSet, _ objective: Objective,
      groups: Int = 1, samples: Int, batch: Int = 4, count: Int
    ) throws {
      let device = ReferenceDevice()
      let data = try ResidentSet(images, for: model, name: "draws")
      let probe = try GradientProbe(
        model,
        StepConfiguration(
          batchSize: batch, groups: groups, samples: samples, objective: objective,
          source: data.batchSource(.none), optimizer: nil),
        estimators: [GradientEstimator(objective, .auto)])
      let memory = try device.allocate(
        model.parameters + data.tensors + probe.targets.flatMap(\.self))
      for (tensor, values) in parameters { try memory.upload(values, to: tensor) }
      try data.upload(to: memory)
      let program = try device.compile(probe.programs[0], on: memory)
      let columns = probe.columns[0]
      let other = try #require(columns.mixed)
      tensors = model.encoderParameters
      for draw in 0..<count {
        try memory.clear(probe.targets.flatMap(\.self))
        var control = Control()
        control.step = UInt32(draw)
        try program.run(control)
        standard.append(try probe.targets[columns.encoder].map(memory.floats))
        doubled.append(try probe.targets[other].map(memory.floats))
      }
    }

    func differences(_ draw: Int) -> [[Float]] {
      zip(doubled[draw], standard[draw]).map { zip($0, $1).map(-) }
    }
  }

  /// The squared distances of a tensor's gradients from their mean, whose mean is their variance.
  static func squares(_ draws: [[Float]]) -> [Double] {
    var mean = [Double](repeating: 0, count: draws[0].count)
    for draw in draws {
      for (index, value) in draw.enumerated() { mean[index] += Double(value) / Double(draws.count) }
    }
    return draws.map { draw in
      zip(draw, mean).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
    }
  }

  @Test(arguments: [1, 3, 10, 30, 100])
  func itVariesNoMoreThanTheBetterOfItsRows(samples: Int) throws {
    try expectLittleVariance(
      of: [.iwae, .vae, .ciwae(beta: 0.3), .renyi(alpha: 0.4)], groups: 1, samples: samples)
  }

  @Test(arguments: [(2, 1), (4, 3), (2, 15)])
  func itVariesNoMoreThanTheBetterOfItsRowsInGroups(groups: Int, samples: Int) throws {
    try expectLittleVariance(of: [.miwae, .piwae], groups: groups, samples: samples)
  }

  private func expectLittleVariance(
    of objectives: [Objective], groups: Int, samples: Int
  ) throws {
    let (parameters, images) = try Self.trained(Self.model)
    for objective in objectives {
      let draws = try Draws(
        Self.model, parameters, images, objective, groups: groups, samples: samples, count: 2800)
      var mix = EstimatorMix(of: draws.tensors)
      for draw in 0..<2000 { mix.learn(draws.standard[draw], draws.differences(draw)) }
      let later = 2000..<2800
      let mixed = later.map { mix.mixed(draws.standard[$0], draws.doubled[$0]) }
      var ratios: [Double] = []
      for (index, tensor) in draws.tensors.enumerated() {
        // Of draws that it did not learn from, how much farther from their mean its gradients are.
        let own = Self.squares(mixed.map { $0[index] })
        let rows = [draws.standard, draws.doubled].map { row in
          Self.squares(later.map { row[$0][index] })
        }
        let better = rows.map { $0.reduce(0, +) }.min() ?? 0
        ratios.append(own.reduce(0, +) / better)
        for row in rows {
          let excess = LogWeights.Estimate(zip(own, row).map(-))
          let error = try #require(excess.squaredError?.squareRoot())
          let size = row.reduce(0, +) / Double(row.count)
          #expect(
            excess.mean < 3 * error && excess.mean < 0.05 * size,
            "\(objective.name) \(tensor.name): \(excess.mean) ± \(error) above \(size)")
        }
      }
      print(
        "auto of \(objective.name), M = \(groups), K = \(samples): a tensor's variance is "
          + "\(ratios.min() ?? .nan) to \(ratios.max() ?? .nan) times that of its better row")
    }
  }

  /// The exact gradient is an integral over the noise of two samples of one latent.
  @Test func itIsRightOnAverage() throws {
    let model = Model(
      dataSize: 12, encoder: [.init(hidden: [4], latent: 1)], decoder: [.init(hidden: [4])])
    let (parameters, all) = try Self.trained(model)
    let images = all.subset(0..<4)
    let device = ReferenceDevice()
    var configuration = StepConfiguration(
      batchSize: 4, samples: 2, objective: .iwae, source: .uploaded(), noiseIsGiven: true,
      optimizer: nil)
    configuration.estimator = .standard
    let step = try Step.build(model, configuration)
    let memory = try device.allocate(model.parameters)
    for (tensor, values) in parameters { try memory.upload(values, to: tensor) }
    let executable = try device.compile(step.program, on: memory)
    try executable.upload(
      (0..<4).flatMap { images.pixels(of: $0) }, to: try #require(step.images))
    let grid = (-30...30).map { Double($0) * 0.2 }
    var exact = model.encoderParameters.map { [Double](repeating: 0, count: $0.shape.count) }
    for a in grid {
      for b in grid {
        let weight = 0.04 * exponential(-(a * a + b * b) / 2) / (2 * Double.pi)
        let noise = (0..<4).flatMap { _ in [Float(a), Float(b)] }
        try executable.upload(noise, to: step.noise[0])
        try executable.run(Control())
        for (index, parameter) in model.encoderParameters.enumerated() {
          let gradient = try memory.floats(parameter.counterpart(.gradient))
          for element in gradient.indices {
            exact[index][element] += weight * Double(gradient[element])
          }
        }
      }
    }
    let draws = try Draws(model, parameters, images, .iwae, samples: 2, count: 6000)
    var mix = EstimatorMix(of: draws.tensors)
    for draw in 0..<200 { mix.learn(draws.standard[draw], draws.differences(draw)) }
    #expect(mix.shares.allSatisfy { $0 != 0 })
    let mixed = (200..<6000).map { mix.mixed(draws.standard[$0], draws.doubled[$0]) }
    for (index, tensor) in draws.tensors.enumerated() {
      let size = exact[index].reduce(0) { $0 + $1 * $1 }.squareRoot()
      let along = mixed.map { draw in
        zip(draw[index], exact[index]).reduce(0) { $0 + Double($1.0) * $1.1 } / size
      }
      let estimate = LogWeights.Estimate(along)
      let error = try #require(estimate.squaredError?.squareRoot())
      #expect(abs(estimate.mean - size) < 3 * error, "\(tensor.name): \(estimate) for \(size)")
      #expect(error < 0.2 * size, "\(tensor.name) is known too badly to tell")
      // Element by element as well, which are so many that some are three errors away by chance.
      for element in exact[index].indices {
        let estimate = LogWeights.Estimate(mixed.map { Double($0[index][element]) })
        let error = try #require(estimate.squaredError?.squareRoot())
        #expect(
          abs(estimate.mean - exact[index][element]) <= 4 * error + 1e-6 * size,
          "\(tensor.name) \(element): \(estimate) for \(exact[index][element])")
      }
    }
  }

  /// What a step adds is the share of the difference that it was told, whatever part of a batch is taken at
  /// a time, on both kinds of device.
  @Test(arguments: [StepPrograms.Division.whole, .images(3)], [Self.model, Self.two])
  func stepsAddTheirShares(division: StepPrograms.Division, model: Model) throws {
    let (parameters, images) = try Self.trained(model)
    for device in [ReferenceDevice(), try OpenCLDevice.open()] as [any Device] {
      defer { device.close() }
      let data = try ResidentSet(images, for: model, name: "data")
      func gradients(_ estimator: Objective.Estimator, _ mix: EstimatorMix?) throws -> [[Float]] {
        let programs = try StepPrograms(
          model,
          StepConfiguration(
            batchSize: 7, groups: 2, samples: 3, objective: .piwae, estimator: estimator,
            source: data.batchSource(.none),
            // Gradients that are not mixed would go straight into the update.
            optimizer: estimator == .auto ? Adam() : nil), division, device)
        let memory = try device.allocate(model.parameters + data.tensors + programs.states)
        for (tensor, values) in parameters { try memory.upload(values, to: tensor) }
        try data.upload(to: memory)
        try mix?.upload(to: memory)
        let runner = try StepRunner(programs, on: memory, device: device)
        try runner.run(Control())
        return try model.encoderParameters.map { try memory.floats($0.counterpart(.gradient)) }
      }
      let standard = try gradients(.standard, nil)
      let doubled = try gradients(.dreg, nil)
      var mix = EstimatorMix(of: model.encoderParameters)
      func expect(_ found: [[Float]], _ expected: [[Float]]) {
        for (found, expected) in zip(found, expected) {
          #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-5 * (1 + abs($1)) })
        }
      }
      expect(try gradients(.auto, mix), standard)
      mix.learn(standard, zip(doubled, standard).map { zip($0, $1).map(-) })
      #expect(mix.shares.contains { abs($0) > 0.1 })
      expect(try gradients(.auto, mix), mix.mixed(standard, doubled))
    }
  }

  /// Learning from what was mixed already comes to the same.
  @Test func whatWasAddedIsTakenAway() {
    let parameter = Tensor("weight", .vector(3), .parameter)
    let (g, d): ([Float], [Float]) = ([1, 2, -1], [0.5, -1, 2])
    var plain = EstimatorMix(of: [parameter])
    plain.learn([g], [d])
    #expect(abs(plain.shares[0] - 3.5 / 5.25) < 1e-6)
    var mixed = EstimatorMix(of: [parameter])
    mixed.learn([zip(g, d).map { $0 + 0.7 * $1 }], [d], added: [0.7])
    #expect(abs(mixed.shares[0] - plain.shares[0]) < 1e-5)
    // No number teaches nothing, and neither does what is the same for both.
    mixed.learn([[.nan, 1, 1]], [d])
    #expect(abs(mixed.shares[0] - plain.shares[0]) < 1e-5)
    var same = EstimatorMix(of: [parameter])
    same.learn([g], [[0, 0, 0]])
    #expect(same.shares == [0])
  }
}
