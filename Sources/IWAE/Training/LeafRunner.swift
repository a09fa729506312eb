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
  private let runner: StepRunner
  private let update: any Executable
  private let memory: any Memory
  private let ranks: any Ranks
  private let tree: LeafTree
  private let leafSize: Int
  private let total: Tensor
  /// True if the device adds the gradient of a leaf to that of another.
  private let addsPairs: Bool

  /// A state `(1)`: 1 where a leaf's gradient is added to the last one's, 0 where it takes its place.
  static let carry = Tensor("leaf.carry", .vector(1), .state)

  /// - Parameters:
  ///   - runner: Runs a leaf's part of a step, which adds its bound to `total`.
  ///   - update: The optimizer.
  ///   - leaves: The leaves of a batch.
  ///   - total: The state that a leaf adds its share of the bound to.
  ///   - memory: The memory of both.
  ///   - device: The device of that memory.
  init(
    _ runner: StepRunner, update: Program, leaves: Int, total: Tensor, on memory: any Memory,
    device: any Device
  ) throws(DeviceError) {
    self.runner = runner
    self.memory = memory
    self.total = total
    ranks = device.ranks
    tree = LeafTree(leaves: leaves)
    leafSize = runner.programs.configuration.batchSize
    addsPairs = memory.addsInFloats && runner.programs.addsGradientsOnce
    self.update = try device.compile(update, on: memory)
    if runner.programs.states.contains(Self.carry) { try memory.upload([0], to: Self.carry) }
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
      try memory.clear([total])
      for leaf in node {
        if addsPairs { try memory.upload([leaf == node.lowerBound ? 0 : 1], to: Self.carry) }
        var part = control
        part.batchOffset &+= UInt32(leaf * leafSize)
        _ = try runner.run(part) {
          stops = wantsToStop() || stops
          return true
        }
      }
      let bound = try memory.floats(total)[0]
      stops = wantsToStop() || stops
      return [bound, stops ? 1 : 0]
    }
    func add(_ node: Range<Int>, to sum: inout [Float]) throws(DeviceError) {
      let begin = clock.now
      defer { leaves += clock.now - begin }
      try memory.addGradients(followedBy: makeGradients(node), to: &sum)
    }
    let outcome = try ranks.count == 1 ? sumHere(makeGradients, add) : sumOverRanks(add)
    reduction.seconds += (clock.now - start - leaves) / .seconds(1)
    reduction.steps += 1
    try update.run(control)
    return outcome
  }

  private typealias Addition = (Range<Int>, inout [Float]) throws(DeviceError) -> Void
  private var atOnce: Int { addsPairs ? 2 : 1 }

  /// The gradients of the last node stay where they are, and the other sums are added to them.
  private func sumHere(
    _ makeGradients: (Range<Int>) throws(DeviceError) -> [Float], _ add: Addition
  ) throws(DeviceError) -> Outcome {
    let (lefts, last) = tree.rightmost(atMost: atOnce)
    let sums = try lefts.map { left throws(DeviceError) in
      try tree.sum(of: left, atMost: atOnce, add)
    }
    var ends = try makeGradients(last)
    for sum in sums.reversed() {
      try memory.addToGradients(sum)
      LeafTree.add(Array(sum.suffix(2)), to: &ends)
    }
    return Outcome(bound: Double(ends[0]), stops: ends[1] > 0)
  }

  private func sumOverRanks(_ add: Addition) throws(DeviceError) -> Outcome {
    let sum = try ranks.sum(over: tree, atOnce: atOnce, add)
    reduction.bytes = 4 * sum.count
    try memory.setGradients(sum)
    return Outcome(bound: Double(sum[sum.count - 2]), stops: sum[sum.count - 1] > 0)
  }
}
