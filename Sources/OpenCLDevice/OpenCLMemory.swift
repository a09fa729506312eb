import COpenCL
import Compute

/// Parameters, states and resident data on an OpenCL device. Gradients, moments and the second
/// copies of weights have places from the start, and room once something needs them.
final class OpenCLMemory: Memory {
  let tensors: [Tensor]
  let device: OpenCLDevice
  let layout: Schedule
  let protection: Protection
  /// Those that have room; the workspace belongs to a program.
  private var arenas: [ArenaKind: Arena] = [:]
  /// The floats that each takes.
  private let sizes: [ArenaKind: Int]
  private let placements: [Tensor: Placement]
  private let transposedPlacements: [Tensor: Placement]
  private var residents: [Tensor: Buffer] = [:]
  private var transpositions: [[Tensor]: BoundLaunch] = [:]
  /// The updates of all parameters so far.
  private var updates = 0
  /// The update after which each weight's second copy was made; less than none for one whose weight has
  /// changed otherwise since.
  private var copiedAfter: [Tensor: Int]

  init(
    _ tensors: [Tensor], on device: OpenCLDevice, protection: Protection
  ) throws(DeviceError) {
    self.tensors = tensors
    self.device = device
    self.protection = protection
    let layout = device.tuning.schedule
    self.layout = layout

    var placements: [Tensor: Placement] = [:]
    var transposed: [Tensor: Placement] = [:]
    var sizes: [ArenaKind: Int] = [:]
    func place(_ tensor: Tensor, in arena: ArenaKind, size: Int, stride: Int) -> Placement {
      let placement = Placement(arena: arena, offset: sizes[arena, default: 0], stride: stride)
      sizes[arena, default: 0] += size
      return placement
    }
    for tensor in tensors {
      let (size, stride) = (layout.size(of: tensor), layout.stride(of: tensor))
      switch tensor.role {
      case .parameter:
        placements[tensor] = place(tensor, in: .parameters, size: size, stride: stride)
        let companions: [(Role, ArenaKind)] = [
          (.gradient, .gradients), (.firstMoment, .firstMoments), (.secondMoment, .secondMoments),
          (.average, .averages),
        ]
        for (role, arena) in companions {
          placements[tensor.counterpart(role)] = place(
            tensor, in: arena, size: size, stride: stride)
        }
        let second = layout.transposedSize(of: tensor)
        if second > 0 {
          transposed[tensor] = place(
            tensor, in: .transposed, size: second, stride: layout.transposedStride(of: tensor))
        }
      case .state, .accumulator:
        if protection == .guarded { sizes[.states, default: 0] += Arena.margin }
        placements[tensor] = place(tensor, in: .states, size: size, stride: stride)
      case .resident: break
      case .gradient, .firstMoment, .secondMoment, .average, .input, .output, .temporary:
        throw .unknownTensor(name: tensor.name, role: tensor.role)
      }
    }
    self.placements = placements
    self.transposedPlacements = transposed
    self.sizes = sizes
    copiedAfter = transposed.mapValues { _ in -1 }
    for kind in [ArenaKind.parameters, .states] { _ = try arena(kind) }
    for tensor in tensors where tensor.role == .resident {
      residents[tensor] = try Buffer(
        device, byteCount: tensor.shape.count * tensor.element.byteCount, isReadOnly: true,
        what: "'\(tensor.name)'")
    }
  }

  var parameters: [Tensor] { tensors.filter { $0.role == .parameter } }

  func placement(of tensor: Tensor) -> Placement? { placements[tensor] }

  func transposedPlacement(of weight: Tensor) -> Placement? { transposedPlacements[weight] }

  func resident(_ tensor: Tensor) -> cl_mem? { residents[tensor]?.memory }

  /// An arena, which gets its room, filled with zeros, when it is first asked for.
  func arena(_ kind: ArenaKind) throws(DeviceError) -> Arena {
    if let known = arenas[kind] { return known }
    let arena = try Arena(device, count: sizes[kind, default: 0], what: "the \(kind)")
    if protection == .guarded { try arena.guardAround(regions(of: kind)) }
    arenas[kind] = arena
    return arena
  }

  /// The arenas in the order of kernels' arguments; another buffer stands in for those that the
  /// kernels do not touch.
  func arguments(
    touching kinds: Set<ArenaKind>, otherwise other: cl_mem
  ) throws(DeviceError) -> [cl_mem] {
    try ArenaKind.allCases.map { kind throws(DeviceError) in
      kinds.contains(kind) ? try arena(kind).memory : other
    }
  }

  // MARK: Values

