import Compute
import Conformance
import Datasets
import Foundation
import Testing

@testable import IWAE

/// Training and evaluation on several ranks: the same bits for any number of them.
@Suite struct LeafTests {
  private static let model = Model(
    dataSize: 784, encoder: [.init(hidden: [20, 20], latent: 6), .init(hidden: [10], latent: 4)],
    decoder: [.init(hidden: [10]), .init(hidden: [20, 20])])
  private static let images = Strokes().images(count: 96, seed: 3)
  private static let validation = Strokes().images(count: 50, seed: 4)

  private static func configuration(
    leaves: Int, _ objective: Objective = .iwae
  ) -> TrainingConfiguration {
    var result = TrainingConfiguration(
      objective: objective, samples: 5, batchSize: 24, passes: 2, seed: 5)
    result.leaves = leaves
    return result
  }

  /// What training came to.
  private struct Outcome: Equatable, Sendable {
    var state: [String: [UInt32]]
    var progress: TrainingProgress
    var bounds: [Double]
    var validations: [Double?]

    func values(_ role: Role) -> [Float] {
      state.filter { $0.key.hasPrefix(role.rawValue) }.sorted { $0.key < $1.key }
        .flatMap { $0.value.map(Float.init(bitPattern:)) }
    }
  }

  private static func device(_ place: UpdatePlace, _ ranks: any Ranks) throws -> any Device {
    let device = try place.open()
    device.ranks = ranks
    return device
  }

  private static func trained(
    _ configuration: TrainingConfiguration, ranks: Int, on place: UpdatePlace = .panels,
    stopping: Bool = false, validates: Bool = true, of model: Model = model,
    images: ImageSet = images
  ) throws -> [Outcome] {
    try ThreadRanks.run(ranks) { ranks in
      let device = try device(place, ranks)
      defer { device.close() }
      func trainer(_ former: Trainer? = nil) throws -> Trainer {
        try Trainer(
          model, configuration, images: images, validation: validates ? validation : nil,
          device: device,
          state: try former?.state(), progress: former?.progress ?? TrainingProgress())
      }
      var current = try trainer()
      var (bounds, validations): ([Double], [Double?]) = ([], [])
      var looks = 0
      while !current.isDone {
        // One rank alone asks, and all stop with it.
        let report = try current.finishPass(every: stopping ? .zero : .seconds(60)) { _ in
          looks += 1
          return !stopping || ranks.rank != ranks.count - 1 || looks % 5 != 0
        }
        if let report {
          bounds.append(report.bound)
          validations.append(report.validation)
        } else {
          current = try trainer(current)
        }
      }
      let state = Dictionary(
        uniqueKeysWithValues: try current.state().map {
          ("\($0.key.role.rawValue) \($0.key.name)", $0.value.map(\.bitPattern))
        })
      return Outcome(
        state: state, progress: current.progress, bounds: bounds, validations: validations)
    }
  }

