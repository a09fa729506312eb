import Compute
import IWAE

/// The variance of a gradient over the noise, for one batch and parameters that stand still: the
/// sum over parameters of the variance over steps.
public struct GradientVariance: Encodable, Sendable {
  public var steps: Int
  /// With all samples walked backwards.
  public var all: Double
  /// With those that are drawn.
  public var drawn: Double
  /// The time of a step with all samples walked backwards, the median of these steps.
  public var stepMillisecondsOfAll: Double

  private static let count = 30

  /// The variances at the parameters that a workload has reached; nil where it draws no samples.
  public static func measure(_ workload: Workload) throws -> GradientVariance? {
    guard var configuration = workload.programs?.configuration, configuration.backwardSamples != nil
    else { return nil }
    configuration.optimizer = nil
    let drawn = try variance(configuration, workload).variance
    configuration.backwardSamples = nil
    let (all, milliseconds) = try variance(configuration, workload)
    return GradientVariance(
      steps: count, all: all, drawn: drawn, stepMillisecondsOfAll: milliseconds)
  }

  private static func variance(
    _ configuration: StepConfiguration, _ workload: Workload
  ) throws -> (variance: Double, milliseconds: Double) {
    let batch = workload.batch
    let programs = try StepPrograms(batch.model, configuration, on: batch.device)
    let memory = try batch.memory(for: programs, parametersOf: workload.memory)
    let runner = try StepRunner(programs, on: memory, device: batch.device)
    let gradients = batch.model.parameters.map { $0.counterpart(.gradient) }
    var means = gradients.map { [Double](repeating: 0, count: $0.shape.count) }
    var deviations = 0.0
    var times: [Double] = []
    for step in 0..<count {
      var control = Control()
      control.step = UInt32(step)
      let start = ContinuousClock.now
      try runner.run(control)
      try runner.finish()
      times.append(start.duration(to: .now) / .milliseconds(1))
      for (index, gradient) in gradients.enumerated() {
        for (element, value) in try memory.floats(gradient).enumerated() {
          let before = Double(value) - means[index][element]
          means[index][element] += before / Double(step + 1)
          deviations += before * (Double(value) - means[index][element])
        }
      }
    }
    return (deviations / Double(count - 1), times.sorted()[count / 2])
  }
}
