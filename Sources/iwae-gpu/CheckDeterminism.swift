import Commands
import Conformance
import Foundation
import OpenCLDevice
import ReferenceDevice

/// The table of all ways to carry a training out, and what each comes to.
struct CheckDeterminism {
  /// The object that `--json` prints.
  private struct Report: Encodable {
    var device: String
    var backend: String
    var kernels: String
    var seed: UInt64
    var rows: [Determinism.Finding]
  }

  private let training: Determinism
  private let seed: UInt64
  private let device: OpenCLDevice
  private let reopen: @Sendable () throws -> OpenCLDevice

  private init(_ arguments: ParsedArguments) throws {
    seed = try arguments.seed(default: CaseTable.defaultSeed)
    training = Determinism(seed: seed)
    reopen = { try Backend.untried(arguments, schedule: Backend.schedule(arguments)) }
    device = try reopen()
  }

  static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
    let others = ["--filter", "--largest", "--random", "--sources", "--tuning"]
    if let flag = others.first(where: arguments.given.contains) {
      throw arguments.error("'\(flag)' chooses cases, of which '--determinism' has none.")
    }
    if arguments.string("--backend") == "cpu" {
      throw arguments.error(
        "'--determinism' compares a device with the reference, among others; leave out '--backend cpu'."
      )
    }
    let table = try CheckDeterminism(arguments)
    defer { table.device.close() }
    let (isJSON, device) = (arguments.has("--json"), table.device)
    // A way ends before anything else does: some have folders and processes of their own.
    let interrupt = Interrupt()
    let rows = try table.training.compare(try table.ways, on: device) { row in
      if !isJSON { try terminal.output(row.text) }
      if interrupt.isRequested {
        throw CommandError(message: "Interrupted after '\(row.way)'.", code: .interrupted)
      }
    }
    let broken = rows.count { !$0.kept }
    let kernels = device.tuning.schedule.rawValue
    if isJSON {
      try terminal.json(
        Report(
          device: device.name, backend: device.backend, kernels: kernels, seed: table.seed,
          rows: rows))
    } else {
      try terminal.output(
        "\(device.name), \(kernels): \(rows.count) ways, \(broken) of which broke a promise.")
    }
    return broken == 0 ? .done : .failed
  }

  /// Prints what the training comes to, for the process that asked for it.
  static func printParameters(_ arguments: ParsedArguments, _ terminal: Terminal) throws {
    let table = try CheckDeterminism(arguments)
    defer { table.device.close() }
    let values = try table.training.train(on: table.device)
    try terminal.output(String(decoding: try JSONEncoder().encode(values), as: UTF8.self))
  }

  private var ways: [Determinism.Way] {
    get throws {
      let (description, tuning) = (device.description, device.tuning)
      var result = try training.ways(on: device, reopen: reopen, reference: ReferenceDevice())
      if description.isPoCL {
        result.append(
          .init("one thread", .sameBits) {
            try inOwnProcess(description, ["POCL_MAX_PTHREAD_COUNT": "1"])
          })
      }
      result.append(
        .init("nothing cached", .sameBits) {
          let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
          defer { try? FileManager.default.removeItem(at: folder) }
          return try inOwnProcess(
            description,
            ["XDG_CACHE_HOME": folder.path, "POCL_CACHE_DIR": folder.appending(path: "pocl").path])
        })
      for other in Tuning.candidates(for: description, schedule: tuning.schedule)
      where other != tuning {
        result.append(
          .init("tuning \(other.text)", .sameBits) {
            let device = try OpenCLDevice.open(description, tuning: other)
            defer { device.close() }
            return try training.train(on: device)
          })
      }
      for other in try DeviceList.all() where other.index != description.index {
        guard other.problem == nil else { continue }
        // Another kind of processor may round otherwise.
        let isAlike = [other.kind, description.kind] == [.cpu, .cpu]
        result.append(
          .init("\(other.name) of \(other.platform)", isAlike ? .sameBits : .within(2e-6)) {
            try inOwnProcess(other, [:])
          })
      }
      return result
    }
  }

  private func inOwnProcess(
    _ device: DeviceDescription, _ environment: [String: String]
  ) throws -> [Float] {
    guard let program = Bundle.main.executableURL else {
      throw CommandError(message: "The program's own file was not found.", code: .failed)
    }
    let child = try ChildProcess(
      program,
      [
        "check", "--parameters", "--device", "\(device.index)", "--kernels",
        self.device.tuning.schedule.rawValue, "--seed", "\(seed)", "--quiet",
      ], environment: environment, limit: 600)
    if let problem = child.problem { throw CommandError(message: problem, code: .failed) }
    return try JSONDecoder().decode([Float].self, from: child.output)
  }
}
