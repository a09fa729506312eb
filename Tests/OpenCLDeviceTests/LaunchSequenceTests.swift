import Compute
import Testing

@testable import IWAE
@testable import OpenCLDevice

@Suite struct LaunchSequenceTests {
  private func step(
    batch: Int, samples: Int, leaves: Int = 1, model: Model = .burda1(dataSize: 784)
  ) throws -> Program {
    let source = Tensor("data", .matrix(rows: 99, columns: 784), .resident, element: .uint8)
    let order = Tensor("order", .vector(99), .resident, element: .uint32)
    var configuration = StepConfiguration(
      batchSize: batch, samples: samples, objective: .iwae,
      source: .resident(source: source, order: order, scale: 1, binarization: .sample))
    if leaves > 1 {
      let optimizer = configuration.optimizer
      configuration = configuration.part(of: leaves, among: leaves)
      configuration.optimizer = optimizer
    }
    return try Step.build(model, configuration).program
  }

  private func launchSequence(
    _ program: Program, _ schedule: Schedule = .panels, model: Model = .burda1(dataSize: 784)
  ) -> LaunchSequence {
    LaunchSequence(
      program, tuning: Tuning(schedule: schedule), computeUnits: 2, parameters: model.parameters)
  }

  /// The encoder; the samples there and back; the encoder back; gradients with their updates.
  @Test func aStepIsFourLaunches() throws {
    let launches = launchSequence(try step(batch: 20, samples: 50)).launches
    #expect(launches.map(\.kernel) == [.walk, .walk, .walk, .sum])
    // Blocks of two images of fifty samples, ten for two processors.
    #expect(launches[1].units == 20 && launches[1].unitsPerGroup == 2 && launches[1].groups == 10)
  }

  /// What leaves' bounds come to waits for the gradients, and cuts no walk in two.
  @Test(arguments: Schedule.allCases) func leavesAtOnceTakeNoMoreLaunches(schedule: Schedule) throws
  {
    let whole = launchSequence(try step(batch: 20, samples: 50), schedule)
    let program = try step(batch: 20, samples: 50, leaves: 2)
    let leaves = launchSequence(program, schedule)
    #expect(leaves.launches.map(\.kernel) == whole.launches.map(\.kernel))
    #expect(leaves.launches.map(\.groups) == whole.launches.map(\.groups))
    #expect(leaves.joinsUpdate)
    let sums = program.operations.compactMap {
      if case .weightGradient(let sum) = $0 { sum.leaves } else { nil }
    }
    #expect(sums.count == 14 && sums.allSatisfy { $0 == 2 })
  }

  /// In tiles the samples' way is cut where an image's are put together: a block holds few rows. All
  /// gradients share a launch with the update.
  @Test func aStepInTilesIsSixLaunches() throws {
    let program = try step(batch: 20, samples: 50)
    let sequence = launchSequence(program, .tiles)
    let last = try #require(sequence.launches.last)
    let gradients = program.operations.indices.filter {
      if case .weightGradient = program.operations[$0] { true } else { false }
    }
    #expect(sequence.launches.map(\.kernel) == [.walk, .walk, .walk, .walk, .walk, .sum])
    #expect(sequence.joinsUpdate)
    #expect(Set(last.operations).isSuperset(of: gradients))
    // Tiles of 32 x 32 of the seven weights, and of 32 outputs of their biases.
    #expect(last.groups == 490 + 57 + 1)
  }

  @Test func aStepOfTwoLayersInTilesIsSixLaunches() throws {
    let model = Model.burda2(dataSize: 784)
    let launches = launchSequence(
      try step(batch: 20, samples: 50, model: model), .tiles, model: model
    )
    .launches
    #expect(launches.count == 6, "\(launches.map(\.kernel))")
  }

