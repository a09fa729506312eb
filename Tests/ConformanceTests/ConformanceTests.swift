import Compute
import IWAE
import ReferenceDevice
import Testing

@testable import Conformance

@Suite struct ComparisonTests {
  private func compare(
    _ expected: [Float], _ found: [Float], _ tolerance: Tolerance = .sums(of: 1), scale: Double = 1
  ) -> Bool {
    Comparison(expected: expected, found: found, tolerance: tolerance, scale: scale).passes
  }

  @Test func nothingSlipsThrough() {
    #expect(compare([1, 2], [1, 2]))
    #expect(!compare([1, 2], [1, 2.001]))
    #expect(!compare([1, 2], [1, .nan]))
    #expect(!compare([1, .nan], [1, 2]))
    #expect(!compare([.nan, 1], [.nan, .nan]))
    #expect(compare([.nan, .infinity, -.infinity], [.nan, .infinity, -.infinity]))
    #expect(!compare([.infinity], [-.infinity]))
    #expect(!compare([.infinity], [.greatestFiniteMagnitude]))
    #expect(!compare([0], [.infinity]))
    #expect(compare([0], [-0.0]) && !compare([0], [-0.0], .exact))
    #expect(compare([.leastNonzeroMagnitude], [0], scale: 0) && !compare([1e-37], [0], scale: 0))
  }

  @Test func longerSumsMayErrMore() {
    #expect(!compare([1], [1 + 0x1p-18]))
    #expect(compare([1], [1 + 0x1p-18], .sums(of: 10_000)))
  }
}

@Suite struct CaseBuildingTests {
  /// What cannot be built names the case, or the density, that it belongs to.
  @Test func whatCannotBeBuiltIsNamed() async throws {
    let derivative = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      var map = MapCaseBuilder("bad", RowSize(1, 1, 1), 1)
      let a = map.element("a")
      _ = map.slope(of: .digamma(a), by: a)
    }
    let density = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Prior(ours: "cauchi")
    }
    for (result, name) in [(derivative, "map(bad,"), (density, "'cauchi' cannot be built")] {
      let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
      #expect(text.contains(name))
    }
  }
}

@Suite struct CaseRunnerTests {
  /// A reference device that spoils one operation's result, or declares that it cannot do it.
  final class Faulty: Device {
    var ranks: any Ranks = OneProcess()
    let backend = "cpu"
    let name = "faulty"
    let inner = ReferenceDevice()
    let refuses: String?
    let spoils: Bool

    init(refuses: String? = nil, spoils: Bool = false) {
      self.refuses = refuses
      self.spoils = spoils
    }

    func obstacle(to operation: Compute.Operation) -> String? {
      operation.kind == refuses ? "it was told not to" : nil
    }

    func allocate(_ tensors: [Tensor], protection: Protection) throws(DeviceError) -> any Memory {
      try inner.allocate(tensors, protection: protection)
    }

    func compile(
      _ program: Program, on memory: any Memory, protection: Protection
    ) throws(DeviceError) -> any Executable {
      let executable = try inner.compile(program, on: memory, protection: protection)
      return spoils ? Spoiled(executable) : executable
    }
  }

  final class Spoiled: Executable {
    let inner: any Executable
    var program: Program { inner.program }

    init(_ inner: any Executable) { self.inner = inner }

    func run(_ control: Control) throws(DeviceError) { try inner.run(control) }
    func finish() throws(DeviceError) { try inner.finish() }
    func poison(_ tensors: [Tensor]) throws(DeviceError) { try inner.poison(tensors) }
    func damage() throws(DeviceError) -> [String] { try inner.damage() }

    func upload(_ values: HostValues, to tensor: Tensor) throws(DeviceError) {
      try inner.upload(values, to: tensor)
    }

    func download(_ tensor: Tensor) throws(DeviceError) -> HostValues {
      guard case .floats(var values) = try inner.download(tensor) else {
        return try inner.download(tensor)
      }
      values[values.count - 1] += 0.01 * (1 + abs(values[values.count - 1]))
      return .floats(values)
    }
  }

  private let cases = CaseTable(seed: 1).multiplyCases().prefix(5)

  @Test func theReferenceAgreesWithItself() {
    let report = CaseRunner(ReferenceDevice()).run(Array(cases))
    #expect(report.passes && report.results.count == 5)
  }

  @Test func aWrongElementFails() {
    let report = CaseRunner(Faulty(spoils: true)).run(Array(cases))
    #expect(!report.passes && report.failures.count == 5)
    #expect(report.worst?.ratio ?? 0 > 1)
  }