  func upload(_ values: HostValues, to tensor: Tensor) throws(DeviceError) {
    try values.check(against: tensor)
    if let resident = residents[tensor] {
      switch values {
      case .floats(let values): try resident.write(values, at: 0, device)
      case .bytes(let values): try resident.write(values, at: 0, device)
      case .words(let values): try resident.write(values, at: 0, device)
      }
      return
    }
    try placed(tensor).upload(values)
    if transposedPlacements[tensor] != nil { copiedAfter[tensor] = -1 }
  }

  func download(_ tensor: Tensor) throws(DeviceError) -> HostValues {
    if let resident = residents[tensor] {
      let count = tensor.shape.count
      return switch tensor.element {
      case .float32: .floats(try resident.read(count, at: 0, device))
      case .uint8: .bytes(try resident.read(count, at: 0, device))
      case .uint32: .words(try resident.read(count, at: 0, device))
      }
    }
    return try placed(tensor).download()
  }

  func poison(_ tensors: [Tensor]) throws(DeviceError) {
    for tensor in tensors { try placed(tensor).fill(with: Arena.poisonWord) }
  }

  func clear(_ tensors: [Tensor]) throws(DeviceError) {
    for tensor in tensors { try placed(tensor).fill(with: 0) }
  }

  func addGradients(
    followedBy others: [Float], to sum: inout [Float]
  ) throws(DeviceError) {
    let arena = try arena(.gradients)
    if sum.isEmpty {
      sum = try arena.read(0..<arena.count, followedBy: others)
    } else {
      try arena.add(to: &sum)
      var ends = Array(sum[arena.count...])
      LeafTree.add(others, to: &ends)
      sum.replaceSubrange(arena.count..., with: ends)
    }
  }

  func setGradients(_ values: [Float]) throws(DeviceError) {
    let arena = try arena(.gradients)
    try arena.write(values, at: 0, length: arena.count)
  }

  func damage() throws(DeviceError) -> [String] {
    guard protection == .guarded else { return [] }
    var result: [String] = []
    for (kind, arena) in arenas.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      if let index = try arena.damagedGuard(around: regions(of: kind)) {
        result.append("guard word \(index) of the \(kind) changed")
      }
    }
    return result
  }

  func placed(_ tensor: Tensor) throws(DeviceError) -> PlacedTensor {
    guard let placement = placements[tensor] else {
      throw .unknownTensor(name: tensor.name, role: tensor.role)
    }
    return PlacedTensor(
      tensor: tensor, arena: try arena(placement.arena), offset: placement.offset, layout: layout)
  }

  private func regions(of kind: ArenaKind) -> [Range<Int>] {
    if kind != .states { return [0..<sizes[kind, default: 0]] }
    return placements.filter { $0.value.arena == .states }.map { tensor, placement in
      placement.offset..<placement.offset + layout.occupied(by: tensor)
    }
  }

  // MARK: Second copies of weights

  /// Brings the second copies of some weights up to date.
  func refreshTransposes(of weights: [Tensor]) throws(DeviceError) {
    guard weights.contains(where: { copiedAfter[$0] != updates }) else { return }
    if transpositions[weights] == nil {
      transpositions[weights] = try makeTransposition(of: weights)
    }
    try transpositions[weights]?.enqueue(on: device.queue)
    for weight in weights { copiedAfter[weight] = updates }
  }

  /// Notes that a program updates every parameter, and the second copies of some weights with them.
  func noteUpdate(refreshing weights: [Tensor]) {
    updates += 1
    for weight in weights { copiedAfter[weight] = updates }
  }

  private func makeTransposition(of weights: [Tensor]) throws(DeviceError) -> BoundLaunch {
    var descriptors: [Descriptor] = []
    var groups = 0
    for weight in weights {
      guard let second = transposedPlacements[weight], let first = placements[weight] else {
        continue
      }
      var descriptor = Descriptor(kind: .transposeWeights, columns: weight.shape.rows)
      descriptor.counts = [weight.shape.columns]
      descriptor.firstGroup = groups
      descriptor.operands = [first, second].map { Descriptor.Operand(placement: $0) }
      descriptors.append(descriptor)
      groups += (weight.shape.rows + 15) / 16 * ((weight.shape.columns + 15) / 16)
    }
    let table = try device.makeTable(descriptors)
    let launch = Launch(
      kernel: .transpose, work: [], units: groups, unitsPerGroup: 1, groups: groups,
      localSize: 1)
    let unused = try arena(.parameters).memory
    let buffers = BoundLaunch.Buffers(
      arenas: try arguments(touching: [.parameters, .transposed], otherwise: unused),
      source: unused, order: unused, control: unused, table: table)
    return try BoundLaunch(
      launch, descriptors: 0..<descriptors.count,
      localBytes: device.tuning.localBytes(of: .sums), buffers: buffers,
      library: device.library(KernelModule(file: .sums)))
  }
}
