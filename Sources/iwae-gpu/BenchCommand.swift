import Commands
import Compute
import Experiments
import Foundation
import IWAE
import OpenCLDevice
import ReferenceDevice

extension Command {
  static let bench = Command(
    name: "bench",
    abstract: "Time training steps, or the evaluation of a batch.",
    options: ModelOptions.options + StepOptions.options + StepOptions.limits + [
      Option("--steps", "count", help: "Steps or evaluations to time. (default: 100 or 5)"),
      Option(
        "--evaluate",
        help: "Time the log-likelihood of one batch instead, by --samples samples, 5000 unless set."
      ),
      Option("--profile", help: "Show where the time of a step goes."),
      Option("--seed", "seed", help: "The seed of everything random. (default: 0)"),
    ] + Backend.options + [
      Backend.kernels,
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    examples: [
      Example("iwae-gpu bench --batch 100 -k 50", "Time training steps"),
      Example("iwae-gpu bench --profile", "Show where their time goes"),
    ],
    run: { try runBench($0, $1) })
}

/// The object that `--json` prints.
private struct BenchReport: Encodable {
  var stepMilliseconds: Double?
  var evaluationMilliseconds: Double?
  /// The least and the largest of all that were timed.
  var fastestMilliseconds: Double
  var slowestMilliseconds: Double
  var timed: Int
  /// Multiply-adds of matrix products alone, counted as two operations each.
  var gflops: Double
  var peakGflops: Double?
  var peakFraction: Double?
  var peakBytesPerSecond: Double?
  /// The launches of a step, on an OpenCL device that takes it at once.
  var launches: Int?
  /// The part of a batch that is taken at a time, and the bytes that the step takes.
  var division: String?
  var stepBytes: Int?
  /// From the start of the process to the end of the first step.
  var firstStepMilliseconds: Double
  /// True if the kernels came compiled out of the cache.
  var kernelsWereCached: Bool?
  var backend: String
  var device: String
  /// The launches of a step with their floors, on an OpenCL device that takes it at once.
  var profile: [LaunchProfile]?
  /// The variance of the gradient, if samples are drawn for the way back.
  var gradientVariance: GradientVariance?