  /// A block may not replace what other blocks read all of: as many components as samples, which walk
  /// together.
  @Test(arguments: [Objective.iwae, .rws])
  func whatIsReadWholeIsNotScaled(objective: Objective) throws {
    var model = Model.burda1(dataSize: 784)
    model.prior = .vamp(100)
    let program = try Step.build(
      model,
      StepConfiguration(
        batchSize: 20, samples: 5, objective: objective, source: .uploaded(hasMissing: false))
    ).program
    var readers = 0
    for launch in launchSequence(program, model: model).launches {
      let operations = launch.operations.map { program.operations[$0] }
      let whole = Set(operations.flatMap(\.readsWhole))
      readers += whole.contains { $0.name == "latent.0" } ? 1 : 0
      for case .scaling(let scaling) in launch.work { #expect(!whole.contains(scaling.input)) }
    }
    #expect(readers == 1)
  }

  /// Logits and the samples' cotangents are never written, inputs of gradients are scaled where they
  /// lie, and every gradient goes straight into its update; with an observer, nothing of the sort.
  @Test func whatNothingReadsIsNotWritten() throws {
    let program = try step(batch: 20, samples: 50)
    let full = launchSequence(program)
    #expect(Set(full.unstored.map(\.name)) == ["decoder.0.logits", "latent.0.delta"])
    let work = full.launches.flatMap(\.work)
    let scalings = work.count { if case .scaling = $0 { true } else { false } }
    #expect(scalings == 3)
    #expect(full.joinsUpdate)
    let observable = LaunchSequence(
      program, tuning: Tuning(schedule: .panels), computeUnits: 2,
      parameters: Model.burda1(dataSize: 784).parameters, fusion: .observable)
    #expect(observable.unstored.isEmpty && !observable.joinsUpdate)
    let plain = observable.launches.flatMap(\.work).allSatisfy {
      switch $0 {
      case .operation(_, products: []), .gradient(_, isScaled: false, optimizer: nil): true
      case .operation, .scaling, .gradient: false
      }
    }
    #expect(plain)
  }

  /// A likelihood's map takes the sums of the products that it alone reads, and so does the map that
  /// weighs the samples' cotangents.
  @Test func productsJoinMaps() throws {
    let expected: [(Likelihood, [String])] = [
      (.bernoulli, ["decoder.0.logits"]), (.gaussian, ["decoder.0.mean", "decoder.0.log_sigma"]),
      (.gaussianShared, ["decoder.0.mean"]), (.poisson, ["decoder.0.log_rate"]),
    ]
    for (likelihood, heads) in expected {
      var model = Model.burda1(dataSize: 784)
      model.likelihood = likelihood
      let program = try step(batch: 20, samples: 50, model: model)
      let joined = launchSequence(program, model: model).joined
      #expect(joined == [heads, ["latent.0.delta"]], "\(likelihood)")
      #expect(launchSequence(program, .tiles, model: model).joined.isEmpty)
    }
  }

  /// What something else reads is stored, and so is what somebody looks at.
  @Test func productsThatOthersReadStandAlone() throws {
    let x = Tensor("x", .matrix(rows: 6, columns: 4), .input)
    let weight = Tensor("w", .matrix(rows: 3, columns: 4), .parameter)
    let sum = Tensor("sum", .vector(6), .output)
    func joined(
      _ role: Role, _ activation: Activation, isReadAgain: Bool, _ fusion: Fusion = .full
    ) throws -> [[String]] {
      let logits = Tensor("logits", .matrix(rows: 6, columns: 3), role)
      var builder = ProgramBuilder("test")
      try builder.append(
        .multiply(Multiply(input: x, weight: weight, activation: activation, output: logits)))
      try builder.append(
        .map(Map([.init(sumOf: .softplus("logits"), into: sum)], reading: [logits])))
      if isReadAgain {
        let copy = Tensor("copy", logits.shape, .output)
        try builder.append(.map(Map([.init("logits", into: copy)], reading: [logits])))
      }
      return LaunchSequence(
        builder.build(), tuning: Tuning(schedule: .panels), computeUnits: 2, parameters: [weight],
        fusion: fusion
      ).joined
    }
    #expect(try joined(.temporary, .identity, isReadAgain: false) == [["logits"]])
    #expect(try joined(.temporary, .identity, isReadAgain: true).isEmpty)
    #expect(try joined(.output, .identity, isReadAgain: false).isEmpty)
    #expect(try joined(.temporary, .tanh, isReadAgain: false).isEmpty)
    #expect(try joined(.temporary, .identity, isReadAgain: false, .observable).isEmpty)
    #expect(try joined(.temporary, .identity, isReadAgain: false, .none).isEmpty)
  }

  /// Maps are rows' operations like any other: the sample, its density, the likelihood, and what
  /// puts log-weights together run in one walk with the products.
  @Test func mapsJoinWalks() throws {
    let program = try step(batch: 20, samples: 50)
    let launches = launchSequence(program).launches
    for (index, operation) in program.operations.enumerated() {
      guard case .map = operation else { continue }
      let launch = try #require(launches.first { $0.operations.contains(index) })
      #expect(launch.kernel == .walk && launch.operations.count > 1)
    }
  }

  /// An update joins the gradients only if every parameter has one.
  @Test func aParameterWithoutGradientIsUpdatedAlone() throws {
    let program = try step(batch: 2, samples: 3)
    let more = Tensor("another", .vector(3), .parameter)
    let sequence = LaunchSequence(
      program, tuning: Tuning(schedule: .panels), computeUnits: 2,
      parameters: Model.burda1(dataSize: 784).parameters + [more])
    #expect(sequence.launches.last?.kernel == .update && !sequence.joinsUpdate)
  }

  /// One sample an image: everything that walks rows is one launch.
  @Test func oneSampleIsOneWalk() throws {
    let launches = launchSequence(try step(batch: 20, samples: 1)).launches
    #expect(launches.map(\.kernel) == [.walk, .sum])
    #expect(launches[0].unitsPerGroup == 10)
  }

  /// No processor is left with a block more than it must have, and blocks are as large as that
  /// allows.
  @Test func blocksAreEven() throws {
    for (samples, images) in [(25, 2), (30, 2), (50, 2), (10, 10), (99, 1), (20, 5)] {
      let launches = launchSequence(try step(batch: 20, samples: samples)).launches
      #expect(launches[1].unitsPerGroup == images, "K=\(samples): \(launches[1].unitsPerGroup)")
    }
  }

  /// Gradients that other operations compute are not updated in place, and the optimizer still runs.
  @Test func sumsThatAreNoGradientsAreNotUpdated() throws {
    let parameter = Tensor("p", .matrix(rows: 3, columns: 4), .parameter)
    let accumulator = Tensor("a", .matrix(rows: 3, columns: 4), .accumulator)
    var builder = ProgramBuilder("end")
    try builder.append(
      .normalize(
        Normalize(
          input: accumulator, sum: Tensor("sum", .vector(1), .input),
          output: parameter.counterpart(.gradient))))
    try builder.append(.adam(Adam()))
    let sequence = LaunchSequence(
      builder.build(), tuning: Tuning(schedule: .panels), computeUnits: 2, parameters: [parameter])
    #expect(sequence.launches.map(\.kernel) == [.sum, .update])
  }

  /// Images of too many samples for a block are taken apart, and put together by image.
  @Test func noBlockHasMoreRowsThanAWalkTakes() throws {
    let shapes = [(tile: 16, item: 2), (32, 4), (64, 8)].flatMap { shape in
      [1, 4, 8].map {
        Tuning(schedule: .tiles, tile: shape.tile, item: shape.item, walkDown: $0)
      }
    }
    for (batch, samples) in [(2, 5000), (20, 50), (20, 5), (7, 1), (1, 16)] {
      let program = try step(batch: batch, samples: samples, model: .burda2(dataSize: 784))
      for tuning in Tuning.all + shapes {
        let launches = LaunchSequence(
          program, tuning: tuning, computeUnits: 2, parameters: [], fusion: .full
        ).launches
        for launch in launches where launch.kernel == .walk {
          for rows in launch.operations.compactMap({ program.operations[$0].rows }) {
            #expect(rows / launch.units * launch.unitsPerGroup <= tuning.walkRows)
          }
        }
      }
    }
  }

  /// Products and walks stage their operands in local memory, and then rows of their sums.
  @Test func localMemoryHoldsWhatIsStaged() {
    for (tile, item) in [(16, 2), (32, 4), (64, 8), (128, 4), (8, 8)] {
      for depth in [4, 8, 32] {
        for (group, down) in [(1, 1), (30, 2), (64, 4), (128, 4), (128, 8)] {
          let tuning = Tuning(
            schedule: .tiles, groupSize: group, tile: tile, tileDepth: depth, item: item,
            walkDown: down)
          let side = tile / item
          #expect(tuning.localBytes(of: .tiles) >= 2 * 4 * 2 * depth * (tile + 4))
          #expect(tuning.localBytes(of: .tiles) >= 4 * side * tile)
          // Halves of the side, each of which sums a part of the rows, if there are any.
          let (parts, sums) = side % 2 == 0 ? (4, tile / 2) : (1, tile)
          #expect(tuning.localBytes(of: .sums) >= parts * 4 * 2 * depth * (sums + 4))
          let (rows, columns) = (down * item, group / down * item)
          #expect(tuning.localBytes(of: .walk) >= 2 * 4 * depth * (rows + 4 + columns + 4))
          #expect(tuning.localBytes(of: .walk) >= 4 * max(down * columns, group))
        }
      }
    }
  }

  @Test(arguments: Schedule.allCases) func everyOperationRunsOnce(schedule: Schedule) throws {
    for (batch, samples) in [(1, 1), (20, 50), (3, 5000), (7, 13)] {
      for model in [Model.burda1(dataSize: 784), .burda2(dataSize: 784)] {
        let program = try step(batch: batch, samples: samples, model: model)
        let launches = launchSequence(program, schedule, model: model).launches
        #expect(launches.flatMap(\.operations).sorted() == Array(program.operations.indices))
        #expect(launches.allSatisfy { $0.groups >= 1 && $0.units >= 1 })
      }
    }
  }

  /// An operation never runs before one whose result it reads, or whose operand it replaces.
  @Test(arguments: Schedule.allCases) func launchesKeepTheOrder(schedule: Schedule) throws {
    let model = Model.burda2(dataSize: 784)
    let program = try step(batch: 20, samples: 50, model: model)
    let order = launchSequence(program, schedule, model: model).launches.flatMap(\.operations)
    for (position, index) in order.enumerated() {
      let operation = program.operations[index]
      for later in order[(position + 1)...] where later < index {
        let moved = program.operations[later]
        #expect(operation.reads.allSatisfy { !moved.writes.contains($0) })
        #expect(
          operation.writes.allSatisfy { !moved.writes.contains($0) && !moved.reads.contains($0) })
      }
    }
  }

