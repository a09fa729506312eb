import Compute
import Conformance
import Experiments
import OpenCLDevice

extension Command {
  static let devices = Command(
    name: "devices",
    abstract: "List every OpenCL device and try each one out.",
    options: [Option("--json", help: "Print one JSON object.")],
    run: { try runDevices($0, $1) })
}

/// The object that `--json` prints.
private struct DevicesReport: Encodable {
  struct Entry: Encodable {
    var index: Int
    var name: String
    var platform: String
    var kind: String
    var version: String
    var driver: String
    var computeUnits: Int
    var memoryBytes: Int
    var schedule: String
    var smokeTest: String
    var works: Bool
    var isDefault: Bool
  }

  var devices: [Entry]
}

private func runDevices(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let isJSON = arguments.has("--json")
  let devices = try DeviceList.all()
  let standard = try? DeviceList.find(.automatic)
  var entries: [DevicesReport.Entry] = []
  for device in devices {
    let test = smokeTest(device)
    let entry = DevicesReport.Entry(
      index: device.index, name: device.name, platform: device.platform,
      kind: device.kind.rawValue, version: device.version, driver: device.driver,
      computeUnits: device.computeUnits, memoryBytes: device.memoryBytes,
      schedule: Tuning.choose(for: device).schedule.rawValue, smokeTest: test.text,
      works: test.passes, isDefault: device.index == standard?.index)
    entries.append(entry)
    if !isJSON { try terminal.output(describe(entry)) }
  }
  if isJSON {
    try terminal.json(DevicesReport(devices: entries))
  } else {
    try terminal.output("reference: plain loops in double precision ('--backend cpu')")
  }
  if devices.isEmpty { _ = try DeviceList.find(.automatic) }
  for problem in try DeviceList.problems() { terminal.error(problem) }
  return entries.allSatisfy(\.works) ? .done : .failed
}

private func smokeTest(_ device: DeviceDescription) -> (text: String, passes: Bool) {
  if let problem = device.problem { return ("FAILED: \(problem)", false) }
  do throws(DeviceError) {
    let opened = try OpenCLDevice.open(.index(device.index))
    defer { opened.close() }
    let clock = ContinuousClock()
    let start = clock.now
    let report = CaseRunner(opened).run(CaseTable.smokeTest())
    let failed = report.failures
    let time = readable(start.duration(to: clock.now))
    if let first = failed.first {
      return (
        "\(failed.count) of \(report.results.count) cases FAILED, the first: \(first.name): "
          + (first.failures.first ?? ""), false
      )
    }
    return ("passed \(report.results.count) cases in \(time)", report.passes)
  } catch {
    return ("FAILED: \(error)", false)
  }
}

private func describe(_ entry: DevicesReport.Entry) -> String {
  """
  \(entry.index): \(entry.name)\(entry.isDefault ? " (default)" : "")
     \(entry.kind) on \(entry.platform), \(entry.version), driver \(entry.driver)
     \(entry.computeUnits) compute units, \(readable(bytes: entry.memoryBytes)), \
  kernels \(entry.schedule)
     smoke test: \(entry.smokeTest)
  """
}