  var text: String {
    func number(_ value: Double) -> String { String(format: value < 10 ? "%.3f" : "%.1f", value) }
    let median = stepMilliseconds ?? evaluationMilliseconds ?? 0
    var lines = [
      "\(stepMilliseconds == nil ? "evaluation of a batch" : "step") \(number(median)) ms, "
        + "median of \(timed) from \(number(fastestMilliseconds)) to "
        + "\(number(slowestMilliseconds))"
    ]
    var speed = String(format: "%.0f GFLOP/s in matrix products", gflops)
    if let peakGflops, let peakFraction {
      speed += String(
        format: ", %.0f%% of the %.0f that were measured as peak", 100 * peakFraction, peakGflops)
    }
    lines.append(speed)
    lines.append(
      "first result \(number(firstStepMilliseconds)) ms after the start"
        + (kernelsWereCached.map { $0 ? ", kernels cached" : ", kernels compiled" } ?? ""))
    if let division, let stepBytes {
      let launches = launches.map { ", \($0) launches" } ?? ""
      lines.append("\(division), in \(readable(bytes: stepBytes))\(launches)")
    }
    if let variance = gradientVariance {
      lines.append(
        String(
          format: "the gradient varies %.2f times as much as with all samples, whose step takes "
            + "%.3f ms (variance %.3g and %.3g, over %d steps)", variance.drawn / variance.all,
          variance.stepMillisecondsOfAll, variance.drawn, variance.all, variance.steps))
    }
    lines.append("on \(device)")
    return lines.joined(separator: "\n")
  }
}

private func runBench(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let evaluates = arguments.has("--evaluate")
  let ofSteps = [
    "--profile", "--memory", "--backward-samples", "--groups", "--objective", "--estimator",
  ]
  if evaluates, let flag = ofSteps.first(where: arguments.given.contains) {
    throw arguments.error("'\(flag)' belongs to a training step; leave out '--evaluate'.")
  }
  let model = try ModelOptions.model(arguments)
  let schedule = Backend.schedule(arguments)
  let device: any Device =
    try Backend.isReference(arguments)
    ? ReferenceDevice() : Backend.openCL(arguments, schedule: schedule)
  defer { device.close() }
  let count = try arguments.integer("--steps", default: evaluates ? 5 : 100, maximum: 1 << 20)
  let settings = try StepOptions.settings(arguments)
  let workload =
    try evaluates
    ? Workload(
      evaluationOf: model, batch: settings.batch,
      samples: arguments.integer("--samples", default: 5000), on: device, seed: settings.seed)
    : Workload(step: settings, of: model, on: device)
  var first = 0.0
  try workload.prepare { first = ProcessStart.elapsedMilliseconds }
  let times = try workload.time(count)
  let openCL = device as? OpenCLDevice
  let step = openCL.flatMap { device in
    workload.programs?.whole.flatMap { step in
      workload.memory.map { (device: device, program: step.program, memory: $0) }
    }
  }
  if step == nil, arguments.has("--profile") {
    throw arguments.error(
      "'--profile' shows a step that an OpenCL device carries out at once; leave out "
        + "'--backend cpu' and '--backward-samples', or allow more '--memory'.")
  }
  let peak = try openCL.map { try $0.peak() }
  // The profile may compile others.
  let areCached = openCL.map(\.kernelsAreCached)
  var profile: [LaunchProfile]?
  if let step, let peak, arguments.has("--profile") {
    profile = try step.device.profile(
      of: step.program, on: step.memory, peak: peak, separately: true)
  } else if let step, let peak, arguments.has("--json") {
    profile = try parts(of: step.program, on: step.memory, step.device, peak)
  }
  let median = times.sorted()[times.count / 2]
  let gflops = workload.productOperations / median * 1e-6
  let report = BenchReport(
    stepMilliseconds: evaluates ? nil : median,
    evaluationMilliseconds: evaluates ? median : nil,
    fastestMilliseconds: times.min() ?? median, slowestMilliseconds: times.max() ?? median,
    timed: count, gflops: gflops, peakGflops: peak.map { $0.operationsPerSecond * 1e-9 },
    peakFraction: peak.map { gflops * 1e9 / $0.operationsPerSecond },
    peakBytesPerSecond: peak?.bytesPerSecond,
    launches: step.flatMap { $0.device.launchCount(of: $0.program, on: $0.memory) },
    division: workload.programs?.description, stepBytes: workload.programs?.bytes,
    firstStepMilliseconds: first,
    kernelsWereCached: areCached,
    backend: device.backend, device: device.name,
    profile: profile,
    gradientVariance: try GradientVariance.measure(workload))
  if arguments.has("--json") {
    try terminal.json(report)
  } else {
    try terminal.output(report.text)
    if let profile = report.profile { try terminal.output("\n" + table(of: profile)) }
  }
  return .done
}

/// The launches of a step; nil where a second workspace has no room: what was timed counts without it.
private func parts(
  of program: Program, on memory: any Memory, _ device: OpenCLDevice, _ peak: DevicePeak
) throws -> [LaunchProfile]? {
  do {
    return try device.profile(of: program, on: memory, peak: peak, separately: false)
  } catch {
    guard case .insufficientMemory = error else { throw error }
    return nil
  }
}

private func table(of profile: [LaunchProfile]) -> String {
  var table = TextTable(
    ["microseconds", "share", "floor", "alone", "GFLOP/s", "operation"],
    rightAligned: [0, 1, 2, 3, 4])
  for launch in profile {
    table.append([
      String(format: "%.0f", launch.microseconds), String(format: "%.0f%%", 100 * launch.share),
      String(format: "%.0f", launch.floorMicroseconds), "", "", launch.launch,
    ])
    for operation in launch.operations {
      table.append([
        "", "", "", operation.microsecondsAlone.map { String(format: "%.0f", $0) } ?? "",
        operation.gflops.map { String(format: "%.0f", $0) } ?? "",
        "  \(operation.kind) \(operation.result)",
      ])
    }
  }
  return table.text
}
