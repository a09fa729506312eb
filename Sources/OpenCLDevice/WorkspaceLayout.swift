import Compute

/// The places of a program's own tensors: inputs and outputs side by side, temporaries sharing what
/// is left by lifetime.
struct WorkspaceLayout {
  let placements: [Tensor: Placement]
  let size: Int
  /// The floats that each tensor occupies.
  let regions: [Range<Int>]

  /// - Parameters:
  ///   - program: The program.
  ///   - sequence: Its launches. A launch takes different blocks through different operations at
  ///     the same time, so a temporary lives for whole launches.
  ///   - layout: The layout of each tensor.
  ///   - protection: With guards, nothing is shared and every tensor stands alone.
  init(
    _ program: Program, _ sequence: LaunchSequence, layout: Schedule, protection: Protection
  ) {
    let launches = sequence.launches
    let unstored = sequence.unstored
    // The first and the last launch of each operation.
    var (first, last): ([Int: Int], [Int: Int]) = ([:], [:])
    for (launch, content) in launches.enumerated() {
      for operation in content.operations {
        first[operation] = first[operation] ?? launch
        last[operation] = launch
      }
    }
    let lifetimes = program.lifetimes { first[$0] ?? 0 }
      .merging(program.lifetimes { last[$0] ?? 0 }) {
        min($0.lowerBound, $1.lowerBound)...max($0.upperBound, $1.upperBound)
      }
    let everything = 0...max(0, launches.count - 1)
    let own = program.tensors.filter {
      switch $0.role {
      case .input, .output, .temporary: !unstored.contains($0)
      case .parameter, .gradient, .firstMoment, .secondMoment, .average, .accumulator, .resident,
        .state:
        false
      }
    }
    let spacing = protection == .guarded ? Arena.margin : 0
    let plan = MemoryPlan(
      own.map { tensor in
        MemoryPlan.Block(
          size: layout.size(of: tensor) + spacing,
          lifetime: protection == .guarded ? everything : lifetimes[tensor] ?? everything)
      })
    var placements: [Tensor: Placement] = [:]
    var regions: [Range<Int>] = []
    for (tensor, offset) in zip(own, plan.offsets) {
      placements[tensor] = Placement(
        arena: .workspace, offset: offset, stride: layout.stride(of: tensor))
      regions.append(offset..<offset + layout.occupied(by: tensor))
    }
    self.placements = placements
    self.regions = regions
    size = plan.size
  }
}
