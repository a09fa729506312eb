/// A function of named values, written as a tree of numbers, variables, arithmetic and functions.
///
/// A density, an activation or an optimizer's rule is written down once, in Swift or as text:
///
///     let x = Formula.variable("x")
///     let likelihood = x * "a" - .softplus("a")
///     let same = try Formula(parsing: "x * a - softplus(a)", variables: ["x", "a"])
///
/// Equal trees are equal values. A tree whose parts are shared costs what its distinct parts cost:
/// the hash is computed once, when a node is built.
///
/// - SeeAlso: `derivative(by:)`, and `FormulaSteps`, which computes equal parts once.
public struct Formula: Sendable {
  /// The kind of a node.
  public enum Operation: Hashable, Sendable {
    /// A finite number, not -0.
    case number(Double)
    case variable(String)
    case add
    case subtract
    case multiply
    case divide
    /// The first operand to the power of the second.
    case power
    case negate
    /// 1 if the first operand is less than the second; else 0, also if one of them is NaN.
    case less
    /// The second operand if the first is neither 0 nor NaN; else the third.
    case `where`
    case function(Function)
  }

  /// A function that formulas know, by its name in text.
  public enum Function: String, Hashable, Sendable, CaseIterable {
    case exp, log, log1p, expm1, sqrt, tanh
    /// 1 / (1 + exp(-x))
    case sigmoid
    /// log(1 + exp(x))
    case softplus
    /// The logarithm of the gamma function's absolute value.
    case lgamma
    /// The derivative of `lgamma`; it comes about by deriving and is not accepted in text.
    case digamma
    case abs
    /// -1, 0 or 1.
    case sign
    case min, max

    /// The number of operands.
    public var argumentCount: Int { self == .min || self == .max ? 2 : 1 }
  }

  private(set) var node: Node

  public var operation: Operation { node.operation }
  public var operands: [Formula] { node.operands }

  /// A node exactly as given; `init(_:_:)` simplifies.
  init(unsimplified operation: Operation, _ operands: [Formula] = []) {
    node = Node(operation, operands)
  }

  /// A number. One that is not finite becomes the quotient that yields it, such as 1 / 0, so that
  /// it has a printed form; -0, which equals 0 as a number and not in 1/x, is 0 negated.
  public init(_ number: Double) {
    if number == 0 && number.sign == .minus {
      self.init(unsimplified: .negate, [Formula(0)])
    } else if number.isFinite {
      self.init(unsimplified: .number(number))
    } else {
      let numerator: Double = number.isNaN ? 0 : number < 0 ? -1 : 1
      self.init(unsimplified: .divide, [Formula(numerator), Formula(0)])
    }
  }

  public static func variable(_ name: String) -> Formula {
    Formula(unsimplified: .variable(name))
  }

  /// The number that this formula is, if it is nothing but a number.
  public var number: Double? {
    switch operation {
    case .number(let value): value
    case .negate where operands[0].operation == .number(0): -0.0
    default: nil
    }
  }

  /// The nodes on the longest way from this one down to a number or a variable, both included.
  public var depth: Int { node.depth }
}

extension Formula {
  /// A node: immutable, and so safely shared between trees and between threads.
  final class Node: Sendable {
    let operation: Operation
    /// Changes only when nobody refers to this node any more.
    nonisolated(unsafe) private(set) var operands: [Formula]
    let hash: Int
    let depth: Int

    init(_ operation: Operation, _ operands: [Formula]) {
      self.operation = operation
      self.operands = operands
      var hasher = Hasher()
      hasher.combine(operation)
      for operand in operands { hasher.combine(operand.node.hash) }
      hash = hasher.finalize()
      depth = 1 + (operands.map(\.node.depth).max() ?? 0)
    }

    /// Takes a deep tree apart from the top: nodes that free their operands in turn would need a
    /// call stack as deep as the tree.
    deinit {
      guard depth > 64 else { return }
      var pending = operands
      operands = []
      while var next = pending.popLast() {
        guard isKnownUniquelyReferenced(&next.node) else { continue }
        pending += next.node.operands
        next.node.operands = []
      }
    }
  }
}

extension Formula: Hashable {
  /// Two nodes that are compared with each other.
  private struct Pair: Hashable {
    let first: ObjectIdentifier
    let second: ObjectIdentifier
  }

  /// Compares each pair of nodes once, however often the trees share it.
  public static func == (a: Formula, b: Formula) -> Bool {
    var compared: Set<Pair> = []
    var pending = [(a.node, b.node)]
    while let (a, b) = pending.popLast() {
      if a === b { continue }
      guard a.hash == b.hash, a.operation == b.operation, a.operands.count == b.operands.count
      else { return false }
      guard !a.operands.isEmpty,
        compared.insert(Pair(first: ObjectIdentifier(a), second: ObjectIdentifier(b))).inserted
      else { continue }
      for (a, b) in zip(a.operands, b.operands) { pending.append((a.node, b.node)) }
    }
    return true
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(node.hash) }
}

extension Formula: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByStringLiteral
{
  public init(floatLiteral value: Double) { self.init(value) }
  public init(integerLiteral value: Int) { self.init(Double(value)) }
  /// The variable of this name.
  public init(stringLiteral value: String) { self = .variable(value) }
}
