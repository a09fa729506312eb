import Compute
import IWAE
import ReferenceDevice
import Testing

@testable import Conformance

/// A sign that is wrong anywhere on the way back is noticed, by differences and by comparison.
@Suite struct SignTests {
  /// The results of maps that are derivatives.
  private func derivatives(_ program: Program) -> [String] {
    program.operations.flatMap { operation -> [String] in
      guard case .map(let map) = operation else { return [] }
      return map.results.map(\.tensor.name).filter {
        $0.contains(".delta") || $0.contains("samples")
      }
    }
  }

  /// The parts of a model that the derivatives belong to.
  private func expectAllParts(_ names: [String]) {
    for part in ["encoder.0", "encoder.1", "decoder.0", "decoder.1", "prior", "likelihood"] {
      let isThere = names.contains { $0.hasPrefix(part) }
      #expect(isThere, "\(part)")
    }
  }

  @Test(arguments: ["iwae", "rws", "vimco"]) func differencesNotice(name: String) throws {
    let (label, model) = try #require(DifferenceCheck.models.first { $0.0 == "formulas" })
    let estimator = GradientEstimator(try #require(Objective(name)))
    let problem = DifferenceCheck.ascent(label, model, estimator, CaseTable.defaultSeed)
    #expect(DifferenceCheck.judge(problem).failures.isEmpty)
    let names = derivatives(problem.program)
    expectAllParts(names)
    for name in names {
      var wrong = problem
      wrong.program = problem.program.negating(name)
      let result = DifferenceCheck.judge(wrong)
      #expect(result.ratio > 100, "\(estimator.name) with -\(name)")
    }
  }

  @Test(arguments: ["iwae,standard", "iwae,dreg", "rws,standard", "vimco,standard"])
  func comparisonNotices(estimator: String) throws {
    let item = try #require(
      CaseTable(seed: CaseTable.defaultSeed).stepCases().first {
        $0.name.hasPrefix("step(formulas,\(estimator)")
      })
    let names = derivatives(item.program)
    expectAllParts(names)
    #expect(CaseRunner(Negating(nil)).run(item).failures.isEmpty)
    for name in names {
      let result = CaseRunner(Negating(name)).run(item)
      #expect(!result.failures.isEmpty, "\(item.name) with -\(name)")
    }
  }

  /// A reference device that negates a result of a map.
  final class Negating: Device {
    var ranks: any Ranks = OneProcess()
    let backend = "cpu"
    let name = "negating"
    private let inner = ReferenceDevice()
    private let result: String?

    init(_ result: String?) { self.result = result }

    func obstacle(to operation: Compute.Operation) -> String? { nil }

    func allocate(_ tensors: [Tensor], protection: Protection) throws(DeviceError) -> any Memory {
      try inner.allocate(tensors, protection: protection)
    }

    func compile(
      _ program: Program, on memory: any Memory, protection: Protection
    ) throws(DeviceError) -> any Executable {
      try inner.compile(
        result.map(program.negating) ?? program, on: memory, protection: protection)
    }
  }
}

extension Program {
  /// The program with a result of a map negated.
  fileprivate func negating(_ name: String) -> Program {
    .checked(
      self.name,
      operations.map { operation in
        guard case .map(let map) = operation else { return operation }
        let results = map.results.map { result in
          var result = result
          if result.tensor.name == name { result.formula = -result.formula }
          return result
        }
        return .map(Map(results, reading: map.inputs))
      })
  }
}
