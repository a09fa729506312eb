import Compute

/// The degree to which operations are joined.
public enum Fusion: Sendable {
  /// A launch for each operation.
  case none
  /// Every tensor is written as the program says. In panels operations share launches.
  case observable
  /// Tensors that nothing else reads are not written: sums of products go straight into a map, and
  /// gradients into the update.
  case full

  /// The fusion that suits a protection: where somebody looks, everything is written.
  static func of(_ protection: Protection) -> Fusion {
    protection == .guarded ? .observable : .full
  }
}

/// The launches that carry out a program's operations.
///
/// Sums over rows wait and share a launch. Consecutive operations that walk rows become one as long as
/// a block of rows needs nothing from another block.
struct LaunchSequence {
  var launches: [Launch] = []
  let program: Program
  let tuning: Tuning
  let computeUnits: Int
  let arenaUnits: Int
  let fusion: Fusion
  /// For each tensor, the operations that read it.
  let readers: [Tensor: [Int]]
  /// The parameters that an update must reach.
  let parameters: [Tensor]
  var walk: Walk?
  var waiting = Waiting()
  /// The inputs that are multiplied by their rows' coefficients so far.
  var scaled: Set<GradientInput> = []

  /// - Parameters:
  ///   - computeUnits: The processors that share a launch.
  ///   - parameters: All parameters of the memory.
  init(
    _ program: Program, tuning: Tuning, computeUnits: Int, parameters: [Tensor],
    fusion: Fusion = .full
  ) {
    self.program = program
    self.tuning = tuning
    self.computeUnits = computeUnits
    self.parameters = parameters
    self.fusion = fusion
    var readers: [Tensor: [Int]] = [:]
    for (index, operation) in program.operations.enumerated() {
      for tensor in operation.reads { readers[tensor, default: []].append(index) }
    }
    self.readers = readers
    let floats = parameters.reduce(0) { $0 + tuning.schedule.size(of: $1) }
    arenaUnits = floats / tuning.lanes
    for index in program.operations.indices {
      append(index)
      if isOperationByOperation {
        closeWalk()
        closeSums()
      }
    }
    closeWalk()
    closeSums()
  }

  /// In tiles, what somebody looks at runs like that as well: kernels of few operations compile fast, and
  /// several programs share them.
  private var isOperationByOperation: Bool {
    fusion == .none || (fusion == .observable && tuning.schedule == .tiles)
  }

  /// True if gradients go straight into the update, with the second copies of the weights.
  var joinsUpdate: Bool {
    launches.last?.work.contains {
      if case .gradient(_, _, let optimizer) = $0 { optimizer != nil } else { false }
    } ?? false
  }

  /// The temporaries that are never written.
  var unstored: Set<Tensor> {
    var result: Set<Tensor> = []
    for case .operation(_, let products) in launches.flatMap(\.work) {
      for index in products { result.formUnion(program.operations[index].writes) }
    }
    return result
  }

  /// A map's code.
  func signature(of index: Int, products: [Int]) -> MapSignature? {
    guard case .map(let map) = program.operations[index] else { return nil }
    return MapSignature(map, products: products.flatMap { program.operations[$0].writes })
  }

  /// The kernels that the launches need.
  var modules: [KernelModule] {
    KernelModule.joined(launches.map(module), largest: isOperationByOperation ? 1 : .max)
  }

  /// The kernels that a launch needs.
  func module(of launch: Launch) -> KernelModule {
    var module = KernelModule(file: launch.kernel.file)
    guard !module.file.isFixed else {
      module.families = Set(launch.operations.map { program.operations[$0].family })
      return module
    }
    for case .operation(let index, let products) in launch.work {
      if let signature = signature(of: index, products: products) {
        module.maps.insert(signature)
      } else {
        module.families.insert(program.operations[index].family)
        if tuning.schedule == .tiles, case .multiply(let product) = program.operations[index] {
          module.forms.insert(product.form)
        }
      }
    }
    return module
  }
}

/// The input of gradients and the coefficients of its rows.
struct GradientInput: Hashable {
  let input: Tensor
  let coefficients: Tensor

  /// Nil for a gradient that lacks either.
  init?(_ gradient: WeightGradient) {
    guard let input = gradient.input, let coefficients = gradient.rowScale else { return nil }
    (self.input, self.coefficients) = (input, coefficients)
  }
}
