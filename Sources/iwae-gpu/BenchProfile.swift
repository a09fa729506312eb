import Compute
import Experiments
import Foundation
import OpenCLDevice

/// The times of a step's parts: launch by launch as they run, and operation by operation with a
/// launch for each.
enum BenchProfile {
  struct Entry: Encodable {
    var launch: String
    var operations: [Operation]
    var microseconds: Double

    struct Operation: Encodable {
      var kind: String
      var result: String
      /// The time of the operation when it has a launch to itself.
      var microsecondsAlone: Double
      var gflops: Double?
    }
  }

  private static let runs = 50

  static func measure(_ workload: Workload, on device: OpenCLDevice) throws -> [Entry] {
    guard let program = workload.programs?.whole?.program, let memory = workload.memory else {
      return []
    }
    func times(_ fusion: Fusion) throws -> [LaunchTime] {
      try device.launchTimes(
        of: program, on: memory, control: Control(), fusion: fusion, runs: runs)
    }
    var alone: [Int: Double] = [:]
    for time in try times(.none) {
      for operation in time.operations { alone[operation] = time.microseconds }
    }
    return try times(.full).map { time in
      Entry(
        launch: time.kernel,
        operations: time.operations.map { index in
          let operation = program.operations[index]
          let microseconds = alone[index] ?? 0
          let products = operation.productOperations
          return .init(
            kind: operation.kind, result: operation.writes.map(\.name).joined(separator: ", "),
            microsecondsAlone: microseconds,
            gflops: products > 0 ? products / microseconds * 1e-3 : nil)
        }, microseconds: time.microseconds)
    }
  }

  static func table(_ entries: [Entry]) -> String {
    var table = TextTable(
      ["microseconds", "alone", "GFLOP/s", "operation"], rightAligned: [0, 1, 2])
    for entry in entries {
      table.append([String(format: "%.0f", entry.microseconds), "", "", entry.launch])
      for operation in entry.operations {
        table.append([
          "", String(format: "%.0f", operation.microsecondsAlone),
          operation.gflops.map { String(format: "%.0f", $0) } ?? "",
          "  \(operation.kind) \(operation.result)",
        ])
      }
    }
    return table.text
  }
}
