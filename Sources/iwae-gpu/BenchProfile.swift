import Compute
import Foundation
import OpenCLDevice

/// Where the time of a step goes: launch by launch as they run, and operation by operation with a
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

  private static let rounds = 50

  static func measure(_ workload: Workload, on device: OpenCLDevice) throws -> [Entry] {
    []
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
