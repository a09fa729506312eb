import Commands
import Compute
import Conformance
import Experiments
import Foundation
import OpenCLDevice

extension Command {
  static let devices = Command(
    name: "devices",
    abstract: "List every OpenCL device and try each one out, in processes of their own.",
    options: [
      Option("--limit", "seconds", help: "How long a driver may take. (default: 120)"),
      Option("--json", help: "Print one JSON object."),
      Option("--within", "device", isHidden: true, help: "One of those processes."),
      Option("--runtimes", isHidden: true, help: "What --version shows of them."),
    ],
    examples: [
      Example("iwae-gpu devices", "List the devices that can be used, and why others cannot")
    ],
    isForRanks: true,
    run: { try runDevices($0, $1) })
}

private func runDevices(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  if arguments.has("--runtimes") {
    try terminal.output(Version.ownRuntimes)
    return .done
  }
  if let device = arguments.string("--within") { return try answer(device, arguments, terminal) }
  guard Launch.ranks.count == 1 else {
    let device = try DeviceList.find(.turn(Launch.turn))
    let lines = try Launch.lines(device: device.name)
    try arguments.has("--json")
      ? terminal.json(["ranks": lines]) : terminal.output(lines.joined(separator: "\n"))
    return .done
  }
  guard let program = Bundle.main.executableURL else {
    throw CommandError(message: "The program's own file was not found.", code: .failed)
  }
  let isJSON = arguments.has("--json")
  let survey = DeviceSurvey(
    program: program, arguments: ["devices", "--within"],
    limit: Double(try arguments.integer("--limit", default: 120, maximum: 86400)))
  let listing = try survey.run { if !isJSON { try terminal.output(describe($0)) } }
  if isJSON {
    try terminal.json(listing)
  } else {
    try terminal.output("reference: plain loops in double precision ('--backend cpu')")
  }
  for problem in listing.problems { terminal.error(problem) }
  if listing.devices.isEmpty {
    throw listing.problems.isEmpty
      ? DeviceError.noPlatform : .noUsableDevice(reasons: listing.problems)
  }
  return listing.devices.allSatisfy(\.works) ? .done : .failed
}

/// Tells the survey of all devices, or of one that it tries.
private func answer(
  _ device: String, _ arguments: ParsedArguments, _ terminal: Terminal
) throws -> ExitCode {
  let answer: any Encodable =
    try device == "all"
    ? DeviceListing.ofThisProcess()
    : smokeTest(
      try DeviceList.find(.index(try arguments.integer("--within", default: 0, minimum: 0))))
  try terminal.output(String(decoding: try JSONEncoder().encode(answer), as: UTF8.self))
  return .done
}

private func smokeTest(_ device: DeviceDescription) -> DeviceSurvey.Trial {
  if let problem = device.problem { return .init(text: "FAILED: \(problem)", passes: false) }
  do throws(DeviceError) {
    let opened = try OpenCLDevice.open(.index(device.index))
    defer { opened.close() }
    let clock = ContinuousClock()
    let start = clock.now
    let report = CaseRunner(opened).run(CaseTable.smokeTest())
    let failed = report.failures
    let time = readable(start.duration(to: clock.now))
    if let first = failed.first {
      return .init(
        text: "\(failed.count) of \(report.results.count) cases FAILED, the first: \(first.name): "
          + (first.failures.first ?? ""), passes: false)
    }
    return .init(text: "passed \(report.results.count) cases in \(time)", passes: report.passes)
  } catch {
    return .init(text: "FAILED: \(error)", passes: false)
  }
}

private func describe(_ entry: DeviceListing.Entry) -> String {
  """
  \(entry.index): \(entry.name)\(entry.isDefault ? " (default)" : "")
     \(entry.kind) on \(entry.platform), \(entry.version), driver \(entry.driver)
     \(entry.computeUnits) compute units, \(readable(bytes: entry.memoryBytes)), \
  kernels \(entry.schedule)
     smoke test: \(entry.smokeTest)
  """
}
