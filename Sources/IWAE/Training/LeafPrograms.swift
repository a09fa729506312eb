import Compute

/// The programs with which a rank computes the gradients of its leaves: of as many at once as its memory
/// holds, where nothing but gradients brings their images together, else of one after the other.
struct LeafPrograms {
  let tree: LeafTree
  /// The most leaves at once.
  let atOnce: Int
  /// The nodes of the tree that this rank computes, one after the other.
  let nodes: [Range<Int>]
  /// The programs for a node of so many leaves.
  let programs: [Int: StepPrograms]
  /// The optimizer; nil where it is part of the programs, which one rank alone has all leaves of.
  let update: Program?

  /// The numbers of leaves at once that are tried.
  private static let most = [16, 8, 4, 2]

  /// - Parameters:
  ///   - step: The step of a whole batch.
  ///   - leaves: The leaves of it.
  ///   - limit: As `StepPrograms` has it.
  init(
    _ model: Model, _ step: StepConfiguration, leaves: Int, on device: any Device, limit: Int?
  ) throws {
    let tree = LeafTree(leaves: leaves)
    self.tree = tree
    let single = try StepPrograms(
      model, step.part(of: 1, among: leaves), on: device, limit: limit)
    // A leaf that is divided itself has roundings of its own.
    var tried: [Range<Int>] = []
    for count in single.division == .whole ? Self.most : [] {
      let nodes = tree.pieces(for: device.ranks, atMost: count)
      guard nodes != tried else { continue }
      guard nodes.contains(where: { $0.count > 1 }) else { break }
      tried = nodes
      let isAll = nodes == [0..<leaves]
      var programs: [Int: StepPrograms] = [:]
      for size in Set(nodes.map(\.count)) {
        var part = step.part(of: size, among: leaves)
        if isAll { part.optimizer = step.optimizer }
        programs[size] = try StepPrograms(model, part, .whole, device)
      }
      guard programs.values.allSatisfy({ $0.whole?.sumsLeaves == true }) else { break }
      guard
        programs.values.allSatisfy({ $0.areShort && $0.canRun(on: device) }),
        Self.bytes(programs, on: device) <= limit ?? device.memoryBytes / 4
      else { continue }
      (atOnce, self.nodes, self.programs) = (count, nodes, programs)
      update = isAll ? nil : try step.update(of: model)
      return
    }
    (atOnce, nodes) = (1, tree.pieces(for: device.ranks, atMost: 1))
    programs = [1: single]
    update = try step.update(of: model)
  }

  /// The memory of programs that share parameters, in bytes.
  private static func bytes(_ programs: [Int: StepPrograms], on device: any Device) -> Int {
    let workspaces = programs.values.map { programs in
      programs.parts.values.reduce(0) { $0 + device.workspaceBytes(of: $1) }
    }
    let beside = zip(programs.values, workspaces).map { $0.bytes - $1 }
    return (beside.max() ?? 0) + workspaces.reduce(0, +)
  }

  /// The operations of the matrix products of a step.
  var productOperations: Double {
    nodes.reduce(0) { $0 + (programs[$1.count]?.productOperations ?? 0) }
  }

  /// Those of the most leaves.
  var largest: StepPrograms? { programs.max { $0.key < $1.key }?.value }

  /// The states that the memory must hold, bounds included.
  var states: [Tensor] {
    var result: [Tensor] = []
    for programs in programs.values {
      let tensors = programs.states + [programs.configuration.boundTotal].compactMap(\.self)
      for tensor in tensors where !result.contains(tensor) { result.append(tensor) }
    }
    return result
  }
}

extension StepPrograms {
  fileprivate func canRun(on device: any Device) -> Bool {
    parts.values.allSatisfy { $0.operations.allSatisfy { device.obstacle(to: $0) == nil } }
  }
}
