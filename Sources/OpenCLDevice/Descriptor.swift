import Compute

/// The arenas that kernels address; the order is that of the kernels' arguments.
enum ArenaKind: Int32, CaseIterable {
  case parameters, transposed, gradients, firstMoments, secondMoments, averages, states
  case workspace

  /// The arena of a role that parameters have; nil for other roles.
  init?(_ role: Role) {
    switch role {
    case .parameter: self = .parameters
    case .gradient: self = .gradients
    case .firstMoment: self = .firstMoments
    case .secondMoment: self = .secondMoments
    case .average: self = .averages
    case .accumulator, .resident, .state, .input, .output, .temporary: return nil
    }
  }
}

/// A tensor's place.
struct Placement: Hashable {
  var arena: ArenaKind
  /// In floats from the start of the arena's content, a multiple of 16.
  var offset: Int
  var stride: Int
}

/// An operation as kernels read it: `descriptor` in descriptor.cl, whose sizes are these.
struct Descriptor {
  static let operandCount = Map.maximumOperands
  static let countCount = 5
  static let constantCount = 24

  var kind: Kind
  /// The map's number among those that were compiled together.
  var variant = 0
  var rowsPerUnit = 1
  var columns = 0
  var firstGroup = 0
  /// The descriptors before this one that belong to it.
  var companions = 0
  var counts: [Int] = []
  var constants: [Float] = []
  var operands: [Operand?] = []

  struct Operand: Hashable {
    var placement: Placement
    /// Rows that share one of its rows; 0 where all do.
    var sharing = 1
  }

  /// A kind of work that kernels know: a family, or an addition of the launch sequence.
  struct Kind: CustomStringConvertible {
    let description: String
    let names: KernelNames

    /// An operation that another descriptor carries out.
    static let companion = Kind("companion")
    static let scaleRows = Kind("scaleRows", KernelNames(operands: ["matrix", "coefficients"]))
    static let transposeWeights = Kind(
      "transposeWeights", KernelNames(operands: ["weight", "second_copy"], counts: ["inputs"]))

    static let all =
      Compute.Operation.Family.allCases.map { Kind($0) } + [companion, scaleRows, transposeWeights]

    init(_ family: Compute.Operation.Family) { self.init("\(family)", family.kernels.names) }

    private init(_ description: String, _ names: KernelNames = KernelNames()) {
      (self.description, self.names) = (description, names)
    }

    var code: Int { Self.all.firstIndex { $0.description == description }! }

    var kernelName: String { description.snakeCase }
  }

  /// A number that the device's 32-bit words cannot hold; nil if all fit.
  var tooLarge: Int? {
    let numbers = [variant, rowsPerUnit, columns, firstGroup, companions] + counts
    if let number = numbers.first(where: { $0 > Int32.max }) { return number }
    var places: [Int] = []
    for operand in operands.compactMap(\.self) {
      places += [operand.placement.stride, (operand.placement.offset + Arena.margin) / 16]
      if operand.sharing > Int32.max { return operand.sharing }
    }
    return places.first { $0 > UInt32.max }
  }

  /// The words as the device reads them.
  var words: [UInt32] {
    precondition(
      counts.count <= Self.countCount && constants.count <= Self.constantCount
        && operands.count <= Self.operandCount)
    func word(_ number: Int) -> UInt32 { UInt32(bitPattern: Int32(number)) }
    var words = [kind.code, variant, rowsPerUnit, columns, firstGroup, companions].map(word)
    words += (counts + Array(repeating: 0, count: Self.countCount - counts.count)).map(word)
    words += constants.map(\.bitPattern)
    words += Array(repeating: 0, count: Self.constantCount - constants.count)
    for index in 0..<Self.operandCount {
      if index < operands.count, let operand = operands[index] {
        let place = operand.placement
        words += [
          UInt32(bitPattern: place.arena.rawValue), UInt32((place.offset + Arena.margin) / 16),
          UInt32(place.stride), word(operand.sharing),
        ]
      } else {
        words += [UInt32.max, 0, 0, 0]
      }
    }
    return words
  }
}

extension Descriptor {
  /// - Parameter place: A tensor's place; nil for one that is never written.
  init(_ operation: Compute.Operation, layout: Schedule, place: (Tensor) -> Placement?) {
    kind = Kind(operation.family)
    operands = operation.operands.map { operand in
      operand.tensor.flatMap(place).map { Operand(placement: $0, sharing: operand.sharing) }
    }
    operation.kernelMember.fill(&self, layout)
  }

  /// Sets an operand or a count by its name.
  mutating func set(_ name: String, operand: Operand?) {
    guard let index = kind.names.operands.firstIndex(of: name) else {
      preconditionFailure("\(kind) has no operand '\(name)'")
    }
    operands[index] = operand
  }

  mutating func set(_ name: String, count: Int) {
    guard let index = kind.names.counts.firstIndex(of: name) else {
      preconditionFailure("\(kind) has no count '\(name)'")
    }
    counts[index] = count
  }

  /// Makes the description of a gradient that of the update by it, and of the weight's second copy.
  mutating func update(by adam: Adam, secondCopy: Placement?) {
    constants = Adam.constants.flatMap { $0.values(adam) }
    set("updates", count: 1)
    if let secondCopy { set("second_copy", operand: Operand(placement: secondCopy)) }
  }
}
