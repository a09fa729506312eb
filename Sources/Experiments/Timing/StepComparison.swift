import Compute
import IWAE

/// Compares a gradient of the user's model, as it is computed in earnest, with the reference.
public enum StepComparison {
  /// The largest error of a gradient, relative to its root mean square: weights of samples follow
  /// log-weights of some hundreds, rounded to single precision, through an exponential.
  private static let limit = 1e-3

  /// Throws if any parameter's gradient is further off than rounding explains. The batch and the
  /// samples are few, because the reference is slow.
  ///
  /// - Parameters:
  ///   - settings: The step, but for its batch.
  ///   - model: The model.
  ///   - device: The device that is checked.
  ///   - reference: The device that is right.
  public static func check(
    _ settings: RunConfiguration, _ model: Model, on device: any Device,
    against reference: any Device
  ) throws {
    let batch = try BenchBatch(model, count: 2, seed: 1, device)
    let known = try BenchBatch(model, count: 2, seed: 1, reference)
    var settings = settings
    settings.batch = 2
    var configuration = try settings.step(from: batch.batchSource)
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
        throw RunError(
          description: "the gradient of '\(parameter.name)' is off by \(worst), where its root "
            + "mean square is \(square.squareRoot())")
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
