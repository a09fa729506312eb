/// Several formulas as one list of steps, in which equal parts are computed once.
public struct FormulaSteps: Hashable, Sendable {
  public struct Step: Hashable, Sendable {
    public var operation: Formula.Operation
    /// The positions of earlier steps.
    public var operands: [Int]
  }

  public private(set) var steps: [Step] = []
  /// The position of the step that yields each formula.
  public let results: [Int]
  /// The formula of each step.
  private(set) var formulas: [Formula] = []

  /// No part is visited twice and nothing recurses, so sharing and depth cost nothing.
  ///
  /// - Parameters:
  ///   - roots: The formulas.
  ///   - commuting: If true, `a + b` and `b + a` are one step, and so are products.
  public init(_ roots: [Formula], commuting: Bool = true) {
    var positions: [Step: Int] = [:]
    // The roots outlive this call and keep every node, so an identifier stays a node's own.
    var visited: [ObjectIdentifier: Int] = [:]
    var pending = Array(roots.reversed())
    while let next = pending.last {
      let places = next.operands.map { visited[ObjectIdentifier($0.node)] }
      if places.contains(nil) {
        pending += zip(next.operands, places).filter { $0.1 == nil }.map(\.0).reversed()
        continue
      }
      pending.removeLast()
      let step = Step(operation: next.operation, operands: places.compactMap(\.self))
      var key = step
      if commuting && step.operation.commutes { key.operands.sort() }
      if positions[key] == nil {
        positions[key] = steps.count
        steps.append(step)
        formulas.append(next)
      }
      visited[ObjectIdentifier(next.node)] = positions[key]
    }
    results = roots.compactMap { visited[ObjectIdentifier($0.node)] }
  }

  /// The number of steps that compute, which numbers and variables do not.
  public var arithmetic: Int { steps.count { !$0.operands.isEmpty } }
}

extension Formula.Operation {
  /// True if exchanging the two operands keeps the value, its rounding included.
  fileprivate var commutes: Bool { self == .add || self == .multiply }
}

extension FormulaSteps {
  /// Evaluates at `count` places at once.
  ///
  /// - Parameters:
  ///   - count: The number of places.
  ///   - values: Each variable's `count` values, or its one value, the same everywhere.
  ///   - adjust: Changes what each step has computed.
  /// - Returns: An array of `count` values for each formula.
  /// - Precondition: Every variable has 1 or `count` values.
  public func evaluate(
    count: Int, _ values: [String: [Double]],
    adjust: ((UnsafeMutableBufferPointer<Double>) -> Void)? = nil
  ) -> [[Double]] {
    // Blocks, so that the values in between stay in the cache.
    let width = Swift.min(count, 512)
    guard width > 0 else { return results.map { _ in [] } }
    let uniform = uniformSteps(count: count, values)
    var outputs = results.map { _ in [Double](repeating: 0, count: count) }
    withUnsafeTemporaryAllocation(of: Double.self, capacity: steps.count * width) { buffer in
      buffer.initialize(repeating: 0)
      let rows = FormulaRows(base: buffer.baseAddress!, width: width)
      for start in stride(from: 0, to: count, by: width) {
        let active = Swift.min(width, count - start)
        // What is the same everywhere stays in its row after the first block.
        for (index, step) in steps.enumerated() where start == 0 || !uniform[index] {
          rows.compute(index, step, active, inputs: values, start: start)
          adjust?(UnsafeMutableBufferPointer(start: rows.row(index), count: active))
        }
        for (output, result) in results.enumerated() {
          outputs[output].withUnsafeMutableBufferPointer {
            ($0.baseAddress! + start).update(from: rows.row(result), count: active)
          }
        }
      }
    }
    return outputs
  }

  /// True for each step whose value is the same at all places.
  private func uniformSteps(count: Int, _ values: [String: [Double]]) -> [Bool] {
    var uniform: [Bool] = []
    for step in steps {
      if case .variable(let name) = step.operation {
        let found = values[name]?.count
        precondition(
          found == 1 || found == count,
          "'\(name)' needs 1 or \(count) values, found \(found.map(String.init) ?? "none")")
        uniform.append(found == 1)
      } else {
        uniform.append(step.operands.allSatisfy { uniform[$0] })
      }
    }
    return uniform
  }
}

/// A row of values for each step.
private struct FormulaRows {
  let base: UnsafeMutablePointer<Double>
  /// The length of a row.
  let width: Int

  func row(_ step: Int) -> UnsafeMutablePointer<Double> { base + step * width }

  /// Fills the first `count` places of a step's row.
  func compute(
    _ index: Int, _ step: FormulaSteps.Step, _ count: Int, inputs: [String: [Double]], start: Int
  ) {
    let output = row(index)
    let operands = step.operands
    switch step.operation {
    case .number(let value): output.update(repeating: value, count: count)
    case .variable(let name):
      let values = inputs[name] ?? []
      if values.count == 1 {
        output.update(repeating: values[0], count: count)
      } else {
        values.withUnsafeBufferPointer {
          output.update(from: $0.baseAddress! + start, count: count)
        }
      }
    case .add: combine(output, operands, count) { $0 + $1 }
    case .subtract: combine(output, operands, count) { $0 - $1 }
    case .multiply: combine(output, operands, count) { $0 * $1 }
    case .divide: combine(output, operands, count) { $0 / $1 }
    case .less: combine(output, operands, count) { $0 < $1 ? 1 : 0 }
    case .negate: combine(output, operands, count) { x, _ in -x }
    case .function(let function): combine(output, operands, count) { function.value($0, $1) }
    case .power: combine(output, operands, count) { powerValue($0, $1) }
    case .where:
      let (condition, a, b) = (row(operands[0]), row(operands[1]), row(operands[2]))
      for place in 0..<count { output[place] = isTrue(condition[place]) ? a[place] : b[place] }
    }
  }

  /// Applies a function of the first and the last operand at each place.
  @inline(__always)
  private func combine(
    _ output: UnsafeMutablePointer<Double>, _ operands: [Int], _ count: Int,
    _ function: (Double, Double) -> Double
  ) {
    let (first, last) = (row(operands[0]), row(operands[operands.count - 1]))
    for place in 0..<count { output[place] = function(first[place], last[place]) }
  }
}
