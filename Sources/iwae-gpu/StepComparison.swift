import Compute
import IWAE
import OpenCLDevice
import ReferenceDevice

/// Compares a gradient of the user's model, as it is computed in earnest, with the reference.
enum StepComparison {
  /// The largest error of a gradient, relative to its root mean square: weights of samples follow
  /// log-weights of some hundreds, rounded to single precision, through an exponential.
  private static let limit = 1e-3

  /// Throws if any parameter's gradient is further off than rounding explains. The batch and the
  /// samples are few, because the reference is slow.
  static func check(
    _ arguments: ParsedArguments, _ model: Model, on device: OpenCLDevice
  ) throws {
    let batch = try BenchBatch(model, count: 2, seed: 1, device)
    let known = try BenchBatch(model, count: 2, seed: 1, ReferenceDevice())
    var configuration = try StepOptions.settings(arguments, batch: 2).step(
      from: batch.batchSource)
    configuration.optimizer = nil
    configuration.backwardSamples = nil
    configuration.samples = min(configuration.samples, 26)
    configuration.groups = min(configuration.groups, 2)
    let expected = try gradients(configuration, known)
    let found = try gradients(configuration, batch)
    for (parameter, (a, b)) in zip(model.parameters, zip(expected, found)) {
      let square = a.reduce(0) { $0 + Double($1) * Double($1) } / Double(a.count)
      let worst = zip(a, b).reduce(0.0) { worst, pair in
        let error = abs(Double(pair.0) - Double(pair.1))
        // A NaN counts as infinite, which no later error replaces.
        return error.isNaN ? .infinity : max(worst, error)
      }
      guard worst <= limit * square.squareRoot() else {
        throw CommandError(
          message: "the gradient of '\(parameter.name)' is off by \(worst), where its root mean "
            + "square is \(square.squareRoot())", code: .failed)
      }
    }
  }

  private static func gradients(
    _ configuration: StepConfiguration, _ batch: BenchBatch
  ) throws -> [[Float]] {
    let programs = try StepPrograms(batch.model, configuration, .whole, batch.device)
    let memory = try batch.memory(for: programs)
    let runner = try StepRunner(programs, on: memory, device: batch.device)
    try runner.run(Control())
    return try batch.model.parameters.map { try memory.floats($0.counterpart(.gradient)) }
  }
}
