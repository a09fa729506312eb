import Commands
import Compute
import Conformance
import Experiments
import Files
import Foundation
import IWAE
import OpenCLDevice
import ReferenceDevice

extension Command {
  static let tune = Command(
    name: "tune",
    abstract: "Find the fastest kernels for a model on a device, and keep them.",
    options: ModelOptions.options + StepOptions.options + [
      Option("--forget", help: "Go back to the defaults."),
      Option("--rounds", "count", help: "How often each candidate has its turn. (default: 5)"),
      Option("--seed", "seed", help: "The seed of everything random. (default: 0)"),
    ] + Backend.choice + [
      Backend.kernels,
      Option("--json", help: "Print one JSON object."),
      Option("--quiet", help: "Show no progress."),
    ],
    examples: [
      Example("iwae-gpu tune --batch 20 -k 50", "Find and keep the fastest kernels")
    ],
    run: { try runTune($0, $1) })
}

/// The object that `--json` prints.
private struct TuneReport: Encodable {
  struct Candidate: Encodable {
    var tuning: Tuning
    /// The median of a step; nil where the candidate was refused.
    var stepMilliseconds: Double?
    /// Why it was refused.
    var problem: String?
  }

  var device: String
  var candidates: [Candidate]
  var before: Candidate
  var after: Candidate
  /// The file that keeps the winner; nil where it is the default.
  var file: String?
}

/// A candidate that gives right results.
private struct Contender {
  var tuning: Tuning
  var times: [Double] = []

  var median: Double { times.sorted()[times.count / 2] }
}

/// A candidate that does not.
private struct Refusal {
  var tuning: Tuning
  var error: any Error

  var problem: String { (error as? CommandError)?.message ?? "\(error)" }
}

private func runTune(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  if arguments.string("--backend") == "cpu" {
    throw arguments.error("There is nothing to tune on the reference; leave out '--backend cpu'.")
  }
  let (device, current) = try chosen(arguments)
  guard let store = TuningStore.standard else {
    throw CommandError(
      message: "There is no folder for caches. Set XDG_CACHE_HOME to one.", code: .fileAccess)
  }
  if arguments.has("--forget") {
    try terminal.output(
      store.forget(device, current.schedule)
        ? "Forgot the tuning of \(device.name)." : "There was no tuning of \(device.name).")
    return .done
  }
  let line = ProgressLine(terminal, isQuiet: arguments.has("--quiet"))
  var (contenders, refused) = try check(on: device, current, arguments, terminal, line)
  // By turns, so that what disturbs the machine disturbs all alike.
  let rounds = try arguments.integer("--rounds", default: 5, maximum: 1000)
  for round in 0..<rounds {
    line.show("round \(round + 1) of \(rounds)")
    for index in contenders.indices {
      contenders[index].times += try time(contenders[index].tuning, on: device, arguments)
    }
  }
  line.clear()
  let ranked = contenders.sorted { $0.median < $1.median }
  let best = ranked[0]
  let before = contenders.first { $0.tuning == current }
  // What is right, and not slower by more than chance, stays.
  let winner = before.map { best.median < 0.98 * $0.median ? best : $0 } ?? best
  if winner.tuning == Tuning.standard(for: device, schedule: winner.tuning.schedule) {
    // Defaults may become better; what is no better than them is not kept.
    store.forget(device, winner.tuning.schedule)
  } else {
    try store.store(winner.tuning, for: device)
  }
  func entry(_ contender: Contender) -> TuneReport.Candidate {
    .init(tuning: contender.tuning, stepMilliseconds: contender.median)
  }
  let problems = refused.map { TuneReport.Candidate(tuning: $0.tuning, problem: $0.problem) }
  let report = TuneReport(
    device: device.name, candidates: ranked.map(entry) + problems,
    before: before.map(entry)
      ?? .init(tuning: current, problem: problems.first { $0.tuning == current }?.problem),
    after: entry(winner),
    file: winner.tuning == Tuning.standard(for: device, schedule: winner.tuning.schedule)
      ? nil : store.path(for: device, winner.tuning.schedule))
  if arguments.has("--json") { try terminal.json(report) } else { try describe(report, terminal) }
  return .done
}