  /// Tensors that hold values in the same launch never share a place.
  @Test(arguments: Schedule.allCases) func placesAreNotSharedWithinALaunch(
    schedule: Schedule
  ) throws {
    for (batch, samples) in [(20, 50), (3, 500)] {
      let model = Model.burda2(dataSize: 784)
      let program = try step(batch: batch, samples: samples, model: model)
      let sequence = launchSequence(program, schedule, model: model)
      let launches = sequence.launches
      let workspace = WorkspaceLayout(program, sequence, layout: schedule, protection: .none)
      var alive: [Tensor: ClosedRange<Int>] = [:]
      for (index, launch) in launches.enumerated() {
        for operation in launch.operations.map({ program.operations[$0] }) {
          for tensor in operation.reads + operation.writes
          where workspace.placements[tensor] != nil {
            let known = alive[tensor] ?? index...index
            alive[tensor] = min(known.lowerBound, index)...max(known.upperBound, index)
          }
        }
      }
      let tensors = Array(alive.keys)
      for (i, first) in tensors.enumerated() {
        for second in tensors[(i + 1)...] {
          guard let one = alive[first], let two = alive[second], one.overlaps(two),
            let a = workspace.placements[first], let b = workspace.placements[second]
          else { continue }
          let (p, q) = (
            a.offset..<a.offset + schedule.size(of: first),
            b.offset..<b.offset + schedule.size(of: second)
          )
          #expect(!p.overlaps(q), "\(first) and \(second)")
        }
      }
      let apart = tensors.reduce(0) { $0 + schedule.size(of: $1) }
      #expect(workspace.size < apart)
    }
  }
}

extension LaunchSequence {
  /// The products that each map takes, by what they compute.
  fileprivate var joined: [[String]] {
    launches.flatMap(\.work).compactMap { work in
      guard case .operation(_, let products) = work, !products.isEmpty else { return nil }
      return products.flatMap { program.operations[$0].writes.map(\.name) }
    }
  }
}
