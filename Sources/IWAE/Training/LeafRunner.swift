import Compute

/// Carries out steps whose batches are divided into leaves, each with a gradient of its own. Gradients
/// are added in a fixed tree: parameters have the same bits for any number of ranks up to the leaves.
final class LeafRunner {
  /// A step's mean bound, and whether a rank wants to stop.
  struct Outcome {
    var bound: Double
    var stops: Bool
  }

  /// The time that went by until sums were there, besides that of the leaves, in seconds; and the steps and
  /// the bytes of a sum. Of several ranks, that of waiting for the others is part of it.
  private(set) var reduction = (seconds: 0.0, steps: 0, bytes: 0)
  private let programs: LeafPrograms
  /// The runners of nodes of so many leaves.
  private let runners: [Int: StepRunner]
  /// That of the most leaves.
  let largest: StepRunner
  private let update: (any Executable)?
  private let memory: any Memory
  private let ranks: any Ranks
  private let leafSize: Int

  /// - Parameters:
  ///   - programs: What computes the gradients of this rank's leaves.
  ///   - leafSize: The images of a leaf.
  ///   - memory: The memory of the programs.
  ///   - device: The device of that memory.
  init(
    _ programs: LeafPrograms, leafSize: Int, on memory: any Memory, device: any Device
  ) throws(DeviceError) {
    self.programs = programs
    self.leafSize = leafSize
    self.memory = memory
    ranks = device.ranks
    var runners: [Int: StepRunner] = [:]
    for (leaves, programs) in programs.programs {
      runners[leaves] = try StepRunner(programs, on: memory, device: device)
    }
    self.runners = runners
    guard let largest = runners.max(by: { $0.key < $1.key }) else {
      preconditionFailure("a rank without leaves")
    }
    self.largest = largest.value
    update = try programs.update.map { program throws(DeviceError) in
      try device.compile(program, on: memory)
    }
  }

  /// Refuses leaves that a batch cannot be divided into, or that are too few for the ranks.
  static func check(leaves: Int, batchSize: Int, ranks: any Ranks) throws(TrainingError) {
    guard leaves >= 1, batchSize % leaves == 0 else {
      throw .wrongLeaves(
        "A batch of \(batchSize) images cannot be divided into \(leaves) leaves: expected a number "
          + "that divides \(batchSize).")
    }
    guard ranks.count <= leaves else {
      throw .wrongLeaves(
        "\(ranks.count) processes cannot divide \(leaves == 1 ? "a batch that is one leaf" : "\(leaves) leaves") "
          + "among them. Start fewer, or begin a run with '--leaves \(ranks.count)' or more.")
    }
  }

  /// Makes one step, which all ranks end together.
  ///
  /// - Parameters:
  ///   - control: What changes from step to step.
  ///   - wantsToStop: Asked now and then. The step is made all the same, and all ranks are told.
  func run(_ control: Control, wantsToStop: () -> Bool) throws(DeviceError) -> Outcome {
    let clock = ContinuousClock()
    let start = clock.now
    var leaves = Duration.zero
    var stops = false
    // Each node says at its end what its share of the bound is, and whether to stop.
    func makeGradients(_ node: Range<Int>) throws(DeviceError) -> [Float] {
      guard let runner = runners[node.count],
        let bounds = runner.programs.configuration.boundTotal
      else { preconditionFailure("no program for \(node.count) leaves") }
      if node.count == 1 { try memory.clear([bounds]) }
      var part = control
      part.batchOffset &+= UInt32(node.lowerBound * leafSize)
      _ = try runner.run(part) {
        stops = wantsToStop() || stops
        return true
      }
      let bound = LeafTree(leaves: node.count).sum(of: try memory.floats(bounds).map { [$0] })
      stops = wantsToStop() || stops
      return bound + [stops ? 1 : 0]
    }
    defer {
      reduction.seconds += (clock.now - start - leaves) / .seconds(1)
      reduction.steps += 1
    }
    guard let update else {
      let ends = try makeGradients(0..<programs.tree.leaves)
      leaves = clock.now - start
      return Outcome(bound: Double(ends[0]), stops: ends[1] > 0)
    }
    let sum = try ranks.sum(over: programs.tree, atOnce: programs.atOnce) {
      node, sum throws(DeviceError) in
      let begin = clock.now
      defer { leaves += clock.now - begin }
      try memory.addGradients(followedBy: makeGradients(node), to: &sum)
    }
    if ranks.count > 1 { reduction.bytes = 4 * sum.count }
    try memory.setGradients(sum)
    try update.run(control)
    return Outcome(bound: Double(sum[sum.count - 2]), stops: sum[sum.count - 1] > 0)
  }
}
