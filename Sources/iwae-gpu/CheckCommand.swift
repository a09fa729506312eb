import Commands
import Compute
import Conformance
import Files
import Foundation
import OpenCLDevice
import ReferenceDevice

extension Command {
  static let check = Command(
    name: "check",
    abstract: "Compare every operation on a device with the plain reference.",
    options: Backend.choice + [
      Backend.kernels,
      Option(
        "--seed", "seed",
        help: "The seed of all inputs. (default: \(CaseTable.defaultSeed))"),
      Option("--filter", "text", help: "Run only the cases whose names contain a text."),
      Option(
        "--largest", "count", help: "Run only the cases whose tensors have no more elements."),
      Option(
        "--random", "count",
        help: "Run steps of so many models that are put together at random instead."),
      Option(
        "--determinism",
        help: "Show instead in what ways a training comes to the same bits, and in what to nearly "
          + "the same numbers."),
      Option("--parameters", isHidden: true, help: "Print what a training comes to."),
      Option(
        "--sources", "folder",
        help: "Write the kernels that the cases and some whole runs need into a folder instead, "
          + "tiles unless '--kernels' says otherwise. Each begins with the compiler's options and "
          + "the local memory of a group."),
      Option(
        "--tuning", "number",
        help: "The constants of the kernels that '--sources' writes: those for most devices, 0, or "
          + "a set for others. (default: 0)"),
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    examples: [
      Example("iwae-gpu check", "Compare every operation with the plain reference"),
      Example("iwae-gpu check --random 50", "Check steps of models put together at random"),
    ],
    run: { try runCheck($0, $1) })
}

/// The object that `--json` prints.
private struct CheckReport: Encodable {
  struct Worst: Encodable {
    var name: String
    var error: Double
    var shareOfLimit: Double
  }

  var cases: Int
  var failures: Int
  var skipped: Int
  var illConditioned: Int
  var worst: Worst?
  var backend: String
  var device: String
  var schedules: [String]
  var seed: UInt64
  var seconds: Double
  var failed: [String]
}

private func runCheck(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  if arguments.has("--parameters") {
    try CheckDeterminism.printParameters(arguments, terminal)
    return .done
  }
  if arguments.has("--determinism") { return try CheckDeterminism.run(arguments, terminal) }
  let seed = try arguments.seed(default: CaseTable.defaultSeed)
  let filter = arguments.string("--filter")
  let start = ContinuousClock.now
  let largest = try arguments.integer("--largest", default: 1 << 30)
  let random = try arguments.integer("--random", default: 0)
  let table = random > 0 ? RandomSteps.cases(count: random, seed: seed) : CaseTable.all(seed: seed)
  let cases = table.filter {
    $0.largestCount <= largest && (filter.map($0.name.contains) ?? true)
  }
  if let folder = arguments.string("--sources") {
    // Runs have neither a largest tensor nor models put together at random.
    let hasRuns = arguments.given.isDisjoint(with: ["--largest", "--random"])
    let runs = try hasRuns ? RunPrograms.all() : []
    try write(
      KernelText.files(
        of: [.cases(cases.map { ($0.program, $0.protection) })]
          + runs.filter { filter.map($0.name.contains) ?? true }
          .map { .run($0.name, $0.programs) },
        tuning: try tuning(arguments)),
      to: folder)
    return .done
  }
  if arguments.given.contains("--tuning") {
    throw arguments.error("'--tuning' chooses among the kernels that '--sources' writes; add it.")
  }
  let isReference = try Backend.isReference(arguments)
  let devices = isReference ? [] : try schedules(arguments)
  defer { for device in devices { device.close() } }
  if !arguments.has("--quiet") { terminal.error("Seed \(seed).") }

  var results: [CaseResult] = []
  if isReference,
    let flag = arguments.given.intersection([
      "--kernels", "--largest", "--random",
    ]).first
  {
    throw arguments.error("'\(flag)' means nothing on the reference; it is checked by differences.")
  }
  if isReference {
    results = DifferenceCheck.all(seed: seed, containing: filter)
    note(results.filter { !$0.failures.isEmpty }, "", terminal)
  }
  for device in devices {
    let label = "\(device.tuning.schedule.rawValue)"
    let report = CaseRunner(device).run(cases) { note([$0], label, terminal) }
    if !arguments.has("--quiet") {
      terminal.error(
        "\(device.name), \(label): \(report.results.count) cases, "
          + "\(report.failures.count) failures.")
    }
    results += report.results.map { $0.labelled(label) }
  }
  let report = ConformanceReport(results)
  let elapsed = ContinuousClock.now - start
  let summary = CheckReport(
    cases: results.count - report.skipped.count, failures: report.failures.count,
    skipped: report.skipped.count, illConditioned: report.illConditioned.count,
    worst: report.worst.map {
      .init(name: $0.name, error: $0.error, shareOfLimit: $0.ratio)
    },
    backend: isReference ? "cpu" : "opencl",
    device: devices.first?.name ?? "reference",
    schedules: devices.map(\.tuning.schedule.rawValue), seed: seed,
    seconds: Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18,
    failed: report.failures.map(\.name))
  if arguments.has("--json") { try terminal.json(summary) } else { try describe(summary, terminal) }
  if summary.cases == 0 {
    throw CommandError(
      message: "No case ran, so nothing was shown."
        + (filter.map { " No name contains '\($0)'." } ?? ""), code: .failed)
  }
  return report.passes ? .done : .failed
}

/// The device under each schedule to check: the one asked for, else its own, and on a CPU, which
/// runs both, both.
private func schedules(_ arguments: ParsedArguments) throws -> [OpenCLDevice] {
  if let schedule = Backend.schedule(arguments) {
    return [try Backend.untried(arguments, schedule: schedule)]
  }
  let device = try Backend.untried(arguments)
  guard device.description.kind == .cpu else { return [device] }
  return [device, try Backend.untried(arguments, schedule: .tiles)]
}

/// The tuning of the kernels to write.
private func tuning(_ arguments: ParsedArguments) throws -> Tuning {
  let tunings = Tuning.standards(of: Backend.schedule(arguments) ?? .tiles)
  return tunings[
    try arguments.integer("--tuning", default: 0, minimum: 0, maximum: tunings.count - 1)]
}

private func write(_ files: [KernelText], to folder: String) throws {
  try FileCalls.makeFolder(folder)
  for file in files {
    let text =
      "// \(file.options.joined(separator: " "))\n// local memory: \(file.localBytes) bytes\n"
      + file.source
    try Files.write(Data(text.utf8), to: "\(folder)/\(file.name)")
  }
}

private func note(_ results: [CaseResult], _ label: String, _ terminal: Terminal) {
  for result in results {
    for message in result.failures {
      terminal.error("FAILED \(label) \(result.name)\n  \(message)")
    }
    if case .skipped(let reason) = result.outcome {
      terminal.error("skipped \(label) \(result.name): \(reason)")
    }
  }
}

private func describe(_ report: CheckReport, _ terminal: Terminal) throws {
  var lines = [
    "\(report.device): \(report.cases) cases, \(report.failures) failures, "
      + "\(report.skipped) skipped in \(String(format: "%.1f", report.seconds)) s."
  ]
  if report.illConditioned > 0 {
    lines.append(
      "Beyond the usual limits, but within what rounding alone does: \(report.illConditioned).")
  }
  if let worst = report.worst {
    lines.append(
      "Closest to its limit: \(worst.name), error \(String(format: "%.2g", worst.error)), "
        + "\(String(format: "%.0f", worst.shareOfLimit * 100))% of what is allowed.")
  }
  try terminal.output(lines.joined(separator: "\n"))
}
