import Compute
import Foundation
import IWAE
import ReferenceDevice

/// Gradient operations against central differences of what they are the gradients of, in double
/// precision on the reference device.
public enum DifferenceCheck {
  /// The largest difference that passes, relative to the largest element of a gradient. Rules hold
  /// their constants in single precision, 6e-8 of each, and the terms that they weigh cancel in part.
  public static let limit = 1e-7

  /// Runs every check, or those whose names contain a text.
  public static func all(
    seed: UInt64 = CaseTable.defaultSeed, containing text: String? = nil
  ) -> [CaseResult] {
    (DerivationCheck.problems(seed) + estimators(seed) + bounds(seed) + ascents(seed))
      .filter { problem in text.map(problem.name.contains) ?? true }
      .map(judge)
  }

  /// A scalar function of some tensors, and a program that computes its gradient.
  struct Problem {
    var name: String
    var program: Program
    var shared: [Tensor] = []
    var values: [Tensor: HostValues]
    var control: Control
    /// Tensors of which the function is told what they held before anything moved.
    var held: [Tensor] = []
    /// The function, read off the program's results.
    var function: (_ moved: ReferenceExecutable, _ held: [Tensor: [Double]]) -> Double
    /// The variables of the function, each with the tensor that holds the derivative by it.
    var pairs: [(variable: Tensor, gradient: Tensor)]
    /// True if the function needs the program's results, and not its variables alone.
    var readsResults = true
  }

  static func judge(_ problem: Problem) -> CaseResult {
    do throws(DeviceError) {
      let device = ReferenceDevice()
      let memory = try device.allocate(problem.shared)
      guard let executable = try device.compile(problem.program, on: memory) as? ReferenceExecutable
      else { preconditionFailure("the reference device compiles to its own executables") }
      for (tensor, values) in problem.values { try executable.upload(values, to: tensor) }
      try executable.run(problem.control)
      let held = problem.held.reduce(into: [:]) { $0[$1] = executable[$1] }
      var worst = (error: 0.0, place: "")
      for (variable, gradient) in problem.pairs {
        let analytic = executable[gradient]
        let scale = analytic.reduce(0) { max($0, abs($1)) }
        for index in probes(of: variable) {
          let numeric = try difference(problem, executable, held, variable, index)
          let distance = abs(numeric - analytic[index]) / max(scale, 1e-3)
          // A NaN counts as infinite, which no later error replaces.
          let error = distance.isNaN ? .infinity : distance
          if !(error <= worst.error) { worst = (error, "\(variable.name)[\(index)]") }
        }
      }
      let passes = worst.error <= limit
      return CaseResult(
        name: problem.name,
        outcome: passes ? .passed : .failed(["\(worst.place): error \(worst.error)"]),
        ratio: worst.error / limit, error: worst.error)
    } catch {
      return CaseResult(
        name: problem.name, outcome: .failed(["\(error)"]), ratio: .infinity, error: .infinity)
    }
  }

  /// At most six elements of a tensor, spread evenly, the first and the last among them.
  private static func probes(of tensor: Tensor) -> [Int] {
    let count = tensor.shape.count
    guard count > 6 else { return Array(0..<count) }
    return (0..<6).map { $0 * (count - 1) / 5 }
  }

  /// The slope along one element, from four points, so that the error falls as the fourth power
  /// of the step.
  private static func difference(
    _ problem: Problem, _ executable: ReferenceExecutable, _ held: [Tensor: [Double]],
    _ variable: Tensor, _ index: Int
  ) throws(DeviceError) -> Double {
    let center = executable[variable][index]
    let step = 5e-4
    func value(_ offset: Double) throws(DeviceError) -> Double {
      executable[variable][index] = center + offset
      if problem.readsResults { try executable.run(problem.control) }
      return problem.function(executable, held)
    }
    let near = try value(step) - value(-step)
    let far = try value(2 * step) - value(-2 * step)
    executable[variable][index] = center
    if problem.readsResults { try executable.run(problem.control) }
    return (8 * near - far) / (12 * step)
  }
}

extension DifferenceCheck {
  static func control() -> Control {
    var control = Control()
    control.klWeight = 0.75
    return control
  }

  /// The objectives whose coefficients are derivatives of a bound; where the encoder ascends one of
  /// its own, that as well.
  static var ascended: [(Objective, checksEncoder: Bool)] {
    Objective.names.compactMap { Objective($0, beta: 0.25, alpha: 0.5) }.flatMap {
      objective -> [(Objective, checksEncoder: Bool)] in
      let rule = objective.rule(groups: 3, samples: 5)
      if rule.path.isZero && rule.riemann == nil { return [] }
      let hasOwn = rule.encoderBound != rule.bound
      return [(objective, false)] + (hasOwn ? [(objective, true)] : [])
    }
  }

  /// The coefficients are the derivatives of the bound with respect to the log-weights.
  private static func estimators(_ seed: UInt64) -> [Problem] {
    ascended.map { objective, checksEncoder in
      var inputs = CaseInputs(case: "estimators(\(objective.name))", seed: seed)
      let shape = Shape.vector(2 * 3 * 5)
      let logWeights = Tensor("logWeights", shape, .input)
      let bounds = Tensor("bounds", .vector(2), .output)
      let encoderBounds = Tensor("encoderBounds", .vector(2), .output)
      let decoder = Tensor("decoder", shape, .output)
      let path = Tensor("path", shape, .output)
      return Problem(
        name: "differences(estimate,\(objective.name),\(checksEncoder ? "encoder" : "decoder"))",
        program: .checked(
          "estimate",
          [
            .estimate(
              Estimate(
                logWeights: logWeights, groups: 3, samples: 5,
                rule: objective.rule(groups: 3, samples: 5), bounds: bounds,
                encoderBounds: encoderBounds, decoderCoefficients: decoder, pathCoefficients: path))
          ]),
        values: [logWeights: .floats(inputs.normals(30))], control: control(),
        function: { executable, _ in
          executable[checksEncoder ? encoderBounds : bounds].reduce(0, +)
        },
        pairs: [(logWeights, checksEncoder ? path : decoder)])
    }
  }
}
