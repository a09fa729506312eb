import Commands
import Compute
import Experiments
import Foundation
import IWAE

extension Command {
  static let plan = Command(
    name: "plan",
    abstract: "Show the operations of a training step and its memory.",
    options: ModelOptions.options + StepOptions.options + [
      Option("--json", help: "Print one JSON object.")
    ],
    examples: [
      Example(
        "iwae-gpu plan --batch 20 -k 50",
        "List the operations of a training step, their costs and memory")
    ],
    run: { try runPlan($0, $1) })
}

/// The object that `--json` prints.
private struct PlanReport: Encodable {
  struct Entry: Encodable {
    var kind: String
    /// Formulas, or what random numbers are for.
    var details: [String]
    var reads: [String]
    var writes: [String]
    var flops: Double
    var bytes: Double
  }

  struct Block: Encodable {
    var name: String
    var shape: String
    var bytes: Int
    var offset: Int
    var first: Int
    var last: Int
  }

  struct Memory: Encodable {
    var parameters: Int
    var gradients: Int
    var moments: Int
    var outputs: Int
    var temporaries: Int
    /// The bytes that the temporaries would take if none shared its place.
    var temporariesUnshared: Int
    var blocks: [Block]
  }

  var operations: [Entry]
  var flops: Double
  var bytes: Double
  var memory: Memory
}

private func runPlan(_ arguments: ParsedArguments, _ terminal: Terminal) throws -> ExitCode {
  let model = try ModelOptions.model(arguments)
  // A data set of one image stands for any: the batch's rows are gathered out of it.
  let source = Tensor(
    "data", .matrix(rows: 1, columns: model.dataSize), .resident, element: .uint8)
  let order = Tensor("order", .vector(1), .resident, element: .uint32)
  let configuration = try StepOptions.settings(arguments).step(
    from: .resident(
      source: source, order: order, scale: 1 / 255,
      binarization: model.likelihood.isBinarized ? .sample : .none,
      labels: model.condition.map {
        Tensor("data.labels", .matrix(rows: 1, columns: $0), .resident, element: .uint8)
      }))
  let report = report(on: try Step.build(model, configuration).program, model)
  if arguments.has("--json") {
    try terminal.json(report)
  } else {
    try terminal.output(describe(report))
  }
  return .done
}

private func report(on program: Program, _ model: Model) -> PlanReport {
  let parameterCount = model.parameters.reduce(0) { $0 + $1.shape.count }
  let costs = program.operations.map { $0.cost(parameterCount: parameterCount) }
  let total = costs.reduce(.zero, +)
  let lifetimes = program.lifetimes()
  let temporaries = program.tensors(.temporary)
  let sizes = temporaries.map { $0.shape.count * $0.element.byteCount }
  let plan = MemoryPlan(
    zip(temporaries, sizes).map { tensor, size in
      .init(size: size, lifetime: lifetimes[tensor] ?? 0...0)
    })
  let blocks = temporaries.indices.map { index in
    let lifetime = lifetimes[temporaries[index]] ?? 0...0
    return PlanReport.Block(
      name: temporaries[index].name, shape: "\(temporaries[index].shape)", bytes: sizes[index],
      offset: plan.offsets[index], first: lifetime.lowerBound, last: lifetime.upperBound)
  }
  return PlanReport(
    operations: zip(program.operations, costs).map { operation, cost in
      .init(
        kind: operation.kind, details: operation.details, reads: operation.reads.map(\.description),
        writes: operation.writes.map(\.description), flops: cost.floatingPointOperations,
        bytes: cost.bytes)
    },
    flops: total.floatingPointOperations, bytes: total.bytes,
    memory: .init(
      parameters: 4 * parameterCount, gradients: 4 * parameterCount, moments: 8 * parameterCount,
      outputs: program.tensors(.output).reduce(0) { $0 + $1.shape.count * $1.element.byteCount },
      temporaries: plan.size, temporariesUnshared: sizes.reduce(0, +),
      blocks: blocks.sorted { ($0.offset, $0.first) < ($1.offset, $1.first) }))
}

private func describe(_ report: PlanReport) -> String {
  var operations = TextTable(
    ["#", "MFLOP", "KiB", "operation", "results", "operands"], rightAligned: [0, 1, 2])
  for (index, entry) in report.operations.enumerated() {
    operations.append([
      "\(index)", String(format: "%.2f", entry.flops / 1e6),
      String(format: "%.0f", entry.bytes / 1024), entry.kind,
      entry.writes.joined(separator: ", "), entry.reads.joined(separator: ", "),
    ])
  }
  var lines = operations.text.components(separatedBy: "\n")
  // Details stand below their operation's name.
  let place = lines[0].components(separatedBy: "operation")[0].count
  let indent = String(repeating: " ", count: place + 2)
  for (index, entry) in report.operations.enumerated() {
    let details = entry.details.map { detail in
      let text = indent + detail
      return "\n" + (text.count <= 100 ? text : text.prefix(99) + "…")
    }
    lines[index + 1] += details.joined()
  }
  var blocks = TextTable(
    ["offset", "bytes", "alive", "temporary"], rightAligned: [0, 1])
  for block in report.memory.blocks {
    blocks.append([
      "\(block.offset)", "\(block.bytes)", "\(block.first)-\(block.last)",
      "\(block.name) \(block.shape)",
    ])
  }
  let memory = report.memory
  return """
    \(lines.joined(separator: "\n"))

    \(report.operations.count) operations, \
    \(String(format: "%.3f", report.flops / 1e9)) GFLOP, \
    \(readable(bytes: Int(min(report.bytes, 1e18)))) read and written once each

    \(blocks.text)

    parameters   \(readable(bytes: memory.parameters))
    gradients    \(readable(bytes: memory.gradients))
    moments      \(readable(bytes: memory.moments))
    outputs      \(readable(bytes: memory.outputs))
    temporaries  \(readable(bytes: memory.temporaries)), which would be \
    \(readable(bytes: memory.temporariesUnshared)) if none shared its place

    Devices lay tensors out in their own way and fuse operations: these sizes change a little.
    """
}
