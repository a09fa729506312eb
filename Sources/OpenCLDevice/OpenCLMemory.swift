import COpenCL
import Compute

/// Parameters with their gradients and moments, states and resident data on an OpenCL device.
final class OpenCLMemory: Memory {
  let tensors: [Tensor]
  let device: OpenCLDevice
  let layout: Schedule
  let protection: Protection
  /// One for each of `ArenaKind` but the workspace, which belongs to a program.
  let arenas: [Arena]
  private let placements: [Tensor: Placement]
  private let transposedPlacements: [Tensor: Placement]
  private var residents: [Tensor: Buffer] = [:]
  private var transpositions: [[Tensor]: BoundLaunch] = [:]
  /// The weights that changed since their second copies were made.
  private(set) var staleTransposes: Set<Tensor>

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
    var sizes = Array(repeating: 0, count: ArenaKind.allCases.count)
    func place(_ tensor: Tensor, in arena: ArenaKind, size: Int, stride: Int) -> Placement {
      let placement = Placement(arena: arena, offset: sizes[Int(arena.rawValue)], stride: stride)
      sizes[Int(arena.rawValue)] += size
      return placement
    }
    for tensor in tensors {
      let (size, stride) = (layout.size(of: tensor), layout.stride(of: tensor))
      switch tensor.role {
      case .parameter:
        placements[tensor] = place(tensor, in: .parameters, size: size, stride: stride)
        let companions: [(Role, ArenaKind)] = [
          (.gradient, .gradients), (.firstMoment, .firstMoments), (.secondMoment, .secondMoments),
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
        if protection == .guarded { sizes[Int(ArenaKind.states.rawValue)] += Arena.margin }
        placements[tensor] = place(tensor, in: .states, size: size, stride: stride)
      case .resident: break
      case .gradient, .firstMoment, .secondMoment, .input, .output, .temporary:
        throw .unknownTensor(name: tensor.name, role: tensor.role)
      }
    }
    self.placements = placements
    self.transposedPlacements = transposed
    staleTransposes = Set(transposed.keys)
    var arenas: [Arena] = []
    for kind in ArenaKind.allCases where kind != .workspace {
      let count = sizes[Int(kind.rawValue)]
      arenas.append(try Arena(device, count: count, what: "the \(kind)"))
    }
    self.arenas = arenas
    if protection == .guarded {
      for (kind, arena) in zip(ArenaKind.allCases, arenas) {
        try arena.guardAround(regions(of: kind))
      }
    }
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
    if transposedPlacements[tensor] != nil { staleTransposes.insert(tensor) }
  }

  func download(_ tensor: Tensor) throws(DeviceError) -> HostValues {
    try placed(tensor).download()
  }

  func poison(_ tensors: [Tensor]) throws(DeviceError) {
    for tensor in tensors { try placed(tensor).fill(with: Arena.poisonWord) }
  }

  func clear(_ tensors: [Tensor]) throws(DeviceError) {
    for tensor in tensors { try placed(tensor).fill(with: 0) }
  }

  func damage() throws(DeviceError) -> [String] {
    guard protection == .guarded else { return [] }
    var result: [String] = []
    for (kind, arena) in zip(ArenaKind.allCases, arenas) {
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
      tensor: tensor, arena: arenas[Int(placement.arena.rawValue)], offset: placement.offset,
      layout: layout)
  }

  private func regions(of kind: ArenaKind) -> [Range<Int>] {
    if kind != .states { return [0..<arenas[Int(kind.rawValue)].count] }
    return placements.filter { $0.value.arena == .states }.map { tensor, placement in
      placement.offset..<placement.offset + layout.occupied(by: tensor)
    }
  }

  // MARK: Second copies of weights

  /// Brings the second copies of some weights up to date.
  func refreshTransposes(of weights: [Tensor]) throws(DeviceError) {
    guard !staleTransposes.isDisjoint(with: weights) else { return }
    let launch =
      if let known = transpositions[weights] { known } else { try makeTransposition(of: weights) }
    transpositions[weights] = launch
    try launch.enqueue(on: device.queue)
    staleTransposes.subtract(weights)
  }

  /// Notes that a program updates every parameter, and the second copies of some weights with them.
  func noteUpdate(refreshing weights: [Tensor]) {
    staleTransposes = Set(transposedPlacements.keys)
    staleTransposes.subtract(weights)
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
    let unused = arenas[0].memory
    let buffers = BoundLaunch.Buffers(
      arenas: arenas.map(\.memory) + [unused], source: unused, order: unused, control: unused,
      table: table)
    return try BoundLaunch(
      launch, descriptors: 0..<descriptors.count, buffers: buffers,
      library: device.library(KernelModule(file: .sums)))
  }
}
