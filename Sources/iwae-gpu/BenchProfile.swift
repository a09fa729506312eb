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
    /// The part of all launches' time.
    var share: Double
    /// The least that the launch could take at the measured peaks: for its arithmetic, or for what it
    /// shares with others and the host, moved once.
    var floorMicroseconds: Double

    struct Operation: Encodable {
      var kind: String
      var result: String
      /// The time of the operation when it has a launch to itself.
      var microsecondsAlone: Double
      var gflops: Double?
    }
  }

  private static let runs = 50

  static func measure(
    _ workload: Workload, on device: OpenCLDevice, peak: DevicePeak
  ) throws -> [Entry] {
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
    let launches = try times(.full)
    let parameterCount = program.tensors.filter { $0.role == .gradient }.reduce(0) {
      $0 + $1.shape.count
    }
    let total = launches.reduce(0) { $0 + $1.microseconds }
    // A tensor that one launch alone touches need not leave its caches.
    var touching: [Tensor: Int] = [:]
    for tensor in launches.flatMap({ tensors(of: $0, in: program) }) {
      touching[tensor, default: 0] += 1
    }
    return launches.map { time in
      let moved = tensors(of: time, in: program).filter {
        $0.role != .temporary || touching[$0, default: 0] > 1
      }
      var bytes = moved.reduce(0) { $0 + Double($1.byteCount) }
      var arithmetic = 0.0
      for operation in time.operations.map({ program.operations[$0] }) {
        let cost = operation.cost(parameterCount: parameterCount)
        arithmetic += cost.floatingPointOperations
        // The update's arenas are no operands.
        if case .adam = operation { bytes += cost.bytes }
      }
      return Entry(
        launch: time.kernel,
        operations: time.operations.map { index in
          let operation = program.operations[index]
          let microseconds = alone[index] ?? 0
          let products = operation.productOperations
          return .init(
            kind: operation.kind, result: operation.writes.map(\.name).joined(separator: ", "),
            microsecondsAlone: microseconds,
            gflops: products > 0 ? products / microseconds * 1e-3 : nil)
        }, microseconds: time.microseconds, share: time.microseconds / total,
        floorMicroseconds: 1e6
          * max(arithmetic / peak.operationsPerSecond, bytes / peak.bytesPerSecond))
    }
  }

  private static func tensors(of launch: LaunchTime, in program: Program) -> Set<Tensor> {
    launch.operations.reduce(into: []) { result, index in
      result.formUnion(program.operations[index].reads + program.operations[index].writes)
    }
  }

  static func table(_ entries: [Entry]) -> String {
    var table = TextTable(
      ["microseconds", "share", "floor", "alone", "GFLOP/s", "operation"],
      rightAligned: [0, 1, 2, 3, 4])
    for entry in entries {
      table.append([
        String(format: "%.0f", entry.microseconds), String(format: "%.0f%%", 100 * entry.share),
        String(format: "%.0f", entry.floorMicroseconds), "", "", entry.launch,
      ])
      for operation in entry.operations {
        table.append([
          "", "", "", String(format: "%.0f", operation.microsecondsAlone),
          operation.gflops.map { String(format: "%.0f", $0) } ?? "",
          "  \(operation.kind) \(operation.result)",
        ])
      }
    }
    return table.text
  }
}
