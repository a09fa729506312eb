import Compute

/// A trial of kernels that are about to be used for the first time, short enough to come before every
/// such use: what a driver miscompiles is seldom wrong in one case alone.
public struct DriverTrial {
  private let device: any Device
  private let table: CaseTable
  private let time: Duration
  /// The most cases of each family of operations.
  private static let turns = 4

  /// - Parameters:
  ///   - device: The device that is tried.
  ///   - seed: The seed of all inputs.
  ///   - time: The time that is left for cases when each kernel has had one, and with it was compiled.
  public init(
    _ device: any Device, seed: UInt64 = CaseTable.defaultSeed, time: Duration = .seconds(1)
  ) {
    self.device = device
    self.time = time
    table = CaseTable(seed: seed)
  }

  /// The findings of a trial.
  public struct Findings {
    /// The results of the cases that were run, up to the first whose values were wrong.
    public var results: [CaseResult] = []
    /// The families of operations that passed a case. Others have none that can be run.
    public var families: Set<Compute.Operation.Family> = []
    /// The maps that passed, by their places. There was no time for others.
    public var maps: Set<Int> = []

    public var failure: CaseResult? { results.last.flatMap { $0.failures.isEmpty ? nil : $0 } }
  }

  /// A case, and the map that it is of.
  private struct Item {
    var item: ConformanceCase
    var map: Int?
  }

  /// Tries operations, maps and a training step.
  ///
  /// - Parameters:
  ///   - families: The families of operations to try.
  ///   - maps: Programs of one map each, which are given numbers between 0 and 1.
  ///   - products: Programs of products, which are given such numbers too.
  ///   - serve: True of a program that needs no kernels but those that are to be tried.
  /// - Throws: What the device says it cannot do now, as when its memory is full.
  public func run(
    _ families: Set<Compute.Operation.Family>, maps: [Program], products: [Program] = [],
    serve: (Program, Protection) -> Bool
  ) throws(DeviceError) -> Findings {
    let runner = CaseRunner(device)
    var findings = Findings()
    func passes(_ item: Item) throws(DeviceError) -> Bool {
      let result = try runner.attempt(item.item)
      findings.results.append(result)
      guard result.failures.isEmpty else { return false }
      if let map = item.map { findings.maps.insert(map) }
      findings.families.formUnion(item.item.families.intersection(families))
      return true
    }
    let (first, further) = items(families, maps, products, serve)
    for item in first { guard try passes(item) else { return findings } }
    let clock = ContinuousClock()
    let deadline = clock.now + time
    for item in further where clock.now < deadline {
      guard try passes(item) else { return findings }
    }
    return findings
  }

  /// The training step, products, a map and a case of each kind of operation, which have kernels of their own;
  /// and, for as long as there is time, the other maps and further cases.
  private func items(
    _ families: Set<Compute.Operation.Family>, _ maps: [Program], _ products: [Program],
    _ serve: (Program, Protection) -> Bool
  ) -> (first: [Item], further: [Item]) {
    func isServed(_ item: ConformanceCase) -> Bool {
      serve(item.program, item.protection)
        && item.program.operations.allSatisfy { device.obstacle(to: $0) == nil }
    }
    let ofFamilies = families.subtracting([.map]).sorted { $0.rawValue < $1.rawValue }
      .map { family in
        // Programs of other lengths come first: a device may join their operations.
        var lengths: Set<Int> = []
        let cases = table.cases(of: family).filter { $0.isModerate && isServed($0) }
        let first = cases.filter { lengths.insert($0.program.operations.count).inserted }
        let names = Set(first.map(\.name))
        return first + cases.filter { !names.contains($0.name) }
      }
    // A product and its transpose are of one family.
    let ofKinds = ofFamilies.flatMap { cases in
      var kinds: Set<String> = []
      return cases.filter { item in
        item.program.operations.count == 1 && kinds.insert(item.program.operations[0].kind).inserted
      }
    }
    let turns = (0..<Self.turns).map { turn in
      ofFamilies.compactMap { $0.dropFirst(turn).first }
    }
    let names = Set(turns[0].map(\.name))
    let first = (turns[0] + ofKinds.filter { !names.contains($0.name) }).map { Item(item: $0) }
    let ofMaps = maps.enumerated()
      .map { Item(item: table.exampleCase($1), map: $0) }.filter { isServed($0.item) }
    let step = ([table.trainingCase()] + products.map(table.exampleCase)).filter(isServed)
      .map { Item(item: $0) }
    return (
      step + ofMaps.prefix(1) + first,
      ofMaps.dropFirst() + turns.dropFirst().flatMap(\.self).map { Item(item: $0) }
    )
  }
}

extension CaseTable {
  /// A case of a program of one map. Nobody chose its inputs for its formulas, which may be
  /// ill-conditioned there: it fails of what no rounding explains.
  fileprivate func exampleCase(_ program: Program) -> ConformanceCase {
    let formulas = program.operations.flatMap { operation in
      if case .map(let map) = operation {
        map.results.map(\.formula.description)
      } else {
        [String]()
      }
    }
    let name =
      formulas.isEmpty
      ? program.name : "map(\(formulas.joined(separator: "; ").prefix(200)))"
    var inputs = CaseInputs(case: name, seed: seed)
    var values: [Tensor: HostValues] = [:]
    for tensor in program.tensors where tensor.role == .input || tensor.role == .parameter {
      // Those of a product's weights are so small that its sums stay between 0 and 1.
      let isWeight = tensor.role == .parameter && !tensor.shape.isVector
      let scale = isWeight ? 1 / Float(tensor.shape.columns) : 1
      values[tensor] = .floats(
        inputs.uniforms(tensor.shape.count).map { scale * (0.1 + 0.8 * $0) })
    }
    var control = Control()
    control.klWeight = 0.75
    return ConformanceCase(
      name: name, program: program, shared: program.tensors(.parameter), values: values,
      control: control,
      checks: program.tensors(.output).map { .init(tensor: $0, tolerance: .step(times: 32)) },
      protection: .none)
  }
}