  @Test(arguments: UpdatePlace.allCases)
  func anyNumberOfRanksTrainsToTheSameBits(place: UpdatePlace) throws {
    let configuration = Self.configuration(leaves: 4)
    let alone = try Self.trained(configuration, ranks: 1, on: place)[0]
    #expect(alone.bounds.count == 2)
    for ranks in 2...4 {
      let outcomes = try Self.trained(configuration, ranks: ranks, on: place)
      #expect(outcomes.count == ranks && outcomes.allSatisfy { $0 == alone })
    }
    // Steps that are not divided compute the same up to rounding.
    let whole = try Self.trained(
      Self.configuration(leaves: 1), ranks: 1, on: place)[0]
    let pairs = zip(alone.values(.parameter), whole.values(.parameter))
    let distance = pairs.reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) }
    let size = whole.values(.parameter).reduce(0.0) { $0 + pow(Double($1), 2) }
    #expect((distance / size).squareRoot() < 1e-5)
    #expect(abs(alone.bounds[1] - whole.bounds[1]) < 1e-3)
  }

  /// A model or a way to train it, and whether leaves of it can be taken at once.
  struct Kind: CustomTestStringConvertible, Sendable {
    var name: String
    var isTakenAtOnce = true
    var objective = Objective.iwae
    var prior = Prior.standardNormal
    var posterior = Posterior.gaussian
    var likelihood = Likelihood.bernoulli
    var hiddenKind = HiddenKind.dense
    var missing = false
    var change: @Sendable (inout TrainingConfiguration) -> Void = { _ in }

    var testDescription: String { name }

    var model: Model {
      Model(
        dataSize: 784, hiddenKind: hiddenKind, likelihood: likelihood,
        encoder: [.init(hidden: [10], latent: 4, posterior: posterior)],
        decoder: [.init(hidden: [10])], prior: prior)
    }

    var configuration: TrainingConfiguration {
      var result = LeafTests.configuration(leaves: 4, objective)
      change(&result)
      return result
    }

    static let all = [
      Kind(name: "rws", objective: .rws), Kind(name: "piwae", objective: .piwae),
      Kind(name: "vimco", objective: .vimco),
      Kind(name: "vamp", isTakenAtOnce: false, prior: .vamp(4)),
      Kind(name: "mixture", isTakenAtOnce: false, prior: .mixture(6)),
      Kind(name: "held mixture", prior: .mixture(6)) { $0.holdsModel = true },
      Kind(name: "held", change: { $0.holdsModel = true }),
      Kind(name: "prior flow", prior: .flow(steps: 2)),
      Kind(name: "full", posterior: .full),
      Kind(name: "flow", posterior: .flow(steps: 2)),
      Kind(
        name: "bernoulli latents", objective: .vimco, prior: .bernoulli,
        posterior: .bernoulli),
      Kind(name: "gaussian", likelihood: .gaussian),
      Kind(name: "negative binomial", likelihood: .negativeBinomial),
      Kind(name: "gated", hiddenKind: .gated),
      Kind(name: "missing", missing: true),
      Kind(name: "clipped, averaged and decayed") {
        ($0.clipNorm, $0.averageDecay, $0.weightDecay) = (0.5, 0.9, 0.01)
      },
      Kind(name: "drawn", isTakenAtOnce: false) { $0.backwardSamples = 2 },
    ]
  }

  @Test(arguments: Kind.all) func anyModelTrainsToTheSameBits(kind: Kind) throws {
    let images = kind.missing ? Self.withHoles : Self.images
    let device = try UpdatePlace.panels.open()
    defer { device.close() }
    let data = try ResidentSet(images, for: kind.model, name: "training")
    let programs = try LeafPrograms(
      kind.model, kind.configuration.step(batchSize: 24, source: data.batchSource(.none)),
      leaves: 4, on: device, limit: nil)
    #expect((programs.nodes == [0..<4]) == kind.isTakenAtOnce)
    let outcomes = try [1, 2, 3, 4].map {
      try Self.trained(
        kind.configuration, ranks: $0, validates: false, of: kind.model, images: images)[0]
    }
    #expect(outcomes[0].bounds.count == 2 && outcomes.allSatisfy { $0 == outcomes[0] })
    #expect(outcomes[0].bounds.allSatisfy { $0.isFinite })
  }

  /// The images, of which each lacks some values.
  private static let withHoles: ImageSet = {
    let values = (0..<images.count).flatMap { image in
      images.pixels(of: image).enumerated().map { ($0.offset + image) % 7 == 3 ? .nan : $0.element }
    }
    return ImageSet(name: "holes", values: .floats(values), width: 784)
  }()

  /// Sums of so many leaves have the bits of those that the host adds up, of weights and of biases.
  @Test(arguments: [UpdatePlace.panels, .tiles])
  func leavesAreAddedAsTheirTreeHasIt(place: UpdatePlace) throws {
    let (rows, outputs, inputs) = (7, 17, 31)
    let weight = Tensor("weight", .matrix(rows: outputs, columns: inputs), .parameter)
    let bias = Tensor("bias", .vector(outputs), .parameter)
    let device = try place.open()
    defer { device.close() }
    /// The gradients of some leaves, in one run.
    func gradients(_ leaves: Range<Int>) throws -> [[Float]] {
      let count = rows * leaves.count
      let delta = Tensor("delta", .matrix(rows: count, columns: outputs), .input)
      let input = Tensor("input", .matrix(rows: count, columns: inputs), .input)
      let scale = Tensor("scale", .vector(count), .input)
      var builder = ProgramBuilder("leaves")
      try builder.append(
        .weightGradient(
          WeightGradient(
            delta: delta, input: input, rowScale: scale, gradient: weight.counterpart(.gradient),
            leaves: leaves.count)))
      try builder.append(
        .weightGradient(
          WeightGradient(
            delta: delta, gradient: bias.counterpart(.gradient), leaves: leaves.count)))
      let memory = try device.allocate([weight, bias])
      let program = try device.compile(builder.build(), on: memory)
      for (seed, tensor) in [delta, input, scale].enumerated() {
        let columns = tensor.shape.columns
        try program.upload(
          UpdatePlace.numbers(rows * 16 * columns, UInt64(seed))[
            leaves.lowerBound * rows * columns..<leaves.upperBound * rows * columns
          ].map(\.self),
          to: tensor)
      }
      try program.run(Control())
      return try [weight, bias].map { try memory.floats($0.counterpart(.gradient)) }
    }
    let apart = try (0..<16).map { try gradients($0..<$0 + 1) }
    for count in 2...(place == .panels ? 16 : 2) {
      let found = try gradients(0..<count)
      for index in found.indices {
        let expected = LeafTree(leaves: count).sum(of: apart.prefix(count).map { $0[index] })
        let isSame = found[index].map(\.bitPattern) == expected.map(\.bitPattern)
        #expect(isSame, "\(count) leaves")
      }
    }
    #expect(throws: DeviceError.self) { try gradients(0..<(place == .panels ? 17 : 3)) }
  }

  /// Devices may take numbers too small to be normal for zeros, and so do sums of the host.
  @Test(arguments: [UpdatePlace.panels, .tiles])
  func sumsThatAreTooSmallAreZerosEverywhere(place: UpdatePlace) throws {
    let weight = Tensor("weight", .matrix(rows: 1, columns: 2), .parameter)
    let device = try place.open()
    defer { device.close() }
    func gradients(_ inputs: [[Float]]) throws -> [Float] {
      let leaves = inputs.count
      let delta = Tensor("delta", .matrix(rows: leaves, columns: 1), .input)
      let input = Tensor("input", .matrix(rows: leaves, columns: 2), .input)
      var builder = ProgramBuilder("leaf")
      try builder.append(
        .weightGradient(
          WeightGradient(
            delta: delta, input: input, gradient: weight.counterpart(.gradient), leaves: leaves)))
      let memory = try device.allocate([weight])
      let program = try device.compile(builder.build(), on: memory)
      try program.upload(Array(repeating: 1e-19, count: leaves), to: delta)
      try program.upload(inputs.flatMap(\.self), to: input)
      try program.run(Control())
      return try memory.floats(weight.counterpart(.gradient))
    }
    let leaves: [[Float]] = [[1.5e-19, 3], [-1.4e-19, 4]]
    let apart = try leaves.map { try gradients([$0]) }
    #expect(apart[0][0] > .leastNormalMagnitude)
    let pair = try gradients(leaves)
    #expect(pair.map(\.bitPattern) == LeafTree(leaves: 2).sum(of: apart).map(\.bitPattern))
    #expect(pair[0] == 0 && pair[1] > 6e-19)
  }

  /// A batch whose images meet elsewhere than in gradients is taken leaf by leaf, and so is one that the
  /// memory does not hold.
  @Test func leavesAreTakenAtOnceWhereTheyCanBe() throws {
    func programs(
      _ model: Model, _ leaves: Int, on place: UpdatePlace = .panels, limit: Int? = nil
    ) throws -> LeafPrograms {
      let device = try place.open()
      defer { device.close() }
      return try LeafPrograms(
        model, Self.configuration(leaves: leaves).step(batchSize: 24, source: .uploaded()),
        leaves: leaves, on: device, limit: limit)
    }
    func model(_ prior: Prior) -> Model {
      Model(
        dataSize: 784, encoder: [.init(hidden: [10], latent: 4)], decoder: [.init(hidden: [10])],
        prior: prior)
    }
    for place in [UpdatePlace.reference, .panels] {
      let all = try programs(Self.model, 4, on: place)
      #expect(all.nodes == [0..<4] && all.update == nil && all.programs.count == 1)
    }
    #expect(try programs(Self.model, 24).nodes == [0..<12, 12..<24])
    let tiles = try programs(Self.model, 4, on: .tiles)
    #expect(tiles.nodes == [0..<2, 2..<4] && tiles.update != nil)
    let vamp = try programs(model(.vamp(24)), 4)
    #expect(vamp.nodes.count == 4 && vamp.atOnce == 1 && vamp.update != nil)
    let mixture = try programs(model(.mixture(24)), 4)
    #expect(mixture.nodes.count == 4)
    let whole = try programs(Self.model, 4).largest?.bytes ?? 0
    #expect(try programs(Self.model, 4, limit: whole - 1).nodes == [0..<2, 2..<4])
  }

  @Test func oneRankThatStopsStopsAllAndNothingIsLost() throws {
    let configuration = Self.configuration(leaves: 3)
    let usual = try Self.trained(configuration, ranks: 1)[0]
    let stopped = try Self.trained(configuration, ranks: 3, stopping: true)
    #expect(stopped.allSatisfy { $0 == usual })
  }

  /// Their bounds are added in double precision, those of whole batches in single.
  @Test func sumsOfBoundsAreAsLargeAsTheyCanBe() {
    var progress = TrainingProgress()
    (progress.step, progress.batch, progress.openBound) = (2, 2, 5e38)
    #expect(progress.problem(images: 6, batchSize: 2, leaves: 2) == nil)
    #expect(progress.problem(images: 6, batchSize: 2) != nil)
    progress.openBound = -7e38
    #expect(progress.problem(images: 6, batchSize: 2, leaves: 2) != nil)
  }

  /// Samples in parts, samples that are drawn, and gradients summed over a batch.
  @Test func everyWayToTakeAStepHasLeaves() throws {
    var drawn = Self.configuration(leaves: 2)
    drawn.backwardSamples = 2
    var released = Self.configuration(leaves: 2)
    released.convention = .released
    var small = Self.configuration(leaves: 2)
    (small.samples, small.memoryLimit) = (40, 4 << 20)
    for configuration in [drawn, released, small, Self.configuration(leaves: 2, .vimco)] {
      let alone = try Self.trained(configuration, ranks: 1)[0]
      let both = try Self.trained(configuration, ranks: 2)
      #expect(both == [alone, alone])
    }
  }

  /// A rate after whose first step no other gives a number: all are made again, by all ranks, and left out.
  @Test func ranksLeaveOutTheSameSteps() throws {
    var configuration = Self.configuration(leaves: 4)
    (configuration.onNaN, configuration.schedule) = (.skip, .constant(rate: 1e30))
    configuration.passes = 1
    let alone = try Self.trained(configuration, ranks: 1, validates: false)[0]
    #expect(alone.progress.skippedSteps == [1, 2, 3])
    let both = try Self.trained(configuration, ranks: 2, validates: false)
    #expect(both == [alone, alone])
  }

  @Test func ratesAreHalvedByAll() throws {
    var configuration = Self.configuration(leaves: 4)
    (configuration.onNaN, configuration.schedule) = (.lowerRate, .constant(rate: 1e30))
    configuration.passes = 1
    let problem = #expect(throws: TrainingError.self) {
      try Self.trained(configuration, ranks: 1)
    }
    let same = #expect(throws: TrainingError.self) { try Self.trained(configuration, ranks: 2) }
    #expect(problem?.description == same?.description && problem != nil)
  }

  @Test(arguments: [(24, 5, 1), (24, 1, 2), (24, 2, 3), (24, 24, 25)])
  func leavesThatCannotBeAreRefused(batch: Int, leaves: Int, ranks: Int) throws {
    var configuration = Self.configuration(leaves: leaves)
    configuration.batchSize = batch
    #expect(throws: TrainingError.self) {
      try Self.trained(configuration, ranks: ranks, on: .reference)
    }
  }

  /// Where a batch would have all images, each rank gets some, and the digits are the same.
  @Test(arguments: [UpdatePlace.reference, .panels])
  func fewImagesKeepAllRanksAtWork(place: UpdatePlace) throws {
    let parameters = Self.model.initialParameters(seed: 3)
    let images = Self.validation.subset(0..<9)
    /// What it came to, and the batches after which ranks are told.
    func evaluations(_ count: Int) throws -> [(text: String, batches: Int)] {
      try ThreadRanks.run(count) { ranks -> (text: String, batches: Int) in
        let device = try Self.device(place, ranks)
        defer { device.close() }
        var told: Set<Int> = []
        let evaluation = try Evaluator(
          Self.model, parameters: parameters, images: images, device: device, samples: 10, seed: 9
        ).evaluate(progress: { done in
          told.insert(done)
          return true
        })
        return ("\(String(describing: evaluation))", told.subtracting([0]).count)
      }
    }
    let alone = try evaluations(1)[0]
    #expect(alone.batches == 1)
    for count in [3, 5] {
      let all = try evaluations(count)
      #expect(all.map { $0.text } == Array(repeating: alone.text, count: count))
      #expect(all.map { $0.batches } == Array(repeating: count, count: count))
    }
  }

  @Test func evaluationsAreTheSameToTheDigit() throws {
    let parameters = Self.model.initialParameters(seed: 3)
    func evaluations(_ count: Int) throws -> [String] {
      try ThreadRanks.run(count) { ranks in
        let device = try Self.device(.panels, ranks)
        defer { device.close() }
        var weights = ""
        let evaluation = try Evaluator(
          Self.model, parameters: parameters, images: Self.validation, device: device, samples: 30,
          batchSize: 7, chunk: 20, seed: 9
        ).evaluate { _ in
          true
        } observe: {
          weights += "\($0)"
        }
        return "\(String(describing: evaluation)) \(weights)"
      }
    }
    let alone = try evaluations(1)[0]
    for count in 2...3 {
      let all = try evaluations(count)
      #expect(all == Array(repeating: alone, count: count))
    }
  }
}
