import Compute

/// A trial of kernels that are about to be used for the first time, short enough to come before every
/// such use: what a driver miscompiles is seldom wrong in one case alone.
public struct DriverTrial {
  private let device: any Device
  private let table: CaseTable
  /// The cases of each family of operations.
  private static let turns = 4
  /// The time that is left for cases when each kernel has had one, and with it was compiled.
  private static let time = Duration.seconds(1)

  public init(_ device: any Device, seed: UInt64 = CaseTable.defaultSeed) {
    self.device = device
    table = CaseTable(seed: seed)
  }

  /// Tries operations, maps and a training step.
  ///
  /// - Parameters:
  ///   - families: The families of operations to try.
  ///   - maps: Programs of one map each, which are given numbers between 0 and 1.
  ///   - serve: True of a program that needs no kernels but those that are to be tried.
  /// - Returns: The cases that were run, up to the first whose values were wrong.
  /// - Throws: What the device says it cannot do now, as when its memory is full.
  public func run(
    _ families: Set<Compute.Operation.Family>, maps: [Program],
    serve: (Program, Protection) -> Bool
  ) throws(DeviceError) -> ConformanceReport {
    let runner = CaseRunner(device)
    let clock = ContinuousClock()
    var results: [CaseResult] = []
    var deadline: ContinuousClock.Instant?
    for (turn, cases) in turns(families, maps, serve).enumerated() {
      for item in cases {
        if let deadline, clock.now > deadline { break }
        let result = try runner.attempt(item)
        results.append(result)
        if !result.failures.isEmpty { return ConformanceReport(results) }
      }
      if turn == 0 { deadline = clock.now + Self.time }
    }
    return ConformanceReport(results)
  }

  /// The training step, all maps and a case of each family, then further cases of each.
  private func turns(
    _ families: Set<Compute.Operation.Family>, _ maps: [Program],
    _ serve: (Program, Protection) -> Bool
  ) -> [[ConformanceCase]] {
    func isServed(_ item: ConformanceCase) -> Bool { serve(item.program, item.protection) }
    let ofFamilies = families.subtracting([.map]).sorted { $0.rawValue < $1.rawValue }
      .map { family in
        // Programs of other lengths come first: a device may join their operations.
        var lengths: Set<Int> = []
        let cases = table.cases(of: family).filter { $0.isModerate && isServed($0) }
        let first = cases.filter { lengths.insert($0.program.operations.count).inserted }
        let names = Set(first.map(\.name))
        return first + cases.filter { !names.contains($0.name) }
      }
    var turns = (0..<Self.turns).map { turn in ofFamilies.compactMap { $0.dropFirst(turn).first } }
    turns[0] = ([table.trainingCase()] + maps.map(table.mapCase)).filter(isServed) + turns[0]
    return turns
  }
}

extension CaseTable {
  /// A case of a program of one map. Nobody chose its inputs for its formulas, which may be
  /// ill-conditioned there: it fails of what no rounding explains.
  fileprivate func mapCase(_ program: Program) -> ConformanceCase {
    let formulas = program.operations.flatMap { operation in
      if case .map(let map) = operation {
        map.results.map(\.formula.description)
      } else {
        [String]()
      }
    }
    let name = "map(\(formulas.joined(separator: "; ").prefix(200)))"
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