  /// Rounding excuses what it does itself, and no more: x + 10000 - 10000 loses digits, of which there
  /// are more than the limit allows and less than the fault that is made.
  @Test func roundingIsExcusedAndFaultsAreNot() {
    var build = CaseBuilder("cancels", seed: 1)
    let shape = Shape.matrix(rows: 7, columns: 9)
    let (x, sum) = (build.input("x", shape), Tensor("sum", shape, .temporary))
    let output = build.output("output", shape, .step(times: 1))
    build.append(.map(Map([.init(x.value + 10000, into: sum)], reading: [x])))
    build.append(.map(Map([.init(sum.value - 10000, into: output)], reading: [sum])))
    var item = build.build()
    let rounded = CaseRunner(ReferenceDevice(rounding: 99))
    #expect(rounded.run([item]).failures.count == 1)
    item.mayBeIllConditioned = true
    #expect(rounded.run([item]).passes && rounded.run([item]).illConditioned.count == 1)
    #expect(!rounded.run([item, item]).passes)
    #expect(CaseRunner(Faulty(spoils: true)).run([item]).failures.count == 1)
    let random = RandomSteps.cases(count: 8)
    #expect(CaseRunner(Faulty(spoils: true)).run(random).failures.count == 8)
  }

  @Test func anOperationThatIsRefusedIsSkippedAndSaid() {
    let report = CaseRunner(Faulty(refuses: "multiply")).run(Array(cases))
    #expect(report.skipped.count == 3 && report.failures.isEmpty)
    guard case .skipped(let reason) = report.skipped[0].outcome else { return }
    #expect(reason == "multiply: it was told not to")
  }

  @Test func aTableThatRanNothingFails() {
    #expect(!CaseRunner(ReferenceDevice()).run([]).passes)
    let skipped = CaseRunner(Faulty(refuses: "multiply")).run([cases[0]])
    #expect(!skipped.passes)
  }
}

@Suite struct CaseTableTests {
  private let table = CaseTable(seed: CaseTable.defaultSeed)

  @Test func everyOperationHasCases() {
    let families = Compute.Operation.Family.allCases
    for family in families {
      let cases = table.cases(of: family)
      #expect(cases.count >= 5, "\(family)")
      for item in cases { #expect(item.families.contains(family), "\(item.name)") }
    }
    let all = CaseTable.all()
    let kinds = all.reduce(into: Set<String>()) { $0.formUnion($1.operationKinds) }
    let forms = [
      "multiplyTransposed", "biasGradient", "sumSamples", "triangleProduct", "triangleSolve",
      "triangleOuter",
    ]
    #expect(kinds == Set(families.filter { $0 != .triangle }.map { "\($0)" } + forms))
    #expect(Set(all.map(\.name)).count == all.count && all.count >= 600)
    let smoke = CaseTable.smokeTest().reduce(into: Set<String>()) {
      $0.formUnion($1.operationKinds)
    }
    #expect(smoke == kinds)
  }

  @Test func mapsUseEveryPartOfFormulas() {
    var operations: Set<Formula.Operation> = []
    var readings: Set<Map.Reading> = []
    for case .map(let map) in table.cases(of: .map).flatMap(\.program.operations) {
      operations.formUnion(FormulaSteps(map.results.map(\.formula)).steps.map(\.operation))
      readings.formUnion(map.inputs.map(map.reading(of:)))
    }
    let operators: [Formula.Operation] = [
      .add, .subtract, .multiply, .divide, .power, .negate, .less, .where,
    ]
    let functions = Formula.Function.allCases.map(Formula.Operation.function)
    let controls = Control.Value.allCases.map { Formula.Operation.variable($0.variable) }
    for part in operators + functions + controls { #expect(operations.contains(part), "\(part)") }
    #expect(readings == [.element, .rowValue, .columnValue, .single])
  }

  /// A case in which the reference itself leaves the range of numbers would compare nothing.
  @Test func finiteOperandsGiveFiniteResults() throws {
    let device = ReferenceDevice()
    let runner = CaseRunner(device)
    var finite = 0
    for item in table.cases(of: .map)
    where item.values.values.allSatisfy({ $0.floatBits.allSatisfy(\.isFinite) }) {
      for values in try runner.execute(item, on: device).values {
        let isFinite = values.floatBits.allSatisfy(\.isFinite)
        #expect(isFinite, "\(item.name)")
      }
      finite += 1
    }
    #expect(finite >= 300)
  }
}

@Suite struct DifferenceTests {
  @Test func gradientsAreDerivatives() {
    let results = DifferenceCheck.all()
    #expect(results.count >= 80)
    for result in results { #expect(result.failures.isEmpty, "\(result.failures)") }
    for estimator in GradientEstimator.all(beta: 0.5, alpha: 0.5) {
      let isChecked = results.contains { $0.name.hasSuffix(",\(estimator.name))") }
      #expect(isChecked, "\(estimator.name)")
    }
  }

  @Test func aWrongSignFails() {
    for var problem in DerivationCheck.problems(1).prefix(3) {
      #expect(DifferenceCheck.judge(problem).failures.isEmpty)
      let function = problem.function
      problem.function = { -function($0, $1) }
      #expect(!DifferenceCheck.judge(problem).failures.isEmpty)
    }
  }
}