/// The candidates that give right results, and why others do not; throws if all are wrong.
private func check(
  on device: DeviceDescription, _ current: Tuning, _ arguments: ParsedArguments,
  _ terminal: Terminal, _ line: ProgressLine
) throws -> (right: [Contender], refused: [Refusal]) {
  let (model, settings) = try (ModelOptions.model(arguments), StepOptions.settings(arguments))
  var tunings = Tuning.candidates(for: device, schedule: current.schedule)
  if !tunings.contains(current) { tunings.insert(current, at: 0) }
  var right: [Contender] = []
  var refused: [Refusal] = []
  for (index, tuning) in tunings.enumerated() {
    line.show("checking candidate \(index + 1) of \(tunings.count): \(tuning.text)")
    do {
      try check(tuning, on: device, settings, model)
      right.append(Contender(tuning: tuning))
    } catch {
      refused.append(Refusal(tuning: tuning, error: error))
    }
  }
  guard let wrong = refused.first(where: { $0.tuning == current }) else { return (right, refused) }
  // Where all fail, it is not the tuning's fault.
  guard !right.isEmpty else { throw wrong.error }
  line.clear()
  terminal.error(
    "Note: The tuning in use, \(current.text), gives way to another, for it fails here. \(wrong.problem)"
  )
  return (right, refused)
}

/// The device to tune and its tuning so far.
private func chosen(_ arguments: ParsedArguments) throws -> (DeviceDescription, Tuning) {
  let device = try Backend.untried(arguments, schedule: Backend.schedule(arguments))
  return (device.description, device.tuning)
}

/// Opens a device with a candidate, checks what it changes and a step of the model on it, and runs the
/// first steps.
private func check(
  _ tuning: Tuning, on device: DeviceDescription, _ settings: RunConfiguration, _ model: Model
) throws {
  let opened = try OpenCLDevice.open(device, tuning: tuning)
  defer { opened.close() }
  let report = CaseRunner(opened).run(CaseTable.tuningTest())
  if let failure = report.failures.first {
    throw CommandError(
      message: "\(failure.name): \(failure.failures.first ?? "it failed")", code: .failed)
  }
  try StepComparison.check(settings, model, on: opened, against: ReferenceDevice())
  try Workload(step: settings, of: model, on: opened).prepare()
}

/// Some steps on a device that is opened for them: what one candidate holds is released before the next
/// has its turn.
private func time(
  _ tuning: Tuning, on device: DeviceDescription, _ arguments: ParsedArguments
) throws -> [Double] {
  let opened = try OpenCLDevice.open(device, tuning: tuning)
  defer { opened.close() }
  let workload = try Workload(
    step: StepOptions.settings(arguments), of: ModelOptions.model(arguments), on: opened)
  try workload.prepare()
  return try workload.time(10)
}

private func describe(_ report: TuneReport, _ terminal: Terminal) throws {
  var table = TextTable(["ms a step", "candidate"], rightAligned: [0])
  for candidate in report.candidates {
    table.append([
      candidate.stepMilliseconds.map { String(format: "%.3f", $0) } ?? "refused",
      candidate.tuning.text + (candidate.problem.map { ": \($0)" } ?? ""),
    ])
  }
  func row(_ candidate: TuneReport.Candidate) -> String {
    let time = candidate.stepMilliseconds.map { String(format: "%.3f ms", $0) } ?? "refused,"
    return "\(time) with \(candidate.tuning.text)"
  }
  try terminal.output(
    """
    \(table.text)

    before  \(row(report.before))
    after   \(row(report.after))\
    \(report.before.tuning == report.after.tuning ? ": nothing was faster by 2%" : "")
    \(report.file.map { "Kept for \(report.device) in \(onOneLine($0))" } ?? "The default stands.")
    """)
}
